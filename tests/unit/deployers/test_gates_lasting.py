"""A canary that would outlive the beginning of a freeze is refused before it begins."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from deployers import gates
from deployers.comparing.tuning import Canary
from deployers.environment import Freeze
from deployers.gates import Allowed, Refused, Snapshot
from deployers.strategies.canary import lasting
from tests.unit.deployers.worlds import environment

FRIDAY = datetime(2026, 12, 4, tzinfo=UTC)
WEEKEND = Freeze(("fri",), "16:00", "mon 07:00", "weekend")


def asked(hour: int, minute: int, lasts: timedelta) -> Snapshot:
    """Return what the gates look at on a Friday in Berlin, at a time of day there."""
    now = FRIDAY.replace(hour=hour - 1, minute=minute)
    return Snapshot(
        "production", "v2.3", "a" * 40, "canary", now, zone="Europe/Berlin", freezes=(WEEKEND,), lasts=lasts
    )


def test_a_canary_that_outlives_the_beginning_of_a_freeze_is_refused_with_what_to_do():
    """Half way between two releases is no place to spend a weekend."""
    verdict = gates.judge(asked(15, 30, timedelta(hours=1)))
    assert isinstance(verdict, Refused)
    assert verdict.code == "outlives"
    for words in ("takes 1 h", "Fri 04 Dec 16:00 (weekend)", "after Mon 07 Dec 07:00", "sooner"):
        assert words in verdict.why
    assert verdict.next == "/deploy production v2.3 --strategy rolling"
    assert gates.still(asked(15, 30, timedelta(hours=1))) == verdict


@pytest.mark.parametrize(
    ("hour", "minute", "lasts"),
    [(14, 59, timedelta(hours=1)), (15, 0, timedelta(hours=1)), (15, 59, timedelta(0)), (15, 0, timedelta(minutes=59))],
)
def test_what_is_over_before_the_freeze_may_begin(hour, minute, lasts):
    """To the minute."""
    assert isinstance(gates.judge(asked(hour, minute, lasts)), Allowed)


def test_only_a_canary_takes_long_by_design():
    """The other strategies are judged by what holds now."""
    where = replace(environment(2), canary=Canary(duration=timedelta(minutes=90)))
    assert lasting(where, "canary") == timedelta(minutes=90)
    assert lasting(where, "rolling") == timedelta(0)
