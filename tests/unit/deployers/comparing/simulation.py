"""Canaries that never were: how often the tests stop a good one and miss a bad one, with fixed seeds."""

import math
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from deployers.comparing.tally import Count, Demands, Reading, Tally
from deployers.comparing.verdict import Finding, State, judge
from deployers.health import Judgement, Verdict

BEGAN = datetime(2026, 12, 1, 9, tzinfo=UTC)
LOOK = timedelta(seconds=10)
WELL = Verdict(Judgement.WELL)


@dataclass(frozen=True)
class Traffic:
    """What both sides are really like."""

    canary: float
    stable: float
    per_look: tuple[int, int] = (20, 180)
    slower: float = 1.0
    """How much longer the canary takes."""


@dataclass(frozen=True)
class End:
    """How one canary ended, and after how many requests to it."""

    finding: Finding
    requests: int


def play(traffic: Traffic, demands: Demands, seed: int, *, most: int = 500) -> End:
    """Play one canary until it is stopped or promoted, or until so many looks have been taken."""
    rng = Random(seed)
    tally, finding = Tally(BEGAN), Finding(State.LOOKING)
    ours, theirs = traffic.per_look
    for number in range(1, most + 1):
        at = BEGAN + number * LOOK
        canary = Count(ours, binomial(rng, ours, traffic.canary), p95=percentile(rng, ours) * traffic.slower)
        stable = Count(theirs, binomial(rng, theirs, traffic.stable), p95=percentile(rng, theirs))
        tally = tally.after(Reading(at, canary, stable), demands)
        finding = judge(tally, demands, WELL, at)
        if finding.state in (State.BAD, State.GOOD):
            break
    return End(finding, tally.canary[1])


def binomial(rng: Random, of: int, chance: float) -> int:
    """Draw how many of so many fail: by the gaps between failures."""
    if chance <= 0:
        return 0
    failed, place = 0, 0
    while (place := place + int(math.log(1 - rng.random()) / math.log1p(-chance)) + 1) <= of:
        failed += 1
    return failed


def percentile(rng: Random, of: int) -> float:
    """Draw the 95th percentile of so many response times around 230 ms; the fewer they are, the more it varies."""
    return 0.23 * math.exp(rng.gauss(0, 1.2 / math.sqrt(of)))


TABLE = (
    ("good: 0.1 % on both sides", Traffic(0.001, 0.001)),
    ("good: 0.5 % on both sides", Traffic(0.005, 0.005)),
    ("both bad: 2 % on both sides", Traffic(0.02, 0.02)),
    ("as bad as tolerated: 0.125 % beside 0.1 %", Traffic(0.00125, 0.001)),
    ("1 % beside 0.1 %", Traffic(0.01, 0.001)),
    ("2 % beside 0.2 %", Traffic(0.02, 0.002)),
    ("5 % beside 0.2 %", Traffic(0.05, 0.002)),
    ("everything fails", Traffic(0.9, 0.001)),
    ("twice as long", Traffic(0.001, 0.001, slower=2.0)),
)


def main(runs: int = 300) -> None:
    """Print how canaries end that take twenty minutes of twenty requests each ten seconds, one in ten of all."""
    demands = Demands(duration=timedelta(minutes=20))
    for name, traffic in TABLE:
        ends = [play(traffic, demands, seed, most=120) for seed in range(runs)]
        shares = [sum(end.finding.state is state for end in ends) / runs for state in State]
        stopped = sorted(end.requests for end in ends if end.finding.state is State.BAD)
        middle = stopped[len(stopped) // 2] if stopped else 0
        told = "  ".join(f"{state}: {share:.1%}" for state, share in zip(State, shares, strict=True) if share)
        sys.stdout.write(f"{name:45} {told}  stopped after {middle}\n")


if __name__ == "__main__":
    main()
