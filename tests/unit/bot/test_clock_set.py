"""A clock that was set: taken over when nothing is measured by it, and no request loses or gains time by it."""

from datetime import timedelta

import pytest

from bot.change import Changes
from bot.clock_set import ClockSet
from bot.expiry import Expiries
from bot.guarding import is_due
from bot.steady import Steady
from storage import audit, deployments, holds, leadership, outbox
from storage.models import HoldKind, Status
from tests.builders import a_deployment, a_message, served, stored
from tests.unit.bot.test_steady import HOURS, NOON, Times

LASTS = timedelta(minutes=30)


class Watched:
    """Whoever leads, with a clock that a test sets."""

    def __init__(self, store) -> None:
        self.store, self.times = store, Times()
        self.clock = Steady(lambda: self.times.wall, lambda: self.times.count)
        with store.begin() as session:
            epoch = leadership.lead(session, "test", NOON)
        changes = Changes(store, self.clock, lambda: epoch, "deployments", "alerts")
        self.watch, self.expiries = ClockSet(changes, self.clock), Expiries(changes)

    def asks(self, status: Status = Status.AWAITING_APPROVAL) -> int:
        with self.store.begin() as session:
            row = a_deployment(status=status, environment=status.value, expires_at=NOON + LASTS)
            return stored(session, row).number

    def passes(self, seconds: float = 1, *, set_on: timedelta = timedelta(0)) -> None:
        """Let time pass, and do what is done now and then."""
        self.times.pass_(seconds, set_on=set_on)
        self.expiries.tick()
        self.watch.tick()
        self.expiries.tick()

    def status(self, number: int) -> Status:
        with self.store.look() as session:
            return deployments.get(session, number).status

    def said(self) -> list[str]:
        with self.store.look() as session:
            return [row.payload["text"] for row in outbox.undelivered(session) if row.key.startswith("clock:")]

    def audited(self) -> list[dict]:
        with self.store.look() as session:
            return [entry.detail for entry in audit.newest(session) if entry.action == "clock.set"]


@pytest.fixture
def watched(store) -> Watched:
    return Watched(store)


@pytest.mark.parametrize("jump", [HOURS, -HOURS])
def test_a_request_expires_when_its_time_has_passed_however_the_clock_was_set(watched, jump):
    number = watched.asks()
    watched.passes(60, set_on=jump)
    assert watched.clock() == watched.times.wall
    watched.passes(LASTS.total_seconds() - 120)
    assert watched.status(number) is Status.AWAITING_APPROVAL
    watched.passes(120)
    assert watched.status(number) is Status.EXPIRED


@pytest.mark.parametrize(("jump", "way"), [(HOURS, "on"), (-HOURS, "back")])
def test_people_are_told_once_and_the_audit_names_what_waits(watched, jump, way):
    number = watched.asks()
    watched.passes(set_on=jump)
    watched.passes()
    [said] = watched.said()
    assert f"My clock was set {way} by 3 h." in said
    assert watched.audited() == [{"seconds": round(jump.total_seconds()), "waiting": [number]}]


@pytest.mark.parametrize("status", [Status.PREPARING, Status.VERIFYING, Status.ROLLING_BACK])
def test_nothing_is_taken_over_while_a_deployment_is_at_work(watched, status):
    number = watched.asks(status)
    watched.passes(set_on=HOURS)
    assert (watched.clock.off, watched.said()) == (HOURS, [])
    with watched.store.begin() as session:
        deployments.get_for_change(session, number).status = Status.INCOMPLETE
    watched.passes()
    assert (bool(watched.clock.off), len(watched.said())) == (False, 1)


def test_nothing_is_taken_over_while_people_have_time_to_answer(watched):
    number = watched.asks(Status.SUCCEEDED)
    with watched.store.begin() as session:
        served = deployments.get(session, number)
        hold = holds.open_(session, served, HoldKind.VETO, key="blame", why="", at=NOON, until=NOON + LASTS)
    watched.passes(set_on=HOURS)
    assert watched.clock.off == HOURS
    with watched.store.begin() as session:
        holds.answer(session, hold.number, "hold", by="U0BEN", at=NOON)
    watched.passes()
    assert not watched.clock.off


def test_what_is_served_stands_at_the_head_of_the_ledger_although_the_clock_was_set_back(store):
    with store.begin() as session:
        served(session, "v2.2", minute=180)
        fresh = served(session, "v2.3", minute=0)
        assert deployments.current(session, fresh.environment) != fresh
        deployments.serves(session, fresh, at=NOON - HOURS)
        session.flush()
        assert deployments.current(session, fresh.environment) == fresh


def test_what_is_looked_at_again_in_a_while_does_not_wait_for_a_clock_that_was_set_back():
    soon = timedelta(seconds=30)
    assert not is_due(NOON + soon, NOON, soon)
    assert is_due(NOON, NOON, soon)
    assert is_due(NOON + HOURS, NOON, soon)


@pytest.mark.parametrize("jump", [HOURS, -HOURS])
def test_what_was_to_be_said_is_neither_late_nor_held_up(watched, jump):
    watched.asks()
    with watched.store.begin() as session:
        outbox.say(session, a_message(at=watched.clock()))
    watched.passes(set_on=jump)
    with watched.store.look() as session:
        rows = outbox.undelivered(session)
    assert len(rows) == 3, "the message, the card, and that the clock was set"
    assert {abs(watched.times.wall - row.created_at) < timedelta(minutes=1) for row in rows} == {True}
    assert {row.next_at <= watched.times.wall for row in rows} == {True}
