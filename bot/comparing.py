"""Watches a canary beside the stable side until it is judged, or somebody decides; its numbers survive a crash."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.holding import Held, Question
from bot.outcome import Outcome
from bot.watch import HEED_EVERY
from deployers.comparing.sequential import Contrast
from deployers.comparing.tally import Demands, Tally
from deployers.comparing.tuning import Canary
from deployers.comparing.verdict import Finding, State, judge, wanted
from deployers.environment import Health
from deployers.errors import Aborted, WorseThanBefore
from deployers.health import Judgement, Sample, Verdict
from deployers.health import judge as judge_health
from deployers.metrics import Blind, Source
from deployers.plan import Compare
from deployers.ports import Clock
from deployers.runner import Segment
from storage.models import ABORTED, HoldKind

log = logging.getLogger(__name__)

PROMOTE, HOLD, ABORT = "promote", "hold", "abort"
KEPT = 60
"""So many looks at each place say how well it is now."""
GONE = "gone"
"""Why only a person lets it go on: its numbers were gone for a while; otherwise who held it, by id."""


class Book(Protocol):
    """Where it is written down what is counted, asked and answered."""

    def looking(self, segment: Segment) -> list[Sample]:
        """Write down that the sides are looked at."""
        ...

    def judged(self, segment: Segment, outcome: Outcome) -> None:
        """Write down what looking came to."""
        ...

    def aborted(self) -> str:
        """Return who asked to stop, or nothing."""
        ...

    def ask(self, question: Question) -> Held:
        """Commit the question, or return it as it was asked before."""
        ...

    def heard(self, held: Held) -> Held:
        """Return the question as it stands now."""
        ...

    def over(self, held: Held, word: str, by: str = ...) -> Held:
        """Commit an answer that no person gave."""
        ...

    def beside(self, held: Held) -> Mapping[str, Any]:
        """Return what stands beside a question."""
        ...

    def counted(self, held: Held, facts: Mapping[str, Any], why: str, *, loud: bool) -> None:
        """Commit what stands beside a question by now, and tell people where they are waited for."""
        ...

    def stopped(self, by: str) -> None:
        """Commit that somebody wants it stopped and taken back."""
        ...


@dataclass
class Comparing:
    """One comparison of a canary with the stable side, at one share of the visitors."""

    segment: Segment
    book: Book
    tuning: Canary
    health: Health | None
    look: Callable[[], list[Sample]]
    source: Source
    clock: Clock
    pause: Callable[[float], object]
    _samples: list[Sample] = field(default_factory=list)
    _looked_at: datetime | None = None

    def until_judged(self) -> Outcome:
        """Look, count and ask until it is decided; return what that means."""
        self.book.looking(self.segment)
        held, facts = self._taken_up()
        while True:
            held = self.book.heard(held)
            if outcome := self._answered(held):
                self.book.judged(self.segment, outcome)
                return outcome
            if held.answer == HOLD:
                held, facts = self._asked_again(held)
            facts, finding = self._looked(held, facts)
            if finding.state is State.BAD:
                self.book.over(held, ABORT)
                outcome = Outcome.of(WorseThanBefore(finding.why), self.segment)
                self.book.judged(self.segment, outcome)
                return outcome
            if finding.state is State.GOOD and not facts["by_hand"]:
                self.book.over(held, PROMOTE)
                continue
            self._rest()

    def _answered(self, held: Held) -> Outcome | None:
        """Return what somebody has decided, if anybody has."""
        if by := self.book.aborted():
            self.book.over(held, ABORTED, by)
            return Outcome.of(Aborted(by), self.segment)
        if held.answer == ABORT:
            self.book.stopped(held.by)
            return Outcome.of(Aborted(held.by), self.segment)
        return Outcome() if held.answer == PROMOTE else None

    def _taken_up(self) -> tuple[Held, dict[str, Any]]:
        """Ask, or go on with what was asked before; the numbers stand beside the question."""
        tally = Tally(self.clock(), contrast=Contrast(self.tuning.max_error_ratio))
        ends = (self.clock() + self._hold).isoformat()
        facts = {
            "share": self._share,
            "ends": ends,
            "success_rate": self.tuning.success_rate,
            "tally": tally.document(),
            "cursor": {},
            "read_at": "",
            "state": State.LOOKING.value,
            "why": "",
            "wanted": wanted(tally, self._demands),
            "by_hand": "",
            "waits_since": "",
            "remind": self.tuning.remind.total_seconds(),
            "number": 1,
        }
        held = self._asked(facts)
        while held.answer == HOLD:
            held, _ = self._asked_again(held)
        return held, {**facts, **self.book.beside(held)}

    def _asked_again(self, held: Held) -> tuple[Held, dict[str, Any]]:
        """Ask anew after somebody held it; from then on it has no end of its own."""
        beside = dict(self.book.beside(held))
        since = self.clock().isoformat()
        facts = {**beside, "by_hand": held.by, "waits_since": since, "number": beside["number"] + 1}
        return self._asked(facts), facts

    def _asked(self, facts: Mapping[str, Any]) -> Held:
        key = f"canary-{self.segment.first}-{facts['number']}"
        why = f"{facts['share']} % have the release; it is compared with what the others are served."
        return self.book.ask(Question(key, HoldKind.CANARY, why, facts=facts))

    def _looked(self, held: Held, facts: dict[str, Any]) -> tuple[dict[str, Any], Finding]:
        """Look at the health, read the numbers where it is time for it, and write down what it comes to."""
        now, tally = self.clock(), Tally.read(facts["tally"])
        health = self._seen(now)
        due = not facts["read_at"] or now - datetime.fromisoformat(facts["read_at"]) >= self._every
        fresh = self._read(facts, tally, now) if due else facts
        tally = Tally.read(fresh["tally"])
        finding = judge(tally, self._demands, health, now)
        if finding.state is State.BLIND:
            fresh = {**fresh, "by_hand": fresh["by_hand"] or GONE}
        asks, asked = finding.state.asks, State(facts["state"]).asks
        fresh = {
            **fresh,
            "state": finding.state.value,
            "why": finding.why,
            "wanted": wanted(tally, self._demands),
            "waits_since": (facts["waits_since"] or now.isoformat()) if asks or fresh["by_hand"] else "",
        }
        if due or (fresh["state"], fresh["by_hand"]) != (facts["state"], facts["by_hand"]):
            loud = asks and (not asked or fresh["state"] != facts["state"])
            self.book.counted(held, fresh, _why(finding), loud=loud)
        return fresh, finding

    def _read(self, facts: dict[str, Any], tally: Tally, now: datetime) -> dict[str, Any]:
        try:
            reading, cursor = self.source.read(facts["cursor"], now, tally.compared_at or tally.began)
        except Blind as error:
            log.warning("the numbers cannot be told", extra={"why": str(error)})
            return {**facts, "tally": tally.blinded(str(error)).document(), "read_at": now.isoformat()}
        # The first reading only says where to begin; the time counts from there.
        fresh = tally.after(reading, self._demands) if reading else replace(tally, blind=0, blind_why="")
        return {**facts, "tally": fresh.document(), "cursor": cursor, "read_at": now.isoformat()}

    def _seen(self, now: datetime) -> Verdict:
        if self.health is None:
            return Verdict(Judgement.WELL)
        if self._looked_at is None or now - self._looked_at >= self.health.interval:
            fresh = self.look()
            self._samples = [*self._samples, *fresh][-KEPT * max(1, len(fresh)) :]
            self._looked_at = now
        return judge_health(self._samples, self.health, hold=timedelta(0))

    def _rest(self) -> None:
        interval = self.health.interval.total_seconds() if self.health else HEED_EVERY
        self.pause(max(0.05, min(interval, HEED_EVERY, self._every.total_seconds())))

    @property
    def _demands(self) -> Demands:
        tuning = self.tuning
        return Demands(
            success_rate=tuning.success_rate / 100,
            duration=self._hold,
            max_error_ratio=tuning.max_error_ratio,
            max_p95_ratio=tuning.max_p95_ratio,
            timed=bool(
                (tuning.metrics and tuning.metrics.p95) or (tuning.endpoint and tuning.endpoint.seconds) or tuning.log
            ),
        )

    @property
    def _every(self) -> timedelta:
        return self.tuning.interval or self.source.every

    @property
    def _hold(self) -> timedelta:
        step = self.segment.steps[0]
        return step.hold if isinstance(step, Compare) else timedelta(0)

    @property
    def _share(self) -> int:
        step = self.segment.steps[0]
        return step.share if isinstance(step, Compare) else 0


def _why(finding: Finding) -> str:
    return finding.why or "it is compared with the stable side"
