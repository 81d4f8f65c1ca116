"""Somebody is called again while nobody decides, a few times, and no more."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.reminders import EVERY, MOST, Reminders
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
