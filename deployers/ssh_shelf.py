"""Connections that were opened to look at targets, kept for a moment for the deployment that may follow."""

from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Timer
from time import monotonic

import fabric
import paramiko

from deployers.environment import Host, Place

SECONDS = 300.0
"""So long a connection waits; each costs its thread's wakings and a sign of life every other second."""

Key = tuple[Host, str, str, str]
Later = Callable[[float, Callable[[], None]], object]


def key(host: Host, place: Place, key_file: str) -> Key:
    """Return what two connections must have in common for one to stand for the other."""
    return (host, place.user, place.known_hosts, key_file)


def _later(seconds: float, do: Callable[[], None]) -> None:
    timer = Timer(seconds, do)
    timer.daemon = True
    timer.start()


class Shelf:
    """At most one connection a target; whoever takes it has it for itself."""

    def __init__(
        self, *, seconds: float = SECONDS, clock: Callable[[], float] = monotonic, later: Later = _later
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._later = later
        self._lock = Lock()
        self._kept: dict[Key, tuple[float, fabric.Connection]] = {}
        self._swept_later = False

    def put(self, what: Key, connection: fabric.Connection) -> None:
        """Keep a connection; the one that was kept before is closed."""
        with self._lock:
            before = self._kept.pop(what, None)
            self._kept[what] = (self._clock() + self._seconds, connection)
            sweep, self._swept_later = not self._swept_later, True
        if before:
            _close(before[1])
        if sweep:
            self._later(self._seconds, self._sweep)

    def take(self, what: Key) -> fabric.Connection | None:
        """Return the connection that is kept, if it lives, and keep it no longer."""
        with self._lock:
            _, connection = self._kept.pop(what, (0.0, None))
        if connection is None or (connection.transport and connection.transport.is_active()):
            return connection
        _close(connection)
        return None

    def _sweep(self) -> None:
        with self._lock:
            now = self._clock()
            over = [what for what, (until, _) in self._kept.items() if until <= now]
            gone = [self._kept.pop(what)[1] for what in over]
            self._swept_later = bool(self._kept)
            wait = min((until - now for until, _ in self._kept.values()), default=0.0)
        for connection in gone:
            _close(connection)
        if wait:
            self._later(wait, self._sweep)


def _close(connection: fabric.Connection) -> None:
    with suppress(OSError, EOFError, paramiko.SSHException):
        connection.close()
