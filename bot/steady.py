"""The time as this process tells it: it goes on evenly when the clock on the wall is set, until that is taken over."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

from deployers.ports import Clock

SLACK = timedelta(seconds=5)
"""What is less is no jump: clocks are corrected by so much all the time, and reading one may take as long."""


def utc() -> datetime:
    """Return the time on the wall, in UTC."""
    return datetime.now(UTC)


def counted() -> float:
    """Return seconds that nobody sets, counted also while the machine sleeps, where it can tell."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Steady:
    """A clock that follows the one on the wall, but not where that jumps."""

    def __init__(self, wall: Clock = utc, count: Callable[[], float] = counted) -> None:
        """Begin with what is on the wall."""
        self._wall = wall
        self._count = count
        self._lock = Lock()
        self._at, self._counted = wall(), count()

    def __call__(self) -> datetime:
        """Return the time."""
        return self._told()[0]

    @property
    def off(self) -> timedelta:
        """Return by how much the clock on the wall was set on (or back, below nothing), as far as not taken over."""
        return self._told()[1]

    def take_over(self, by: timedelta) -> None:
        """Jump as well."""
        with self._lock:
            self._at += by

    def _told(self) -> tuple[datetime, timedelta]:
        with self._lock:
            wall, count = self._wall(), self._count()
            even = self._at + timedelta(seconds=count - self._counted)
            off = wall - even
            if abs(off) >= SLACK:
                return even, off
            self._at, self._counted = wall, count
            return wall, timedelta(0)
