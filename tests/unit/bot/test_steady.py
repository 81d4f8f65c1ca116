"""The time as it is told: it follows the clock on the wall, but not where that jumps."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.steady import SLACK, Steady

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOURS = timedelta(hours=3)


class Times:
    """What is on the wall, and what was counted, as a test says."""

    def __init__(self) -> None:
        self.wall, self.count = NOON, 100.0

    def pass_(self, seconds: float, *, set_on: timedelta = timedelta(0)) -> None:
        self.wall += timedelta(seconds=seconds) + set_on
        self.count += seconds


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def steady(times) -> Steady:
    return Steady(lambda: times.wall, lambda: times.count)


@pytest.mark.parametrize("jump", [HOURS, -HOURS])
def test_it_goes_on_evenly_when_the_clock_is_set_until_that_is_taken_over(times, steady, jump):
    times.pass_(10, set_on=jump)
    assert (steady(), steady.off) == (NOON + timedelta(seconds=10), jump)
    times.pass_(20)
    assert (steady(), steady.off) == (NOON + timedelta(seconds=30), jump)
    steady.take_over(steady.off)
    assert (steady(), steady.off) == (times.wall, timedelta(0))


def test_what_is_set_back_to_what_it_was_was_never_off(times, steady):
    times.pass_(1, set_on=HOURS)
    assert steady.off == HOURS
    times.pass_(1, set_on=-HOURS)
    assert (steady(), steady.off) == (times.wall, timedelta(0))


def test_a_clock_that_is_drawn_right_bit_by_bit_is_followed_however_far(times, steady):
    for _ in range(1000):
        times.pass_(1, set_on=SLACK / 10)
        assert steady() == times.wall
    assert times.wall - NOON > timedelta(minutes=20)
