"""What goes wrong with GitHub on demand."""

from dataclasses import dataclass
from enum import StrEnum
from threading import RLock


class Kind(StrEnum):
    """A way in which GitHub can fail."""

    BROKEN = "broken"
    """Answer 502 and do nothing."""
    BROKEN_AFTER = "broken_after"
    """Do what was asked, and answer 502."""
    RESET = "reset"
    """Break the connection and do nothing."""
    LOST_REPLY = "lost_reply"
    """Do what was asked, and break the connection."""
    HANG = "hang"
    """Take the request and answer nothing."""
    HANG_AFTER = "hang_after"
    """Do what was asked, and answer nothing."""
    SLOW = "slow"
    """Take the request, and do it only after some seconds, which `detail` says, whoever waits by then."""
    NO_DETAILS = "no_details"
    """Start a run and say nothing about it, as servers did before February 2026."""
    LATE = "late"
    """Start a run that lists show only after some seconds, which `detail` says."""
    LIMIT = "limit"
    """The hour's requests are used up."""
    SECONDARY_LIMIT = "secondary_limit"
    """Too much at once; `detail` is what Retry-After says, if it says anything."""
    STATUS = "status"
    """Answer with the status in `detail`."""


BEFORE = (Kind.BROKEN, Kind.RESET, Kind.HANG, Kind.LIMIT, Kind.SECONDARY_LIMIT, Kind.STATUS)
AFTER = (Kind.BROKEN_AFTER, Kind.LOST_REPLY, Kind.HANG_AFTER)


@dataclass(slots=True)
class Fault:
    """One thing that is wrong now: with which calls, on which page of a list, and how often still."""

    kind: Kind
    calls: frozenset[str] = frozenset()
    """Empty means all."""
    page: int = 0
    times: int | None = None
    detail: str = ""

    def concerns(self, call: str, page: int) -> bool:
        """Say whether the fault strikes this call."""
        alive = self.times is None or self.times > 0
        return alive and (not self.calls or call in self.calls) and self.page in (0, page)


class Faults:
    """Hold what is wrong now; may be changed from any thread."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._now: list[Fault] = []

    def add(self, kind: Kind | str, *calls: str, page: int = 0, times: int | None = None, detail: str = "") -> None:
        """Let something go wrong with some calls or all, on one page or any, some times or until cleared."""
        with self._lock:
            self._now.append(Fault(Kind(kind), frozenset(calls), page, times, detail))

    def clear(self, kind: Kind | None = None, page: int = 0) -> None:
        """Repair everything, or one kind of fault on that page or on any."""
        with self._lock:
            self._now = [] if kind is None else [it for it in self._now if (it.kind, it.page) != (kind, page)]

    def hit(self, call: str, page: int, *kinds: Kind) -> Fault | None:
        """Return the fault of these kinds that strikes this call, and count it."""
        with self._lock:
            for fault in self._now:
                if fault.kind in kinds and fault.concerns(call, page):
                    fault.times = None if fault.times is None else fault.times - 1
                    return fault
        return None

    def holds(self, fault: Fault) -> bool:
        """Say whether a fault that struck was not repaired since."""
        with self._lock:
            return fault in self._now
