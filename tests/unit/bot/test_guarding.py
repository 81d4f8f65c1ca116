"""After success: trouble within the blame window takes a release back, later trouble is told and blamed on nobody."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from bot.guarding import KEY, Guard
from deployers.environment import Component, RollbackPolicy
from deployers.rehearsal import Outcome
from storage import audit, deployments, freezes, holds, maintenance, outbox, samples
from storage.models import HealthSample, Kind, MaintenanceSwitch, OutboxState, Saying, Status
from tests.unit.bot.stage import GOOD, NEW, Stage
from tests.unit.deployers.worlds import environment

WINDOW = RollbackPolicy(blame_window=timedelta(minutes=30))


class House:
    """A stage on which v2.3 was served, and a guard that looks after it."""

    def __init__(self, folder, policy: RollbackPolicy = WINDOW, **settings) -> None:
        self.stage = Stage(folder, replace(environment(2), rollback=policy, **settings))
        self.served = self.stage.asks()
        assert self.stage.conduct(self.served) == "succeeded"
        self.queued: list[int] = []
        self.restarts()

    def restarts(self) -> None:
        """Begin anew with nothing in mind, as another process does."""
        self.guard = Guard(self.stage.crew, lambda _session, deployment: self.queued.append(deployment.number))

    def looks(self, times: int = 6, *, apart: float = 30) -> None:
        for _ in range(times):
            self.guard.tick()
            self.stage.now += timedelta(seconds=apart)

    def rollback(self):
        with self.stage.store.look() as session:
            return deployments.of_request(session, f"blame:{self.served.number}")

    def hold(self):
        with self.stage.store.look() as session:
            return holds.asked(session, self.served.number, KEY)

    def said(self, kind: Saying = Saying.ALERT) -> list[str]:
        with self.stage.store.look() as session:
            rows = [it for it in outbox.undelivered(session) if it.state is OutboxState.WAITING and it.kind is kind]
        return [it.payload.get("text", "") for it in rows]

    def answers(self, word: str) -> None:
        with self.stage.store.begin() as session:
            assert holds.answer(session, self.hold().number, word, by="U0BEN", at=self.stage.now)


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def test_a_release_that_stays_well_is_left_alone_and_looked_at_slowly(house):
    house.looks(3)
    assert house.rollback() is None
    assert house.said() == []
    assert 5 <= house.guard.until_next() <= 30


def test_trouble_within_the_window_takes_the_release_back_and_marks_it_bad(house):
    house.stage.sick = {"web1"}
    house.looks()
    back = house.rollback()
    assert (back.kind, back.ref, back.undoes, back.requested_by) == (
        Kind.ROLLBACK,
        "v2.2",
        house.served.number,
        "shipmate",
    )
    assert house.queued == [back.number]
    assert house.stage.get(house.served).bad
    [told] = house.said()
    assert "v2.3" in told
    assert "v2.2" in told
    assert house.stage.conduct(back) == "succeeded"
    assert house.stage.serving == {"web1": GOOD, "web2": GOOD}
    after = house.stage.get(house.served)
    assert (after.undone_by, after.bad) == (back.number, True)
    house.looks()
    assert len(house.queued) == 1


def test_whoever_begins_anew_sees_it_as_well_and_begins_no_second_rollback(house):
    house.stage.sick = {"web1"}
    house.looks(1)
    house.restarts()
    house.looks()
    house.restarts()
    house.looks()
    assert len(house.queued) == 1


def test_a_veto_is_asked_first_and_its_time_outlives_a_restart(tmp_path):
    house = House(tmp_path, replace(WINDOW, veto=timedelta(minutes=2)))
    house.stage.sick = {"web2"}
    house.looks(4, apart=5)
    assert house.hold().open
    assert house.stage.get(house.served).status is Status.SUCCEEDED
    assert house.rollback() is None
    assert len(house.said()) == 1
    house.restarts()
    house.looks(2, apart=1)
    assert house.rollback() is None
    house.looks(6)
    assert house.hold().answer == "back"
    assert house.rollback() is not None


@pytest.mark.parametrize("restarted", [True, False], ids=["another process", "the same one, frozen"])
@pytest.mark.parametrize("well", [True, False])
def test_a_veto_that_ran_out_while_nobody_was_here_is_acted_on_only_after_another_look(tmp_path, restarted, well):
    house = House(tmp_path, replace(WINDOW, veto=timedelta(minutes=2)))
    house.stage.sick = {"web2"}
    house.looks(4, apart=5)
    assert house.hold().open
    house.stage.now += timedelta(minutes=5)
    if restarted:
        house.restarts()
    house.stage.sick = set() if well else {"web2"}
    house.looks(1, apart=5)
    assert house.hold().open
    assert house.rollback() is None
    house.looks(4, apart=5)
    assert house.hold().answer == ("well" if well else "back")
    assert (house.rollback() is None) is well
    assert any("is well again" in told for told in house.said()) is well


def test_what_was_well_again_and_turns_sick_once_more_is_asked_about_anew(tmp_path):
    house = House(tmp_path, replace(WINDOW, veto=timedelta(minutes=2)))
    house.stage.sick = {"web2"}
    house.looks(4, apart=5)
    house.stage.now += timedelta(minutes=5)
    house.stage.sick = set()
    house.looks(5, apart=5)
    assert house.rollback() is None
    house.stage.sick = {"web2"}
    house.looks(8, apart=5)
    with house.stage.store.look() as session:
        again = holds.asked(session, house.served.number, f"{KEY}-2")
    assert again.open
    house.looks(6)
    assert house.rollback() is not None


@pytest.mark.parametrize(("word", "goes"), [("hold", False), ("back", True)])
def test_what_people_answer_is_done(tmp_path, word, goes):
    house = House(tmp_path, replace(WINDOW, veto=timedelta(minutes=2)))
    house.stage.sick = {"web2"}
    house.looks(4, apart=5)
    house.answers(word)
    house.looks()
    assert (house.rollback() is not None) is goes


def test_where_it_may_not_go_back_by_itself_it_says_so_once_with_the_command(tmp_path):
    house = House(tmp_path, replace(WINDOW, automatic=False))
    house.stage.sick = {"web1"}
    house.looks(12)
    assert house.rollback() is None
    [told] = house.said()
    assert "`/rollback latest production`" in told


def test_a_trigger_that_is_not_configured_takes_nothing_back(tmp_path):
    house = House(tmp_path, replace(WINDOW, on=("error_rate", "component")))
    house.stage.sick = {"web1"}
    house.looks()
    assert house.rollback() is None
    assert len(house.said()) == 1


def test_a_component_that_is_gone_is_a_trigger_of_its_own(tmp_path):
    health = replace(environment(2).health, components=(Component("redis", "/health/redis"),))
    house = House(tmp_path, replace(WINDOW, on=("component",)), health=health)
    answer = house.stage._answer

    def gone(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503) if request.url.path == "/health/redis" else answer(request)

    house.stage.remote.wire = gone
    house.looks()
    assert house.rollback() is not None


def test_trouble_after_the_window_is_told_once_and_blamed_on_nobody(tmp_path):
    house = House(tmp_path)
    house.stage.crew.environments["production"] = replace(house.stage.where, url="https://shop.example")
    house.stage.now += timedelta(hours=1)
    with house.stage.store.begin() as session:
        for minute in range(5):
            at = house.stage.now + timedelta(minutes=minute)
            samples.add(session, HealthSample(environment="production", at=at, look="sick", seconds=0, why="503"))
    house.stage.now += timedelta(minutes=5)
    house.looks(3)
    assert house.rollback() is None
    [told] = house.said()
    for part in ("v2.3", "30 min", "leave it alone", "`/rollback latest production`"):
        assert part in told
    assert not house.stage.get(house.served).bad


def test_what_was_brought_back_is_never_taken_back(house):
    house.stage.sick = {"web1"}
    house.looks()
    assert house.stage.conduct(house.rollback()) == "succeeded"
    house.stage._answer = lambda _request: httpx.Response(503)
    house.stage.remote.wire = house.stage._answer
    house.looks(12)
    assert len(house.queued) == 1


def test_a_rollback_of_mine_that_fails_freezes_the_environment(house):
    house.stage.sick = {"web1"}
    house.looks()
    house.stage.remote.says("svc restart web", Outcome(1, "it does not come up"))
    assert house.stage.conduct(house.rollback()) == "incomplete"
    with house.stage.store.look() as session:
        held = freezes.in_force(session, "production", house.stage.now)
        assert audit.verify(session).broken_at is None
    assert (held.by, held.deployment_id) == ("shipmate", house.served.number)
    assert "v2.2" in held.reason


def test_nothing_is_blamed_on_a_release_while_visitors_are_kept_out(house):
    house.stage.sick = {"web1", "web2"}
    at = house.stage.now
    switch = MaintenanceSwitch(
        key="k", environment="production", keeps_out=True, by="U0OMAR", asked_at=at, changed_at=at, until=None
    )
    with house.stage.store.begin() as session:
        maintenance.want(session, switch)
    house.looks(8)
    assert house.rollback() is None
    assert house.said() == []


def test_nothing_is_begun_while_something_else_is_under_way(house):
    house.stage.sick = {"web1"}
    other = house.stage.asks("v2.2")
    with house.stage.store.begin() as session:
        row = deployments.get_for_change(session, other.number)
        row.advance(Status.PREPARING, at=house.stage.now)
    house.looks()
    assert house.rollback() is None
    assert NEW in house.stage.serving.values()


def test_what_was_deployed_again_is_not_taken_back_past_itself_over_migrations_of_before(house):
    again = house.stage.asks()
    assert house.stage.conduct(again) == "succeeded"
    house.served, house.stage.sick = again, {"web1"}
    house.looks()
    assert house.rollback() is None
    [told] = house.said()
    assert "`/rollback latest production`" in told
