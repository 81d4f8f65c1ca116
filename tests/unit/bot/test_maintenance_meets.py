"""Maintenance and deployments keep out of each other's way, and trouble with it is told once."""

from dataclasses import replace

import pytest

from bot.maintenance import Move
from storage.models import Status, SwitchState
from tests.unit.bot.closed import BY_HAND, House, held


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


def test_a_deployment_that_begins_first_is_not_disturbed(house):
    house.wants()
    deployment = held(house, Status.PREPARING)
    assert house.works() == [Move.DROP]
    assert house.remote.lines == []
    assert f"#{deployment.number} `v2.3`" in house.said()[0]
    assert "began first" in house.said()[0]


def test_time_that_is_up_during_a_deployment_waits_for_its_end(house):
    house.wants()
    house.works()
    held(house, Status.PREPARING)
    house.later(hours=1)
    assert house.works() == [Move.MEET]
    assert house.ran("php artisan up") == []


def test_a_deployment_waits_while_maintenance_is_being_switched(house):
    house.wants()
    deployment = house.stage.asks()
    assert house.stage.conductor.opening.open(deployment.number) == "busy"
    house.works()
    assert house.stage.conductor.opening.open(deployment.number) == "go"


def test_a_deployment_during_maintenance_lets_visitors_in_and_everybody_is_told_before_and_after(house):
    house.wants()
    house.works()
    deployment = house.stage.asks()
    assert house.stage.conductor.opening.open(deployment.number) == "go"
    assert house.works() == [Move.MEET]
    assert "It lets visitors in on each host as soon as that serves its release" in house.said()[-1]
    assert house.stage.conduct(deployment) == "succeeded"
    house.keeper.once("production")
    assert f"is over: #{deployment.number} `v2.3` → *production* has let visitors in again" in house.said()[-1]
    house.later(hours=1)
    assert house.works() == []


def test_a_deployment_that_leaves_maintenance_to_people_leaves_it_on(tmp_path):
    house = House(tmp_path, BY_HAND)
    house.wants()
    house.works()
    deployment = house.stage.asks()
    assert house.stage.conductor.opening.open(deployment.number) == "go"
    house.works()
    assert "It leaves that as it is" in house.said()[-1]
    assert house.stage.conduct(deployment) == "succeeded"
    assert house.works() == []
    assert (house.newest().keeps_out, house.ran("php artisan up")) == (True, [])
    house.later(hours=1)
    house.works()
    assert house.ran("php artisan up") == ["web1", "web2"]


def test_a_deployment_that_lets_visitors_in_on_one_host_only_is_told_with_both_ways_out(house):
    house.wants()
    house.works()
    house.stage.sick.add("web1")
    deployment = house.stage.asks()
    house.stage.conduct(deployment)
    house.keeper.once("production")
    assert house.newest().told["web1"].let_in_by
    assert not house.newest().told["web2"].let_in_by
    text = house.said()[-1]
    for part in (
        "only partly",
        "web1 since #",
        "`/ops maintenance off production`",
        "`/ops maintenance on production`",
    ):
        assert part in text
    said = len(house.said())
    house.keeper.once("production")
    assert len(house.said()) == said


def test_a_deployment_waits_while_hosts_are_told_once_more_to_let_visitors_in(house):
    house.wants()
    house.works()
    house.remote.down.add("web2")
    house.wants(on=False)
    house.works()
    deployment, seen = house.stage.asks(), []
    act = house.remote._act

    def looks(host, script):
        seen.append(house.stage.conductor.opening.open(deployment.number))
        return act(host, script)

    house.remote._act = looks
    house.remote.down.clear()
    house.later(minutes=2)
    house.works()
    assert set(seen) == {"busy"}
    assert house.stage.conductor.opening.open(deployment.number) == "go"


def test_what_a_crash_cut_short_while_hosts_were_told_once_more_is_taken_up(house):
    house.wants()
    house.works()
    house.remote.down.add("web2")
    house.wants(on=False)
    house.works()
    house.remote.down.clear()
    house.later(minutes=2)
    house.keeper._begun(house.newest().number, house.stage.where)
    house.keeper = house.keeps()
    house.works()
    assert house.newest().state is SwitchState.DONE


def test_an_error_that_nobody_has_thought_of_is_told_once_and_looked_at_ever_less_often(house):
    tries = []

    def broken(_):
        tries.append(house.stage.now)
        raise OSError("no key to open the hosts with")

    house.wants()
    house.keeper = replace(house.keeper, remote_for=broken)
    changed = house.newest().changed_at
    for _ in range(600):
        house.keeper.tick()
        house.keeper._pool.submit(int).result()
        while house.keeper._at_work:
            house.keeper._pool.submit(int).result()
        house.later(seconds=1)
    assert 5 < len(tries) < 12
    assert house.newest().changed_at == changed
    (text,) = house.said()
    assert "I cannot look after the maintenance of *production*: no key to open the hosts with" in text
