"""Where it is written down what is sent to a host to switch its maintenance, and what became of that."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from deployers.ports import Fate, Record
from deployers.runner import Attempt
from storage.models import MaintenanceSwitch, Told
from storage.store import Session

Change = Callable[[int], AbstractContextManager[tuple[Session, MaintenanceSwitch]]]
_CAME_TO_NOTHING = frozenset({"failed", "unknown"})


@dataclass(frozen=True, slots=True)
class Book:
    """The journal of one switch, in its row; each call is one transaction."""

    change: Change
    number: int

    def intend_all(self, first: int, kinds: Sequence[str], targets: Sequence[str]) -> list[dict[str, Attempt]]:
        """Commit the intent to switch these targets, or return the attempts that exist."""
        with self.change(self.number) as (_, switch):
            told = {target: _intended(switch, target) for target in targets}
        return [{target: _attempt(it) for target, it in told.items()}]

    def again(self, number: int, kind: str, target: str) -> Attempt:
        """Commit one more attempt after an earlier one that came to nothing."""
        with self.change(self.number) as (_, switch):
            return _attempt(_next(switch, target))

    def settle(self, *records: Record) -> None:
        """Commit what became of operations; saying the same again changes nothing."""
        with self.change(self.number) as (_, switch):
            for record in records:
                for target, told in switch.told.items():
                    if told.operation == record.id:
                        switch.tell(target, replace(told, settled=_settled(record)))

    def aborted(self) -> str:
        """Return nothing: nobody stops a switch half way."""
        return ""


def _intended(switch: MaintenanceSwitch, target: str) -> Told:
    told = switch.told.get(target)
    return told if told and told.operation and told.settled not in _CAME_TO_NOTHING else _next(switch, target)


def _next(switch: MaintenanceSwitch, target: str) -> Told:
    before = switch.told.get(target)
    attempt = before.attempt + 1 if before and before.operation else 1
    told = Told(f"{switch.mark}.0.{target}.{attempt}", attempt)
    switch.tell(target, told)
    return told


def _attempt(told: Told) -> Attempt:
    return Attempt(told.operation, told.attempt, "" if told.settled == "unknown" else told.settled)


def _settled(record: Record) -> str:
    match record.fate:
        case Fate.EXITED:
            return "succeeded" if record.exit_code == 0 else "failed"
        case Fate.UNKNOWN:
            return "unknown"
        case _:
            return ""
