"""A book for the time without a database: hosts remember what is done under the same operation ids."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.holding import Held, Question
from bot.known import Known
from bot.outcome import Outcome
from deployers.health import Sample
from deployers.ports import Record
from deployers.runner import Attempt, Segment


class Memory:
    """Names operations as the rows will, and forgets everything with the process; the rows are written later."""

    def __init__(self, mark: str, known: Known | None = None) -> None:
        """Begin with what is known of a deployment's own attempts, or with nothing."""
        self._mark = mark
        self._known = known
        self._newest: dict[tuple[int, str], Attempt] = {}

    def intend_all(self, first: int, kinds: Sequence[str], targets: Sequence[str]) -> list[dict[str, Attempt]]:
        """Return the newest attempts: by step, then target."""
        return [
            {target: self._attempt(number, target) for target in targets} for number in range(first, first + len(kinds))
        ]

    def again(self, number: int, kind: str, target: str) -> Attempt:
        """Return one more attempt."""
        return self._put(number, target, self._attempt(number, target).number + 1)

    def settle(self, *records: Record) -> None:
        """Leave it to the host to remember."""

    def aborted(self) -> str:
        """Return nobody: what is played from memory is the way out itself."""
        return ""

    def looking(self, segment: Segment) -> list[Sample]:
        """Return nothing: looking begins anew."""
        return []

    def seen(self, segment: Segment, samples: Sequence[Sample]) -> None:
        """Leave it to the watch to remember."""

    def judged(self, segment: Segment, outcome: Outcome) -> None:
        """Leave it to the outcome."""

    def ask(self, question: Question) -> Held:
        """Ask nobody: what comes without an answer comes at once."""
        return Held(0, answer=question.otherwise)

    def heard(self, held: Held) -> Held:
        """Return the question as it was: nobody is heard without a database."""
        return held

    def over(self, held: Held, word: str, by: str = "") -> Held:
        """Answer it in mind only."""
        return replace(held, answer=word, by=by)

    def counts_down(self) -> None:
        """Show nothing."""

    def beside(self, held: Held) -> Mapping[str, Any]:
        """Return nothing: what was counted is in the rows."""
        return {}

    def counted(self, held: Held, facts: Mapping[str, Any], why: str, *, loud: bool) -> None:
        """Leave it to the watch to remember."""

    def stopped(self, by: str) -> None:
        """Leave it to the outcome."""

    def demand_lead(self) -> None:
        """Leave it to the hosts: they refuse whoever no longer leads."""

    def _attempt(self, number: int, target: str) -> Attempt:
        known = self._known.attempt(number, target) if self._known else None
        return self._newest.get((number, target)) or known or self._put(number, target, 1)

    def _put(self, number: int, target: str, attempt: int) -> Attempt:
        self._newest[number, target] = Attempt(f"{self._mark}.{number}.{target}.{attempt}", attempt)
        return self._newest[number, target]
