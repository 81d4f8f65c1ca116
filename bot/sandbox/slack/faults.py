"""What goes wrong with Slack on demand."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import RLock
from time import monotonic


class Kind(StrEnum):
    """A way in which Slack can fail."""

    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    LOST_REPLY = "lost_reply"
    HANG = "hang"
    REFUSE = "refuse"
    ERROR = "error"
    """Answer with the error named in `detail`."""
    NO_SOCKETS = "no_sockets"
    """Take no new socket."""
    TWICE = "twice"
    """Deliver each envelope twice."""


LABELS = {
    Kind.RATE_LIMITED: ("Rate limited", "Slack answers 429 to everything; the bot must wait and try again."),
    Kind.SERVER_ERROR: ("Broken", "Slack answers 503 to everything."),
    Kind.REFUSE: ("Down", "Every connection to Slack breaks, and no new one is taken."),
    Kind.HANG: ("Hanging", "Slack takes requests and does not answer."),
    Kind.LOST_REPLY: ("Replies lost", "Slack does what the bot asks, but its answer never arrives."),
    Kind.TWICE: ("Everything twice", "Slack delivers every command and press two times."),
}
"""What can be switched on from the page, and what it does."""


@dataclass(slots=True)
class Fault:
    """One thing that is wrong now: with which methods, how often and how long."""

    kind: Kind
    methods: frozenset[str] = frozenset()
    """Empty means all."""
    times: int | None = None
    until: float | None = None
    detail: str = ""

    def concerns(self, method: str, now: float) -> bool:
        """Say whether the fault holds for a call now."""
        alive = (self.times is None or self.times > 0) and (self.until is None or now < self.until)
        return alive and (not self.methods or method in self.methods)


class Faults:
    """Hold what is wrong now; may be changed from any thread."""

    def __init__(
        self, clock: Callable[[], float] = monotonic, *, begun: Callable[[Kind], None] = lambda _kind: None
    ) -> None:
        self._clock = clock
        self._begun = begun
        self._lock = RLock()
        self._now: list[Fault] = []

    def add(
        self,
        kind: Kind | str,
        *methods: str,
        times: int | None = None,
        seconds: float | None = None,
        detail: str = "",
    ) -> None:
        """Let something go wrong: for some methods or all, some times or always, some seconds or until cleared."""
        until = None if seconds is None else self._clock() + seconds
        with self._lock:
            self._now.append(Fault(Kind(kind), frozenset(methods), times, until, detail))
        if not methods and times is None:
            self._begun(Kind(kind))

    def clear(self, kind: Kind | str | None = None) -> None:
        """Repair one kind of fault, or all."""
        with self._lock:
            self._now = [fault for fault in self._now if kind is not None and fault.kind != kind]

    def on(self, kind: Kind) -> bool:
        """Say whether a kind of fault holds for at least some methods."""
        with self._lock:
            now = self._clock()
            return any(fault.kind is kind and fault.concerns(next(iter(fault.methods), ""), now) for fault in self._now)

    def hit(self, method: str, *kinds: Kind) -> Fault | None:
        """Return the fault of these kinds that strikes this call, and count it."""
        with self._lock:
            now = self._clock()
            for fault in self._now:
                if fault.kind in kinds and fault.concerns(method, now):
                    fault.times = None if fault.times is None else fault.times - 1
                    return fault
        return None

    def holds(self, fault: Fault) -> bool:
        """Say whether a fault that struck was neither repaired nor is over."""
        with self._lock:
            return fault in self._now and (fault.until is None or self._clock() < fault.until)

    def seconds_left(self, fault: Fault) -> float:
        """Return how long a fault will still hold; one second when nobody knows."""
        return 1.0 if fault.until is None else max(fault.until - self._clock(), 0.0)

    def listed(self) -> list[dict[str, object]]:
        """Return each fault with its label, what it does and whether it is on, for the page."""
        return [
            {"name": f"slack.{kind}", "where": "slack", "label": label, "note": note, "on": self.on(kind)}
            for kind, (label, note) in LABELS.items()
        ]
