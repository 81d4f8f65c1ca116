"""Waits between two batches; heeds an abort, and goes on after a crash where it was."""

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from bot.known import Known
from bot.outcome import Outcome
from bot.watch import HEED_EVERY
from deployers.errors import Aborted
from deployers.health import Sample
from deployers.plan import Pause
from deployers.ports import Clock
from deployers.runner import Segment


class Book(Protocol):
    """Where it is written down that one waits."""

    def looking(self, segment: Segment) -> list[Sample]:
        """Write down that it has begun."""
        ...

    def judged(self, segment: Segment, outcome: Outcome) -> None:
        """Write down what it came to."""
        ...

    def aborted(self) -> str:
        """Return who asked to stop, or nothing."""
        ...


def paused(segment: Segment, known: Known, book: Book, clock: Clock, pause: Callable[[float], object]) -> Outcome:
    """Wait until the pause is over, counted from when it was first begun."""
    step = segment.steps[0]
    book.looking(segment)
    attempt = known.attempt(segment.first, step.targets[0])
    until = ((attempt.at if attempt else None) or clock()) + (step.hold if isinstance(step, Pause) else timedelta(0))
    outcome = Outcome()
    while (left := (until - clock()).total_seconds()) > 0:
        if by := book.aborted():
            outcome = Outcome.of(Aborted(by), segment)
            break
        pause(min(left, HEED_EVERY))
    book.judged(segment, outcome)
    return outcome
