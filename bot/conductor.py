"""Conducts a deployment through its life, in durable steps over our own rows."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from bot.crew import Crew
from bot.endings import Endings
from bot.opening import BUSY, GO, Opening
from bot.outcome import Outcome
from bot.watch import Watch
from deployers.errors import Aborted, DeployError, Fenced, Undecided
from deployers.plan import Plan, Prune
from deployers.runner import LOOKS, WAY_OUT, Segment, segments
from deployers.strategies import tidying
from deployers.way_out import WayOut
from storage.errors import StoreUnavailable
from storage.models import Status

log = logging.getLogger(__name__)


class Durable(Protocol):
    """What the engine lends: steps whose results survive a crash, and pauses that a message ends early."""

    def step(self, name: str, do: Callable[[], str]) -> str:
        """Return what `do` returned, or what it returned before the crash."""
        ...

    def wait(self, seconds: float) -> None:
        """Pause, durably, until the time is over or somebody nudges."""
        ...


@dataclass(frozen=True, slots=True)
class Conductor:
    """Runs deployments: opens them, plays their plans, and finds the way out when something goes wrong."""

    crew: Crew
    endings: Endings
    opening: Opening

    def conduct(self, number: int, durable: Durable) -> str:
        """Take a queued or resolved deployment to its end, and return its status."""
        try:
            opened = durable.step("open", lambda: self.opening.open(number))
            while opened == BUSY:
                durable.wait(2)
                opened = durable.step("open", lambda: self.opening.open(number))
            if opened != GO:
                return opened
            outcome = self._play(number, durable)
            return self._end(number, outcome, durable)
        finally:
            self.crew.leave(number)

    def _play(self, number: int, durable: Durable) -> Outcome:
        plan = self.crew.plan(number)
        for segment in segments(plan):
            outcome = self._one(number, plan, segment, durable)
            if not outcome.ok:
                return outcome
        return Outcome()

    def _one(self, number: int, plan: Plan, segment: Segment, durable: Durable) -> Outcome:
        if isinstance(segment.steps[0], LOOKS):
            return Watch(self.crew, number, plan, segment).until_judged(durable)
        return Outcome.read(durable.step(f"segment {segment.first}", lambda: self._sent(number, plan, segment).text))

    def _sent(self, number: int, plan: Plan, segment: Segment) -> Outcome:
        """Run one segment; every failure comes back as a value, so that it is remembered and not repeated."""
        try:
            if segment.switches:
                self.opening.judge_again(number)
            self.crew.run(number, plan, segment)
        except StoreUnavailable:
            raise
        except Fenced as error:
            if not self.crew.leads():
                raise
            return Outcome.of(error, segment)
        except DeployError as error:
            if isinstance(segment.steps[0], Prune) and not isinstance(error, Aborted):
                log.warning("old releases could not be removed", extra={"deployment": number, "why": str(error)})
                return Outcome()
            return Outcome.of(error, segment)
        except Exception as error:
            log.exception("a segment broke", extra={"deployment": number})
            return Outcome(code="bug", message=f"something of mine broke: {error}", step=segment.steps[0].word)
        return Outcome()

    def _end(self, number: int, outcome: Outcome, durable: Durable) -> str:
        if outcome.ok:
            outcome = Outcome.read(durable.step("finish", lambda: self.endings.succeed(number).text))
            if outcome.ok:
                return Status.SUCCEEDED.value
        if outcome.code == Undecided.code:
            return durable.step("unknown", lambda: self.endings.unknown(number, outcome))
        return self._way_out(number, outcome, durable)

    def _way_out(self, number: int, outcome: Outcome, durable: Durable) -> str:
        decided = json.loads(durable.step("way out", lambda: self.endings.decide(number, outcome)))
        self._tidy(number, decided, durable)
        match WayOut(decided["way"]):
            case WayOut.NOTHING | WayOut.LET_IN:
                return durable.step("fail", lambda: self.endings.fail(number, outcome))
            case WayOut.ASK:
                return durable.step("ask", lambda: self.endings.ask(number, outcome))
            case WayOut.BACK:
                return self._back(number, outcome, decided["touched"], durable)

    def _tidy(self, number: int, decided: dict[str, Any], durable: Durable) -> None:
        """Switch maintenance off and stop candidates; a failure here is told with the first one and changes nothing."""
        plan = self.crew.plan(number)
        environment = self.crew.environment(plan.environment)
        steps = tidying(environment, touched=decided["touched"], candidates=decided["candidates"])
        plan = replace(plan, kind=WAY_OUT)
        for place, step in enumerate(steps):
            segment = Segment(len(plan.steps) + place, (step,))
            durable.step(f"tidy {step.word}", partial(self._tidied, number, plan, segment))

    def _tidied(self, number: int, plan: Plan, segment: Segment) -> str:
        return self._sent(number, plan, segment).text

    def _back(self, number: int, outcome: Outcome, targets: list[str], durable: Durable) -> str:
        child = int(durable.step("turn back", lambda: str(self.endings.turn_back(number, outcome, targets))))
        try:
            played = self._play(child, durable)
            finished = durable.step("back", lambda: self.endings.came_back(number, child, played).text)
        finally:
            self.crew.leave(child)
        if Outcome.read(finished).ok:
            return Status.ROLLED_BACK.value
        return Status.INCOMPLETE.value
