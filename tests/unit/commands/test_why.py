"""`/deploy why`: every gate, how it is now, and who can clear it; the shut ones first."""

from dataclasses import replace

import pytest

from deployers.environment import Approvals, Freeze
from deployers.ports import Finding
from storage import deployments
from storage.models import Status
from tests.builders import sha_of
from tests.unit.commands.world import environment

ALWAYS = Freeze(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00", "23:59", "the fair")


def line(told, name):
    (found,) = [it for it in told.text.splitlines() if f"*{name}*:" in it]
    return found


def freezes(world):
    frozen = replace(world.services.environments["production"], freezes=(ALWAYS,))
    world.services = replace(world.services, environments={"production": frozen})


def test_a_request_that_waits_names_who_can_approve_it(world):
    world.says("ana", "/deploy production v2.3")
    told = world.says("gus", "/deploy why 1")
    assert "*1 gate is shut.*" in told.text
    assert ":no_entry_sign: *Approvals*: 0 of 1 approval. It needs 1 more" in told.text
    assert "<@U0BEN>, <@U0LEA> can give it." in line(told, "Approvals")


def test_a_shut_gate_says_why_who_can_clear_it_and_what_to_type_then(world):
    world.says("ana", "/deploy production v2.3")
    freezes(world)
    told = world.says("ana", "/deploy why #1")
    assert "production is frozen until" in line(told, "Freeze")
    assert "(the fair)" in line(told, "Freeze")
    assert "<@U0OMAR> can clear it, then type `/deploy production v2.3`." in line(told, "Freeze")


def test_every_gate_is_told_even_behind_the_first_that_is_shut(worlds):
    world = worlds(environment(required_checks=("tests",), after="staging", freezes=(ALWAYS,)))
    world.looks.findings = (Finding("web1", "the disk is full", good=False),)
    told = world.says("ana", "/deploy why production v2.3")
    shut = [name for name in ("Freeze", "Order", "Checks", "Targets") if ":no_entry_sign:" in line(told, name)]
    assert shut == ["Freeze", "Order", "Checks", "Targets"]
    assert "`tests` is unknown" in line(told, "Checks")
    assert "the disk is full" in line(told, "Targets")
    assert "It would need 1 approval" in line(told, "Approvals")
    assert world.engine.told == []


def test_an_approval_by_somebody_who_lost_the_role_is_not_counted(worlds):
    world = worlds(environment(approvals=Approvals(required=2)))
    world.says("ana", "/deploy production v2.3")
    world.presses("ben", "approve", world.value(1))
    assert "1 of 2 approvals by <@U0BEN>" in line(world.says("ana", "/deploy why"), "Approvals")
    world.people.roles["approver"] = ("U0LEA",)
    assert "0 of 2 approvals." in line(world.says("ana", "/deploy why"), "Approvals")


def test_roles_that_cannot_be_asked_shut_the_gate(worlds):
    world = worlds(environment(approvals=Approvals(required=2)))
    world.says("ana", "/deploy production v2.3")
    world.presses("ben", "approve", world.value(1))
    world.people.away = True
    told = line(world.says("ana", "/deploy why 1"), "Approvals")
    assert ":no_entry_sign:" in told
    assert "It cannot be told whether they still stand: Slack does not answer." in told


def test_a_ref_that_moved_since_is_seen(world):
    world.shelf.moved["main"] = sha_of("v2.3")
    world.says("ana", "/deploy production main")
    world.shelf.moved["main"] = sha_of("v2.4")
    told = line(world.says("ana", "/deploy why 1"), "Content")
    assert f"`main` moved from {sha_of('v2.3')[:7]} to {sha_of('v2.4')[:7]}" in told
    assert "Ask for it again: `/deploy production main`" in told


def test_another_release_that_runs_there_by_now_is_seen(world):
    world.says("ana", "/deploy production v2.3")
    world.serves("v2.4")
    told = line(world.says("ana", "/deploy why 1"), "Content")
    assert "It was asked for when nothing ran there" in told


def test_a_repository_that_is_away_leaves_it_open_what_the_ref_names(world):
    world.says("ana", "/deploy production v2.3")
    world.shelf.away = True
    assert "It cannot be told what `v2.3` names now" in line(world.says("ana", "/deploy why 1"), "Content")


def test_what_comes_first_is_named_with_how_to_stop_it(world):
    running = world.runs("v2.2")
    world.says("ana", "/deploy production v2.3")
    told = line(world.says("ana", "/deploy why 2"), "Turn")
    assert f"#{running} `v2.2` → *production* is running and comes first" in told
    assert f"`/deploy cancel {running}`" in told


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (Status.REFUSED, "To see what would stop it now: `/deploy why production v2.3`"),
        (Status.RUNNING, "/deploy status"),
    ],
)
def test_what_does_not_wait_says_how_it_is_and_why(world, status, told):
    world.says("ana", "/deploy production v2.3")
    with world.store.begin() as session:
        deployment = deployments.get_for_change(session, 1)
        world.walk(deployment, status)
        deployment.failure = {"code": "refused", "message": "production is frozen <!channel>"}
        session.add(deployment)
    text = world.says("ana", "/deploy why 1").text
    assert f"is {status.value}. Production is frozen &lt;!channel&gt;." in text
    assert told in text


def test_without_a_number_the_own_newest_request_is_meant(world):
    world.says("ana", "/deploy production v2.3")
    world.says("omar", "/deploy production v2.4")
    assert "#1 " in world.says("ana", "/deploy why").text
    assert "#2 " in world.says("gus", "/deploy why").text


@pytest.mark.parametrize("typed", ["production", "1 2 3", "production v2.3 please", "moon v2.3"])
def test_what_cannot_be_meant_is_refused_with_what_could_be(world, typed):
    assert world.says("ana", f"/deploy why {typed}").code in ("arguments", "environment")


def test_before_anything_was_asked_for_it_says_so(world):
    assert "Nothing was ever asked for" in world.says("ana", "/deploy why").text


def test_a_number_that_nobody_has_is_refused(world):
    assert world.says("ana", "/deploy why 99").code == "not_found"
