"""False alarms and misses, by simulation with fixed seeds; the measured rates stand in docs/canary.md."""

from datetime import timedelta

import pytest

from deployers.comparing.tally import Demands
from deployers.comparing.verdict import State

from .simulation import Traffic, play

DEMANDS = Demands(duration=timedelta(minutes=20))


def rate(traffic: Traffic, state: State, *, runs: int, most: int = 120) -> float:
    """Return the share of canaries that end so."""
    return sum(play(traffic, DEMANDS, seed, most=most).finding.state is state for seed in range(runs)) / runs


@pytest.mark.parametrize(
    "traffic",
    [Traffic(0.002, 0.002), Traffic(0.0025, 0.002), Traffic(0.0, 0.0), Traffic(0.02, 0.02)],
    ids=["the same", "as bad as tolerated", "without errors", "both miss the success rate"],
)
def test_hardly_any_canary_is_stopped_that_is_no_worse(traffic):
    """Promised is at most one in a hundred; three are allowed here, since the seeds are few."""
    assert rate(traffic, State.BAD, runs=100) <= 0.03


@pytest.mark.parametrize(
    "traffic",
    [Traffic(0.05, 0.002), Traffic(0.02, 0.002), Traffic(0.2, 0.01), Traffic(0.002, 0.002, (60, 180), slower=2.5)],
    ids=["25 times", "10 times", "20 times", "slow"],
)
def test_a_bad_canary_is_hardly_ever_missed(traffic):
    """It is stopped before its time is over, in at least 95 of 100 cases."""
    assert rate(traffic, State.BAD, runs=60, most=119) >= 0.95


def test_a_canary_that_just_misses_the_success_rate_is_hardly_ever_promoted():
    """At the border itself: 5 of 100 when it is first judged, and as many again however long one goes on looking."""
    assert rate(Traffic(0.005, 0.005), State.GOOD, runs=100, most=200) <= 0.1


def test_a_good_canary_is_promoted():
    """As soon as its time is over, where there is enough traffic."""
    assert rate(Traffic(0.0005, 0.0005), State.GOOD, runs=60, most=150) >= 0.9


def test_a_worse_canary_is_stopped_after_fewer_requests():
    """Waiting for the end would cost all of them."""
    assert play(Traffic(0.5, 0.002), DEMANDS, 1).requests < play(Traffic(0.02, 0.002), DEMANDS, 1).requests < 2400
