"""What plans look like behind a balancer, and what is told to it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployers import shell
from deployers.balancers import Server, state, steering
from deployers.balancers.nginx import rendered
from deployers.colours import BLUE, GREEN, faced, other
from deployers.environment import Balancer, Host, RollbackPolicy
from deployers.plan import Drain, Pause, Plan, PutIn, Shift, TakeOut
from deployers.ports import Revision
from deployers.strategies import Left, plan_for, tidying, way_back
from deployers.strategies.rolling import left_behind, waves
from tests.unit.deployers.worlds import HEALTH, SHA, WEB, environment

LB = Host("lb1", "10.0.0.2")
NGINX = Balancer("nginx", (LB,), include="/etc/nginx/shipmate/app.conf", upstream="app", drain=timedelta(seconds=7))
SIDED = replace(WEB, colour_start=("systemctl restart app@{colour}",), colour_stop=("systemctl stop app@{colour}",))
SIZE = st.one_of(st.integers(1, 4), st.sampled_from(["10%", "25%", "50%", "100%"]))


def before(hosts: int = 2, *, recipe=SIDED, batch: int | str = 1, **place: object):
    where = environment(hosts, recipe=recipe, batch=batch)
    return replace(where, balancer=NGINX, place=replace(where.place, **place))


def planned(where, strategy: str = "blue-green", *, kind: str = "deploy", live: str = "", spread: bool = False) -> Plan:
    return plan_for(
        where,
        kind=kind,
        revision=Revision("v2.3", "refs/tags/v2.3", SHA),
        replaces="",
        release="20261124120000-c0ffee00",
        difference=None,
        strategy=strategy,
        live=live,
        spread=spread,
    )


def words(plan: Plan) -> list[str]:
    return [f"{step.word} {','.join(step.targets)}" for step in plan.steps]


def test_a_host_that_is_never_taken_out_has_its_visitors_brought_together_first():
    plan = planned(before(1), "rolling", live=BLUE, spread=True)
    assert words(plan)[2:4] == ["put_in lb1", "drain lb1"]
    assert "put_in lb1" not in words(planned(before(1), "rolling", live=BLUE))


def test_where_both_sides_have_visitors_nobody_is_left_on_the_one_that_is_brought_up():
    plan = planned(before(), live=BLUE, spread=True)
    shift, drain, start = plan.steps[3:6]
    assert (shift, drain) == (Shift(("lb1",), share=0), Drain(("lb1",), limit=timedelta(seconds=7), share=0))
    assert start.word == "colour_start"
    assert Plan.read(plan.document()) == plan
    counted = replace(before(), balancer=Balancer("commands", (LB,), tell="tell", active="count"))
    waits = steering.script(drain, counted, plan, LB)
    assert "web1 green 127.0.0.1 9001 0" in waits
    assert " 8001 " not in waits


def test_a_plan_that_waits_for_the_other_side_is_written_as_it_always_was():
    written = [step for step in planned(before(), live=BLUE).document()["steps"] if step["do"] == "drain"]
    assert [sorted(step) for step in written] == [["do", "limit", "servers", "targets"]]


def test_blue_green_brings_the_other_side_up_and_sends_visitors_there_once_it_is_well():
    plan = planned(before(), live=BLUE)
    assert words(plan) == [
        "prepare web1,web2",
        "build web1,web2",
        "migrate web1",
        "colour_start web1,web2",
        "candidate_check web1,web2",
        "shift lb1",
        "drain lb1",
        "activate web1,web2",
        "restart web1,web2",
        "verify web1,web2",
        "prune web1,web2",
    ]
    assert plan.colour == GREEN
    assert Drain(("lb1",), limit=timedelta(seconds=7)) in plan.steps


def test_sides_take_turns_while_rolling_stays_on_the_one_that_serves():
    where = before()
    assert [planned(where, live=live).colour for live in ("", BLUE, GREEN)] == [GREEN, GREEN, BLUE]
    assert [planned(where, "rolling", live=live).colour for live in ("", BLUE, GREEN)] == [BLUE, BLUE, GREEN]
    assert planned(where, "rolling", kind="rollback", live=GREEN).colour == BLUE
    assert planned(before(recipe=WEB), "rolling", live=GREEN).colour == ""


def test_a_rollback_behind_a_balancer_is_a_switch_and_without_sides_it_goes_in_turn():
    switch = words(planned(before(), "rolling", kind="rollback", live=GREEN))
    assert [it.split()[0] for it in switch] == [
        *("prepare", "build", "colour_start", "candidate_check", "shift", "drain", "activate", "restart", "verify"),
    ]
    turns = planned(before(recipe=WEB), "rolling", kind="rollback")
    assert [it.servers for it in turns.steps if isinstance(it, TakeOut)] == [("web1",), ("web2",)]


def test_rolling_takes_a_host_out_before_anything_happens_to_it_and_in_when_it_is_well():
    assert words(planned(before(recipe=WEB, pause=timedelta(seconds=5)), "rolling"))[2:12] == [
        "take_out lb1",
        "drain lb1",
        "migrate web1",
        "candidate web1",
        "candidate_check web1",
        "candidate_stop web1",
        "activate web1",
        "restart web1",
        "verify web1",
        "put_in lb1",
    ]


def test_pauses_stand_between_batches_only():
    plan = planned(before(3, recipe=WEB, pause=timedelta(seconds=5)), "rolling")
    assert [it for it in plan.steps if isinstance(it, Pause)] == [
        Pause(("web1",), hold=timedelta(seconds=5)),
        Pause(("web2",), hold=timedelta(seconds=5)),
    ]


@given(count=st.integers(1, 9), batch=SIZE, most=st.one_of(st.just(""), SIZE))
def test_no_more_hosts_are_away_than_may_be_and_one_stays_in(count, batch, most):
    where = before(count, recipe=WEB, batch=batch, max_unavailable=most)
    turns = waves(where)
    assert [name for wave in turns for name in wave] == [host.name for host in where.hosts]
    largest = max(len(wave) for wave in turns)
    assert largest < count or count == 1
    if isinstance(most, int):
        assert largest <= most
    out: tuple[str, ...] = ()
    for step in planned(where, "rolling").steps:
        if isinstance(step, TakeOut):
            assert not out
            out = step.servers
        elif isinstance(step, PutIn):
            assert step.servers == out
            out = ()
    assert not out


def test_where_every_host_has_a_balancer_of_its_own_they_are_told_about_themselves_alone():
    where = replace(before(), balancer=replace(NGINX, hosts=()))
    assert [it.targets for it in planned(where).steps if isinstance(it, Shift)] == [("web1", "web2")]
    assert not [it for it in planned(where, "rolling").steps if isinstance(it, TakeOut)]
    assert {server.address for server in state(where, GREEN)} == {"127.0.0.1"}


@pytest.mark.parametrize("share", [0, 10, 100])
def test_a_state_names_every_server_so_that_twice_is_as_good_as_once(share):
    servers = state(before(), GREEN, share=share, out=("web2",))
    assert [(it.name, it.port, it.weight) for it in servers] == [
        ("web1-blue", 8001, 100 - share),
        ("web1-green", 9001, share),
        ("web2-blue", 8002, 0),
        ("web2-green", 9002, 0),
    ]


def test_the_upstream_holds_who_gets_visitors_and_nothing_else():
    servers = (Server("web1", "10.0.0.11", 80, 90, BLUE), Server("web1", "10.0.0.11", 81, 0, GREEN))
    text = rendered(replace(NGINX, options=("keepalive 32;", "hash $remote_addr consistent")), servers)
    assert text.splitlines()[1:] == [
        "upstream app {",
        "    keepalive 32;",
        "    hash $remote_addr consistent;",
        "    server 10.0.0.11:80 weight=90;",
        "}",
    ]


def back(plan: Plan, where, *touched: str) -> Plan:
    to = Revision("v2.2", "refs/tags/v2.2", "d" * 40)
    return way_back(plan, where, to=to, release="20261123120000-dddddddd", touched=touched)


def test_from_a_sick_side_visitors_are_sent_back_before_anything_else():
    where = before()
    plan = planned(where, live=BLUE)
    early = back(plan, where, "lb1")
    assert (early.colour, words(early)) == (BLUE, ["shift lb1", "verify web1,web2"])
    late = back(plan, where, "lb1", "web1")
    assert words(late) == ["shift lb1", "prepare web1", "activate web1", "restart web1", "verify web1,web2"]


def test_a_first_batch_that_failed_goes_back_while_it_is_out():
    where = before(3, recipe=WEB)
    plan = back(planned(where, "rolling"), where, "web1")
    assert [it.servers for it in plan.steps if isinstance(it, TakeOut | PutIn)] == [("web1",), ("web1",)]


def test_what_is_tidied_up_never_puts_in_what_was_switched():
    where = before(3, recipe=WEB)
    assert tidying(where, Left(out=("web1",))) == (PutIn(("lb1",), servers=("web1",)),)
    assert tidying(where, Left(out=("web1", "web2"), switched=("web2",))) == (TakeOut(("lb1",), servers=("web2",)),)
    assert tidying(where, Left(out=("web1",), switched=("web1",))) == ()
    assert [it.word for it in tidying(before(), Left(started=("web1",)))] == ["colour_stop"]


def test_both_sides_go_on_over_a_migration_until_visitors_are_sent_on():
    where = replace(before(), rollback=RollbackPolicy(migrations="ask"))
    assert left_behind(where, ("m.sql",), "blue-green") == ("web1", "web2")
    assert left_behind(where, ("m.sql",), "rolling") == ("web2",)


def test_a_plan_with_a_colour_reads_back_as_it_was_written_and_the_colour_is_agreed_to():
    plan = planned(before(), live=BLUE)
    assert Plan.read(plan.document()) == plan
    assert replace(plan, colour=other(plan.colour)).hash != plan.hash
    assert "colour" not in planned(environment(), "rolling").document()


def test_an_environment_without_a_balancer_is_written_as_before():
    resolved = planned(environment(), "rolling").resolved
    assert "balancer" not in resolved
    assert not {"pause", "max_unavailable"} & set(resolved["place"])
    assert not {"colour_start", "colour_stop"} & set(resolved["recipe"])


def test_a_side_is_asked_at_its_own_port():
    assert [host.port for host in faced(before(), GREEN).hosts] == [9001, 9002]
    assert [host.port for host in faced(before(), BLUE).hosts] == [8001, 8002]


def test_a_side_that_is_what_serves_is_never_stopped_and_its_release_never_pruned():
    where, host = before(), before().hosts[0]
    stop = shell.colour_stop(where, planned(where), host)
    assert '[ "$(readlink green)" != "$(readlink current)" ]' in stop
    assert "readlink blue" in shell.prune(where, ("x",))
    assert "readlink blue" not in shell.prune(environment(), ("x",))
    assert HEALTH is where.health
