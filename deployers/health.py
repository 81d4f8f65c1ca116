"""Judging health: what was seen of a release, and whether that is enough to say that it is well."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from deployers.environment import Health


class Look(StrEnum):
    """What one look at one place said."""

    WELL = "well"
    SICK = "sick"
    BLIND = "blind"
    """It could not be asked; that says nothing about it."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at one place: a target, or the environment through its URL."""

    where: str
    at: datetime
    look: Look
    why: str = ""
    seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        """Return the sample as JSON-ready data."""
        return {
            "where": self.where,
            "at": self.at.isoformat(),
            "look": self.look.value,
            "why": self.why,
            "seconds": round(self.seconds, 4),
        }

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        """Return the sample that was written as this document."""
        return cls(**{**document, "at": datetime.fromisoformat(document["at"]), "look": Look(document["look"])})


class Judgement(StrEnum):
    """What all that was seen amounts to."""

    LOOKING = "looking"
    WELL = "well"
    SICK = "sick"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement, and where and why."""

    judgement: Judgement
    where: str = ""
    why: str = ""
    over_all: bool = False
    """Whether too many of all looks were bad, and not the newest ones."""


LOOKING = Verdict(Judgement.LOOKING)


def judge(samples: Sequence[Sample], health: Health, *, hold: timedelta) -> Verdict:
    """Return the verdict over all looks so far, oldest first.

    Sick at `health.failures` bad looks in a row at one place. Well when every place was watched for `hold`, its last
    `health.failures` looks were good, at most `max_error_rate` of all were bad and the 95th percentile is fast enough.
    Blind looks in a row (twice `failures`) are inconclusive: never a success, never taken for sickness.
    """
    places = list(dict.fromkeys(sample.where for sample in samples))
    verdicts = [_at(where, [s for s in samples if s.where == where], health, hold) for where in places]
    for judgement in (Judgement.SICK, Judgement.INCONCLUSIVE, Judgement.LOOKING):
        for verdict in verdicts:
            if verdict.judgement is judgement:
                return verdict
    return Verdict(Judgement.WELL) if verdicts else LOOKING


def _at(where: str, seen: list[Sample], health: Health, hold: timedelta) -> Verdict:
    newest = seen[-1]
    if _run(seen, Look.SICK) >= health.failures:
        return Verdict(Judgement.SICK, where, newest.why)
    if _run(seen, Look.BLIND) >= 2 * health.failures:
        return Verdict(Judgement.INCONCLUSIVE, where, newest.why)
    if newest.at - seen[0].at < hold or _run(seen, Look.WELL) < health.failures:
        return Verdict(Judgement.LOOKING, where, newest.why)
    return _over_all(where, seen, health)


def _over_all(where: str, seen: list[Sample], health: Health) -> Verdict:
    told = [sample for sample in seen if sample.look is not Look.BLIND]
    bad = [sample for sample in told if sample.look is Look.SICK]
    rate = len(bad) / len(told)
    if rate > health.max_error_rate and len(bad) > 1:
        why = f"{len(bad)} of {len(told)} looks were bad; the last one: {bad[-1].why}"
        return Verdict(Judgement.SICK, where, why, over_all=True)
    slow = sorted(sample.seconds for sample in told)[int(0.95 * (len(told) - 1))]
    if timedelta(seconds=slow) > health.max_p95:
        return Verdict(Judgement.SICK, where, f"its 95th percentile is {slow:.2f} s")
    return Verdict(Judgement.WELL, where)


def _run(seen: Sequence[Sample], look: Look) -> int:
    count = 0
    for sample in reversed(seen):
        if sample.look is not look:
            break
        count += 1
    return count
