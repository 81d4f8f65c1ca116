"""Watches a release until its health is judged, in looks that survive a crash."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

from bot.crew import Crew
from bot.outcome import Outcome
from deployers.environment import Environment
from deployers.errors import Aborted, Inconclusive, Unhealthy
from deployers.health import Judgement, Sample, Verdict, judge
from deployers.plan import Plan, Verify
from deployers.runner import Segment


class Durable(Protocol):
    """Steps whose results survive a crash, and pauses that a message ends early."""

    def step(self, name: str, do: Callable[[], str]) -> str:
        """Return what `do` returned, or what it returned before the crash."""
        ...

    def wait(self, seconds: float) -> None:
        """Pause, durably, until the time is over or somebody nudges."""
        ...


@dataclass(frozen=True, slots=True)
class Watch:
    """One segment of looks: at candidates, at targets, at the whole environment."""

    crew: Crew
    number: int
    plan: Plan
    segment: Segment

    def until_judged(self, durable: Durable) -> Outcome:
        """Look again and again until there is a verdict; return what it means."""
        environment = self.crew.environment(self.plan.environment)
        health = environment.health
        if health is None:
            return Outcome()
        step = self.segment.steps[0]
        hold = step.hold if isinstance(step, Verify) else timedelta(0)
        samples: list[Sample] = []
        while True:
            seen = json.loads(durable.step(f"look {self.segment.first}", lambda: self._look(environment)))
            if seen["aborted"]:
                return self._judged(durable, Outcome.of(Aborted(seen["aborted"]), self.segment))
            samples += map(Sample.read, seen["samples"])
            verdict = judge(samples, health, hold=hold)
            if verdict.judgement is Judgement.LOOKING and _too_long(samples, environment, hold):
                verdict = Verdict(Judgement.INCONCLUSIVE, verdict.where, verdict.why or "it never settled")
            if verdict.judgement is not Judgement.LOOKING:
                return self._judged(durable, self._outcome(verdict))
            durable.wait(health.interval.total_seconds())

    def _judged(self, durable: Durable, outcome: Outcome) -> Outcome:
        durable.step(f"judged {self.segment.first}", lambda: self.crew.judged(self.number, self.segment, outcome))
        return outcome

    def _outcome(self, verdict: Verdict) -> Outcome:
        match verdict.judgement:
            case Judgement.SICK:
                return Outcome.of(Unhealthy(verdict.where, verdict.why), self.segment)
            case Judgement.INCONCLUSIVE:
                return Outcome.of(Inconclusive(verdict.where, verdict.why), self.segment)
            case _:
                return Outcome()

    def _look(self, environment: Environment) -> str:
        """Take one sample of every place, all at once; JSON."""
        aborted = self.crew.looking(self.number, self.segment)
        if aborted:
            return json.dumps({"aborted": aborted, "samples": []})
        step, probes = self.segment.steps[0], self.crew.probes(self.number, environment)
        hosts = [environment.host(target) for target in step.targets]
        look = probes.target if isinstance(step, Verify) else probes.candidate
        looks: list[Callable[[], Sample]] = [partial(look, host, self.plan.sha) for host in hosts]
        if isinstance(step, Verify) and len(hosts) == len(environment.hosts) and environment.url:
            looks.append(partial(probes.url, self.plan.sha))
        with ThreadPoolExecutor(max_workers=min(10, len(looks))) as pool:
            samples = [sample.document() for sample in pool.map(lambda take: take(), looks)]
        return json.dumps({"aborted": "", "samples": samples})


def _too_long(samples: list[Sample], environment: Environment, hold: timedelta) -> bool:
    health = environment.health
    if health is None:
        return False
    patience = 2 * hold + 10 * health.failures * (health.interval + health.timeout) + timedelta(seconds=30)
    return samples[-1].at - samples[0].at > patience
