"""Waits for people's answer to a question, and no longer than it may; what is asked and said is in the rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.watch import HEED_EVERY
from deployers.ports import Clock
from storage.models import ABORTED, Hold, HoldKind

EDITS = 6
"""So often the card of a question counts down."""
SHORTEST_COUNT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what comes when nobody says anything."""

    key: str
    """Which question of the deployment it is: asked again after a crash, it is the same one."""
    kind: HoldKind
    why: str
    lasts: timedelta | None = None
    """How long there is to answer; for ever, where nothing is said."""
    otherwise: str = ""
    """The answer when that time is over."""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """A question as it stands: open, or answered."""

    id: int
    key: str = ""
    until: datetime | None = None
    answer: str = ""
    by: str = ""
    every: timedelta | None = None
    """How much time passes between two edits that count down; none, where nothing ends."""

    def is_over(self, now: datetime) -> bool:
        """Say whether its time has passed."""
        return self.until is not None and now >= self.until

    @classmethod
    def of(cls, hold: Hold) -> "Held":
        """Return what is kept in mind of a question's row."""
        every = max(SHORTEST_COUNT, (hold.until - hold.since) / EDITS) if hold.until else None
        return cls(hold.number, hold.key, hold.until, hold.answer or "", hold.answered_by or "", every)


class Book(Protocol):
    """Where questions and answers are written down."""

    def ask(self, question: Question) -> Held:
        """Commit the question, or return it as it was asked before."""
        ...

    def heard(self, held: Held) -> Held:
        """Return the question as it stands now."""
        ...

    def over(self, held: Held, word: str, by: str = ...) -> Held:
        """Commit an answer that no person gave; whoever was first stays, and is returned."""
        ...

    def counts_down(self) -> None:
        """Have the card shown anew."""
        ...

    def aborted(self) -> str:
        """Return who asked to stop, or nothing."""
        ...


def wait(book: Book, question: Question, clock: Clock, pause: Callable[[float], object]) -> Held:
    """Ask, and return the question once it is answered: by somebody, by an abort, or by its time.

    Raises:
        StoreUnavailable: the database is away; who has to act in time does it without (`bot.alone`).
    """
    held = book.ask(question)
    shown = clock()
    while not held.answer:
        now = clock()
        if by := book.aborted():
            return book.over(held, ABORTED, by)
        if held.is_over(now):
            return book.over(held, question.otherwise)
        if held.every and now - shown >= held.every:
            book.counts_down()
            shown = now
        pause(min(HEED_EVERY, max(0.0, (held.until - now).total_seconds())) if held.until else HEED_EVERY)
        held = book.heard(held)
    return held
