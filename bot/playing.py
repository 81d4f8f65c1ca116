"""Plays a plan on its targets, segment by segment: what is sent is written into a book, what is looked at is judged."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.comparing import Book as CompareBook
from bot.comparing import Comparing
from bot.crew import Crew
from bot.holding import Book as HoldBook
from bot.known import Known
from bot.outcome import Outcome
from bot.pausing import paused
from bot.sources import source
from bot.watch import Book as LookBook
from bot.watch import Watch
from deployers.colours import faced
from deployers.comparing.tuning import Canary
from deployers.environment import Environment
from deployers.errors import Aborted, DeployError, Fenced
from deployers.plan import Compare, Pause, Plan, Prune
from deployers.ports import Authority
from deployers.runner import LOOKS, Hooks, Journal, Runner, Segment, segments
from storage.errors import StorageError

log = logging.getLogger(__name__)


class Book(Journal, LookBook, HoldBook, CompareBook, Protocol):
    """Where it is written down what is done, seen and asked: the rows, or only the memory without a database."""

    def demand_lead(self) -> None:
        """Raise Fenced unless we still lead."""
        ...


@dataclass(frozen=True, slots=True)
class Playing:
    """A plan, and with what it is played."""

    crew: Crew
    known: Known
    """The deployment that it belongs to, over whose connections it is played."""
    plan: Plan
    book: Book
    authority: Authority
    undoes: str = ""
    """What hosts know the deployment by that is taken back."""
    before: Callable[[Segment], None] = lambda _: None
    """May raise a DeployError, and then the segment is not begun."""
    done: Callable[[Segment], bool] = lambda _: False

    def through(self) -> Outcome:
        """Play what is not done yet, up to the first thing that goes wrong."""
        for segment in segments(self.plan):
            if not self.done(segment):
                outcome = self.one(segment)
                if not outcome.ok:
                    return outcome
        return Outcome()

    def one(self, segment: Segment) -> Outcome:
        """Play one segment; every failure comes back as a value, but for a database that is away and a lost lead."""
        try:
            if isinstance(segment.steps[0], Pause):
                return paused(segment, self.known, self.book, self.crew.changes.clock, self.crew.pause)
            if isinstance(segment.steps[0], Compare):
                return self._compared(segment)
            if isinstance(segment.steps[0], LOOKS):
                return self._watched(segment)
            self.before(segment)
            self._run(segment)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the deployment has to find a way out
            return self._came_to(error, segment)
        return Outcome()

    def _came_to(self, error: Exception, segment: Segment) -> Outcome:
        extra = {"deployment": self.known.number, "why": str(error)}
        match error:
            case Fenced():
                self.book.demand_lead()
            case Aborted() if not self.book.aborted():
                # No person asked for it: it is the beginning of a way out that was cut short.
                return Outcome("interrupted", "I was interrupted on the way back; the hosts begin nothing more of it")
            case DeployError() if isinstance(segment.steps[0], Prune):
                log.warning("old releases could not be removed", extra=extra)
                return Outcome()
            case DeployError():
                pass
            case _:
                log.error("a segment broke", extra=extra, exc_info=error)
                return Outcome("bug", f"something of mine broke: {error}", segment.steps[0].word)
        return Outcome.of(error, segment)

    def _watched(self, segment: Segment) -> Outcome:
        return self._watch(segment).until_judged()

    def _watch(self, segment: Segment) -> Watch:
        environment = faced(self._environment, self.plan.colour)
        probes = self.crew.probes(self.known.number, environment)
        return Watch(environment, self.plan, segment, self.book, probes, self.crew.pause)

    def _compared(self, segment: Segment) -> Outcome:
        environment, crew = self._environment, self.crew
        return Comparing(
            segment,
            self.book,
            environment.canary or Canary(),
            environment.health,
            self._watch(segment).look,
            source(crew, self.known, environment, self.plan, segment.steps[0]),
            crew.changes.clock,
            crew.pause,
        ).until_judged()

    def _run(self, segment: Segment) -> None:
        environment, remote = self._environment, self.crew.remote(self.known.number, self._environment)
        enter = self.crew.entering(remote, environment, self.authority, self.undoes)
        hooks = Hooks(self.crew.keeping(environment), enter)
        self.known.begun = segment
        try:
            Runner(environment, self.plan, remote, self.book, self.authority, hooks=hooks).run(segment)
        except DeployError:
            self.known.begun = None
            raise
        self.known.begun = None

    @property
    def _environment(self) -> Environment:
        return self.crew.environment(self.plan)
