"""Judging a canary: what the numbers and the health of both sides amount to; inconclusive is never success."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from deployers.comparing.proportions import needed, shown
from deployers.comparing.sequential import DOUBT, SHOWN, STOP, evidence_above, evidence_below, needed_below
from deployers.comparing.tally import LEAST, Demands, Tally
from deployers.health import Judgement, Verdict

BLIND_AFTER = 3
"""So many readings in a row may come to nothing before somebody is asked."""


class State(StrEnum):
    """What a canary amounts to."""

    LOOKING = "looking"
    GOOD = "good"
    BAD = "bad"
    THIN = "thin"
    """Not enough traffic: nothing is wrong, and nothing is shown."""
    UNSURE = "unsure"
    """There is enough traffic, and it does not say that all is well."""
    BLIND = "blind"
    """The numbers, or the health, cannot be told."""

    @property
    def asks(self) -> bool:
        """Say whether a person has to decide."""
        return self in (State.THIN, State.UNSURE, State.BLIND)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a canary amounts to, and why."""

    state: State
    why: str = ""


def judge(tally: Tally, demands: Demands, health: Verdict, now: datetime) -> Finding:
    """Return what all that was counted and seen amounts to.

    Bad at once where it is sick, or where one of three sequential tests says so for certain: it fails more often than
    the stable side, it misses the success rate that the stable side is shown to reach, or it mostly takes longer.
    Good when its time is over, its success rate is shown, nothing is suspected and it is well. All else waits or asks.
    """
    if why := next(_bad(tally, demands, health), ""):
        return Finding(State.BAD, why)
    if why := next(_untold(tally, health), ""):
        return Finding(State.BLIND, why)
    if now - tally.began < demands.duration:
        return Finding(State.LOOKING)
    if why := next(_missing(tally, demands), ""):
        return Finding(State.THIN, why)
    if why := next(_doubts(tally, demands), ""):
        return Finding(State.UNSURE, why)
    settled = health.judgement is Judgement.WELL and not tally.blind
    return Finding(State.GOOD if settled else State.LOOKING)


def wanted(tally: Tally, demands: Demands) -> int:
    """Return how many requests the canary needs to show the success rate, as far as can be told by now."""
    if tally.first is None:
        return needed(0, demands.success_rate)
    return needed_below(tally.canary[0], 1 - demands.success_rate)


def told(errors: int, requests: int) -> str:
    """Return errors among requests in words."""
    share = f" ({100 * errors / requests:.2g} %)" if requests else ""
    return f"{errors:,} of {requests:,} requests failed{share}"


def _bad(tally: Tally, demands: Demands, health: Verdict) -> Iterator[str]:
    if health.judgement is Judgement.SICK:
        yield f"{health.where} is not healthy: {health.why}"
    canary, stable, chance = tally.canary, tally.stable, 1 - demands.success_rate
    if tally.contrast.evidence >= STOP:
        yield f"the canary fails more often: {told(*canary)}, and on the stable side {told(*stable)} over the same time"
    if evidence_above(*canary, chance) >= STOP and evidence_below(*stable, chance) >= SHOWN:
        yield f"the canary misses the success rate of {100 * demands.success_rate:.4g} %: {told(*canary)}"
    if evidence_above(tally.slower, tally.windows, 0.5) >= STOP:
        yield f"the canary takes longer: {_slow(tally, demands)}"


def _untold(tally: Tally, health: Verdict) -> Iterator[str]:
    if tally.blind >= BLIND_AFTER:
        yield f"the numbers are gone: {tally.blind_why}"
    if health.judgement is Judgement.INCONCLUSIVE:
        yield f"the health of {health.where} cannot be told: {health.why}"


def _missing(tally: Tally, demands: Demands) -> Iterator[str]:
    errors, requests = tally.canary
    if tally.stable[1] < LEAST:
        yield f"the stable side had {tally.stable[1]} requests, and without {LEAST} there is nothing to compare with"
    if not _is_shown(tally, demands) and errors <= requests * (1 - demands.success_rate):
        yield f"{requests:,} of {wanted(tally, demands):,} requests"
    if demands.timed and not tally.windows:
        yield f"response times can be compared once each side had {LEAST} requests"


def _doubts(tally: Tally, demands: Demands) -> Iterator[str]:
    canary, stable = tally.canary, tally.stable
    if not _is_shown(tally, demands) or canary[0] > canary[1] * (1 - demands.success_rate):
        yield f"a success rate of {100 * demands.success_rate:.4g} % is not shown: {told(*canary)}"
    if tally.contrast.evidence >= DOUBT:
        yield f"the canary may fail more often: {told(*canary)}, and on the stable side {told(*stable)}"
    if 2 * tally.slower > tally.windows:
        yield f"the canary may take longer: {_slow(tally, demands)}"


def _is_shown(tally: Tally, demands: Demands) -> bool:
    """Say whether the success rate is shown: when it was first judged, or by what may be looked at all the time."""
    if tally.first is None:
        return False
    return shown(*tally.first, demands.success_rate) or evidence_below(*tally.canary, 1 - demands.success_rate) >= SHOWN


def _slow(tally: Tally, demands: Demands) -> str:
    ours, theirs = tally.p95s or (0.0, 0.0)
    looks = f"its 95th percentile was over {demands.max_p95_ratio:g} times the stable side's in {tally.slower} of"
    return f"{looks} {tally.windows} looks, last {ours:.3g} s beside {theirs:.3g} s"
