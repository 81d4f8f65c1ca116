"""Who leads: one at a time, and who takes over from a dead or frozen leader fences it first."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.leader import Leader, StandsStill
from storage import leadership
from storage.seats import FileSeat

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def candidate(store, tmp_path):
    made, ended = [], []

    def make() -> Leader:
        made.append(Leader(store, FileSeat(tmp_path / "seat"), lambda: NOW, end=ended.append))
        return made[-1]

    yield make
    for each in made:
        each.step_down()


def epoch(store) -> int:
    with store.look() as session:
        return leadership.epoch(session)


def test_one_leads_and_the_next_one_waits_until_it_is_gone(candidate, store):
    first, second = candidate(), candidate()
    assert first.try_lead()
    assert not second.try_lead()
    assert (first.leads, second.leads) == (True, False)
    first.step_down()
    assert second.try_lead()
    assert second.epoch() == epoch(store) == 2


def test_who_takes_over_from_a_frozen_leader_fences_it_before_anything_else(candidate, store):
    frozen, other = candidate(), candidate()
    assert frozen.try_lead()
    before = frozen.epoch()
    other.take_over()
    assert other.epoch() == epoch(store) == before + 1
    with store.begin() as session:
        assert not leadership.beat(session, before, NOW), "the frozen one would go on as if it led"


def test_who_takes_over_from_a_dead_leader_gets_a_token_of_its_own(candidate, store):
    dead, other = candidate(), candidate()
    assert dead.try_lead()
    dead.step_down()
    assert other.is_free()
    other.take_over()
    assert other.epoch() == epoch(store) == 2


def test_how_long_a_heart_stands_still_is_told_by_our_own_clock_whatever_the_one_on_the_wall_does():
    at, hours, still = NOW, timedelta(hours=5), StandsStill()
    assert still.since(1, at, 100.0) == 0.0
    assert still.since(1, at - hours, 101.0) == 0.0, "it beats, on a clock that was set back"
    assert still.since(1, at + hours, 102.0) == 0.0, "it beats, on a clock that was set forward"
    assert still.since(1, at + hours, 113.5) == 11.5
