"""What was counted on both sides of a canary over the same time: kept as one document, so that it survives a crash."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from deployers.comparing.proportions import needed
from deployers.comparing.sequential import Contrast
from deployers.comparing.times import Times, merged, p95

LEAST = 40
"""So many requests a side has to have before its 95th percentile says anything."""
TRAIL = 24
"""So many looks are kept for the chart."""
HARDLY = 0.01
"""Seconds by which a 95th percentile may lie above the other one, whatever their ratio."""


@dataclass(frozen=True, slots=True)
class Demands:
    """What a canary has to show, and when it is judged."""

    success_rate: float = 0.995
    duration: timedelta = timedelta(hours=1)
    max_error_ratio: float = 1.25
    max_p95_ratio: float = 1.5
    timed: bool = False
    """Whether response times are known, so that nothing goes on without them."""


@dataclass(frozen=True, slots=True)
class Count:
    """What one side answered since the reading before."""

    requests: int = 0
    errors: int = 0
    times: Times = ()
    p95: float | None = None
    """The 95th percentile since the last one that was compared, from a source that only tells that."""

    @property
    def pair(self) -> tuple[int, int]:
        """Return errors and requests."""
        return self.errors, self.requests

    def __add__(self, other: "Count") -> "Count":
        """Return both together; of two percentiles only the newer one says anything."""
        times = merged(self.times, other.times)
        return Count(self.requests + other.requests, self.errors + other.errors, times, other.p95)

    def counted(self) -> "Count":
        """Return the same with no more errors than requests, whatever a rounding source says."""
        return replace(self, requests=max(self.requests, self.errors))


@dataclass(frozen=True, slots=True)
class Reading:
    """Both sides over the same time."""

    at: datetime
    canary: Count
    stable: Count


@dataclass(frozen=True, slots=True)
class Tally:
    """Everything that has been counted so far, and the evidence in it."""

    began: datetime
    canary: tuple[int, int] = (0, 0)
    """Errors and requests."""
    stable: tuple[int, int] = (0, 0)
    contrast: Contrast = field(default_factory=Contrast)
    first: tuple[int, int] | None = None
    """The canary as it was first judged: when its time was over and there were enough requests."""
    waiting: tuple[Count, Count] = (Count(), Count())
    """Canary and stable side since their response times were last compared."""
    compared_at: datetime | None = None
    windows: int = 0
    """How often response times were compared."""
    slower: int = 0
    """How often the canary's were too long."""
    p95s: tuple[float, float] | None = None
    """The canary's and the stable side's 95th percentile, as last compared."""
    trail: tuple[tuple[int, int, int, int], ...] = ()
    """The newest readings: errors and requests of the canary, then of the stable side."""
    blind: int = 0
    """How many readings in a row came to nothing."""
    blind_why: str = ""

    def after(self, reading: Reading, demands: Demands) -> "Tally":
        """Return the tally with one more reading in it."""
        canary, stable = reading.canary.counted(), reading.stable.counted()
        together = (_sum(self.canary, canary.pair), _sum(self.stable, stable.pair))
        over = reading.at - self.began >= demands.duration
        ripe = self.first is None and over and together[0][1] >= needed(0, demands.success_rate)
        fresh = replace(
            self,
            canary=together[0],
            stable=together[1],
            contrast=self.contrast.after(canary.pair, stable.pair),
            first=together[0] if ripe else self.first,
            waiting=(self.waiting[0] + canary, self.waiting[1] + stable),
            trail=(*self.trail, (*canary.pair, *stable.pair))[-TRAIL:],
            blind=0,
            blind_why="",
        )
        return _timed(fresh, reading.at, demands)

    def blinded(self, why: str) -> "Tally":
        """Return the tally after a reading that came to nothing."""
        return replace(self, blind=self.blind + 1, blind_why=why)

    def document(self) -> dict[str, Any]:
        """Return the tally as JSON-ready data."""
        return {
            "began": self.began.isoformat(),
            "canary": list(self.canary),
            "stable": list(self.stable),
            "tolerated": self.contrast.tolerated,
            "logs": list(self.contrast.logs),
            "first": list(self.first) if self.first else None,
            "waiting": [_written(side) for side in self.waiting],
            "compared_at": self.compared_at.isoformat() if self.compared_at else None,
            "windows": self.windows,
            "slower": self.slower,
            "p95s": list(self.p95s) if self.p95s else None,
            "trail": [list(each) for each in self.trail],
            "blind": self.blind,
            "blind_why": self.blind_why,
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Return the tally that was written as this document."""
        compared_at, first, p95s = document["compared_at"], document["first"], document["p95s"]
        canary, stable = document["waiting"]
        return cls(
            began=datetime.fromisoformat(document["began"]),
            canary=(document["canary"][0], document["canary"][1]),
            stable=(document["stable"][0], document["stable"][1]),
            contrast=Contrast(document["tolerated"], tuple(document["logs"])),
            first=(first[0], first[1]) if first else None,
            waiting=(_read(canary), _read(stable)),
            compared_at=datetime.fromisoformat(compared_at) if compared_at else None,
            windows=document["windows"],
            slower=document["slower"],
            p95s=(p95s[0], p95s[1]) if p95s else None,
            trail=tuple((it[0], it[1], it[2], it[3]) for it in document["trail"]),
            blind=document["blind"],
            blind_why=document["blind_why"],
        )


def _timed(tally: Tally, at: datetime, demands: Demands) -> Tally:
    """Compare response times once both sides have enough of them since the last time."""
    canary, stable = tally.waiting
    if min(canary.requests, stable.requests) < LEAST:
        return tally
    ours, theirs = _percentile(canary), _percentile(stable)
    if ours is None or theirs is None:
        return tally
    slow = ours > theirs * demands.max_p95_ratio and ours - theirs > HARDLY
    return replace(
        tally,
        waiting=(Count(), Count()),
        compared_at=at,
        windows=tally.windows + 1,
        slower=tally.slower + slow,
        p95s=(ours, theirs),
    )


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _percentile(side: Count) -> float | None:
    return side.p95 if side.p95 is not None else p95(side.times)


def _written(side: Count) -> dict[str, Any]:
    return {"requests": side.requests, "errors": side.errors, "times": [list(each) for each in side.times]}


def _read(document: Mapping[str, Any]) -> Count:
    times = tuple((float(bound), int(count)) for bound, count in document["times"])
    return Count(document["requests"], document["errors"], times)
