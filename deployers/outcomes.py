"""Writes down what became of operations on several targets at a time, each before its target is told of again."""

from collections.abc import Callable
from threading import Lock

from deployers.ports import Record


class Outcomes:
    """Who comes first writes for all that wait; a transaction a record would cost more than most steps do."""

    def __init__(self, settle: Callable[..., None]) -> None:
        """Remember what commits the records it is given, all or none."""
        self._settle = settle
        self._waiting: list[Record] = []
        self._writing = Lock()

    def write(self, record: Record) -> None:
        """Return once this outcome is committed; raises only what its own writing raised."""
        self._waiting.append(record)
        with self._writing:
            if not any(waits is record for waits in self._waiting):
                return
            together = tuple(self._waiting)
            try:
                self._settle(*together)
            except Exception:
                self._waiting.remove(record)
                if len(together) == 1:
                    raise
                # One that cannot be written must not stand in the way of the others: each tries for itself.
                self._settle(record)
            else:
                del self._waiting[: len(together)]
