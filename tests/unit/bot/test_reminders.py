"""Somebody is called again while nobody decides, a few times, and no more."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlmodel import select

from bot.reminders import EVERY, MOST, Reminders, times
from storage import deployments, holds
from storage.models import HoldKind, OutboxRow, Status
from tests.unit.bot.stage import Stage


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def waiting(stage: Stage, status: Status) -> int:
    asked = stage.asks()
    with stage.store.begin() as session:
        row = deployments.get_for_change(session, asked.number)
        for step in (Status.PREPARING, Status.RUNNING):
            row.advance(step, at=stage.now)
        if status is Status.HOLDING:
            holds.open_(session, row, HoldKind.DATABASE, key="database", why="it failed", at=stage.now)
        else:
            row.advance(status, at=stage.now)
    return asked.number


def said(stage: Stage) -> list[OutboxRow]:
    with stage.store.look() as session:
        return [it for it in session.exec(select(OutboxRow)) if it.key.startswith("again:")]


@pytest.mark.parametrize("status", [Status.HOLDING, Status.INCOMPLETE, Status.UNKNOWN])
def test_who_does_not_come_is_called_again_a_few_times_and_no_more(stage, status):
    waiting(stage, status)
    reminders = Reminders(stage.changes)
    reminders.tick()
    assert not said(stage)
    for _ in range(3 * MOST):
        stage.now += EVERY / 2 + timedelta(seconds=1)
        reminders.tick()
    assert len(said(stage)) == 2 * MOST
    assert all("production" in it.payload["text"] for it in said(stage))


def test_nobody_is_called_for_what_is_decided_or_only_waits_for_its_time(stage):
    number = waiting(stage, Status.HOLDING)
    with stage.store.begin() as session:
        holds.answer(session, holds.current(session, number).number, "leave", by="U0BEN", at=stage.now)
    stage.now += 3 * EVERY
    Reminders(stage.changes).tick()
    assert not said(stage)


def canary(stage: Stage, **facts: object) -> None:
    number = stage.asks().number
    with stage.store.begin() as session:
        row = deployments.get_for_change(session, number)
        for step in (Status.PREPARING, Status.RUNNING):
            row.advance(step, at=stage.now)
        told = {"share": 10, "state": "thin", "why": "3 of 598 requests", "by_hand": "", "remind": 1800.0, **facts}
        holds.open_(session, row, HoldKind.CANARY, key="canary-5-1", why="w", at=stage.now, facts=told)


@pytest.mark.parametrize(("by", "told"), [("", "3 of 598 requests"), ("U0BEN", "<@U0BEN> held it")])
def test_a_canary_that_waits_for_somebody_is_reminded_of_seldom_and_more_seldom_and_once_by_whoever_leads(
    stage, by, told
):
    canary(stage, by_hand=by, waits_since=stage.now.isoformat())
    Reminders(stage.changes).tick()
    assert not said(stage)
    stage.now += timedelta(minutes=31)
    Reminders(stage.changes).tick()
    stage.start()
    Reminders(stage.changes).tick()
    [first] = said(stage)
    assert (first.kind.value, first.channel) == ("post", "deployments")
    for part in (told, "10 %", "31 min", "/deploy answer", "Nothing else can be deployed to production"):
        assert part in first.payload["text"]
    for _ in range(72):
        stage.now += timedelta(hours=1)
        Reminders(stage.changes).tick()
    assert len(said(stage)) == 7


@pytest.mark.parametrize("facts", [{"waits_since": ""}, {"remind": 0.0}])
def test_nobody_is_reminded_of_a_canary_that_looks_on_or_where_nobody_wants_to_be(stage, facts):
    canary(stage, **{"waits_since": stage.now.isoformat(), **facts})
    stage.now += timedelta(days=3)
    Reminders(stage.changes).tick()
    assert not said(stage)


def test_each_reminder_comes_after_twice_as_long_as_the_one_before_and_at_last_once_a_day():
    half = timedelta(minutes=30)
    at = [hour for hour in range(200) if times(timedelta(hours=hour + 1), half) > times(timedelta(hours=hour), half)]
    assert [times(timedelta(minutes=it), half) for it in (29, 30, 89, 90, 209, 210)] == [0, 1, 1, 2, 2, 3]
    assert {later - earlier for earlier, later in pairwise(at[6:])} == {24}
