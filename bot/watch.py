"""Watches a release until its health is judged; what was seen is kept in a book, for whoever goes on after a crash."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

from bot.outcome import Outcome
from deployers import blame
from deployers.environment import Environment
from deployers.errors import Aborted, Inconclusive, Unhealthy
from deployers.health import Judgement, Sample, Verdict, judge
from deployers.plan import CandidateCheck, Plan, Verify
from deployers.probes import Probes
from deployers.runner import Segment

HEED_EVERY = 1.0
"""Seconds between two looks whether somebody asked to stop."""


class Book(Protocol):
    """Where it is written down what is seen."""

    def looking(self, segment: Segment) -> list[Sample]:
        """Write down that the targets are looked at, and return what was seen already, lately enough to count."""
        ...

    def seen(self, segment: Segment, samples: Sequence[Sample]) -> None:
        """Write down what one look saw."""
        ...

    def judged(self, segment: Segment, outcome: Outcome) -> None:
        """Write down what looking came to."""
        ...

    def aborted(self) -> str:
        """Return who asked to stop, or nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Watch:
    """One segment of looks: at candidates, at targets, at the whole environment."""

    environment: Environment
    plan: Plan
    segment: Segment
    book: Book
    probes: Probes
    pause: Callable[[float], object]

    def until_judged(self) -> Outcome:
        """Look again and again until there is a verdict; return what it means."""
        health = self.environment.health
        if health is None:
            return Outcome()
        step = self.segment.steps[0]
        hold = step.hold if isinstance(step, Verify) else timedelta(0)
        samples = self.book.looking(self.segment)
        while not (by := self.book.aborted()):
            fresh = self.look()
            samples += fresh
            self.book.seen(self.segment, fresh)
            verdict = judge(samples, health, hold=hold)
            if verdict.judgement is Judgement.LOOKING and _too_long(samples, self.environment, hold):
                verdict = Verdict(Judgement.INCONCLUSIVE, verdict.where, verdict.why or "it never settled")
            if verdict.judgement is not Judgement.LOOKING:
                return self._judged(self._outcome(verdict))
            self._rest(health.interval.total_seconds())
        return self._judged(Outcome.of(Aborted(by), self.segment))

    def _rest(self, seconds: float) -> None:
        while seconds > HEED_EVERY and not self.book.aborted():
            self.pause(HEED_EVERY)
            seconds -= HEED_EVERY
        self.pause(min(seconds, HEED_EVERY))

    def _judged(self, outcome: Outcome) -> Outcome:
        self.book.judged(self.segment, outcome)
        return outcome

    def _outcome(self, verdict: Verdict) -> Outcome:
        match verdict.judgement:
            case Judgement.SICK:
                trigger = blame.trigger(verdict, self.environment.health) if self.environment.health else ""
                return Outcome.of(Unhealthy(verdict.where, verdict.why, trigger), self.segment)
            case Judgement.INCONCLUSIVE:
                return Outcome.of(Inconclusive(verdict.where, verdict.why), self.segment)
            case _:
                return Outcome()

    def look(self) -> list[Sample]:
        """Take one sample of every place, all at once."""
        step, environment = self.segment.steps[0], self.environment
        hosts = [environment.host(target) for target in step.targets]
        apart = isinstance(step, CandidateCheck) and not self.plan.colour
        look = self.probes.candidate if apart else self.probes.target
        singly = hosts if environment.deployer == "ssh" else []
        looks: list[Callable[[], Sample]] = [partial(look, host, self.plan.sha) for host in singly]
        if isinstance(step, Verify) and len(hosts) == len(environment.hosts) and environment.url:
            looks.append(partial(self.probes.url, self.plan.sha))
        return together(looks)


def together(looks: Sequence[Callable[[], Sample]]) -> list[Sample]:
    """Take several samples at once."""
    with ThreadPoolExecutor(max_workers=min(10, len(looks))) as pool:
        return list(pool.map(lambda take: take(), looks))


def _too_long(samples: list[Sample], environment: Environment, hold: timedelta) -> bool:
    health = environment.health
    if health is None:
        return False
    patience = 2 * hold + 10 * health.failures * (health.interval + health.timeout) + timedelta(seconds=30)
    return samples[-1].at - samples[0].at > patience
