"""The real remote: hosts over SSH, each step under the host's own wrapper."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Lock
from time import monotonic

import httpx

from deployers import ssh_http, ssh_wire
from deployers.environment import Host, Place
from deployers.errors import Fenced, HostLocked, NoRoom, Undecided, Unreachable
from deployers.ports import Answer, Authority, Clock, Fate, Operation, Record
from deployers.ssh_dialogue import hold, status
from deployers.ssh_line import Access, Line, Lost, Patience
from deployers.ssh_shelf import Key, Shelf, key

ANSWER = 64 * 1024
"""So much of a read-only command's output is kept."""
WASTE = 16 * 1024 * 1024
"""So much more of it is read and dropped before we hang up."""
ABORT = timedelta(seconds=60)
SHORT = timedelta(seconds=30)
LOSSES = 20
"""After so many within one conversation something is wrong that patience will not mend."""


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where connections are taken from instead of being opened, and where they are left instead of being closed."""

    take: Shelf | None = None
    leave: Shelf | None = None


NO_SHELVES = Shelves()


def _utc() -> datetime:
    return datetime.now(UTC)


def _record(host: Host, line: bytes) -> Record:
    try:
        return ssh_wire.record(line)
    except ssh_wire.Garbled as error:
        raise Unreachable(host.name, f"its wrapper says what it never says: {error}") from error


class SshRemote:
    """The targets of one environment over SSH; implements `deployers.ports.Remote`."""

    def __init__(
        self,
        place: Place,
        *,
        key_file: str,
        patience: Patience | None = None,
        pause: Callable[[float], object] | None = None,
        clock: Clock = _utc,
        shelves: Shelves = NO_SHELVES,
    ) -> None:
        self._access = Access(place, key_file, patience or Patience())
        self._closed = Event()
        self._pause = pause or self._closed.wait
        self._clock = clock
        self._shelves = shelves
        self._lines: dict[str, Line] = {}
        self._lock = Lock()

    def perform(
        self,
        host: Host,
        operations: Sequence[Operation],
        authority: Authority,
        *,
        heard: Callable[[Record], None] = lambda _: None,
    ) -> tuple[Record, ...]:
        if not operations:
            return ()
        told: dict[str, Record] = {}
        allowed = sum((operation.deadline for operation in operations), timedelta())
        words = ("perform", authority.deployment, str(authority.token))
        with closing(self._told(host, words, ssh_wire.batch(operations), within=allowed)) as lines:
            for record in (_record(host, line) for line in lines):
                if told.get(record.id) != record:
                    told[record.id] = record
                    heard(record)
        return tuple(told.get(operation.id, Record(operation.id, Fate.ABSENT)) for operation in operations)

    def records(self, host: Host, ids: Sequence[str]) -> tuple[Record, ...]:
        if not ids:
            return ()
        told = tuple(self._told(host, ("records", *ids)))
        found = {record.id: record for record in (_record(host, line) for line in told)}
        return tuple(found.get(id_, Record(id_, Fate.ABSENT)) for id_ in ids)

    def abort(self, host: Host, authority: Authority) -> None:
        for line in tuple(self._told(host, ("abort", authority.deployment, str(authority.token)), within=ABORT)):
            self._refused(host, line, authority)

    def lock(self, host: Host, owner: str, authority: Authority) -> None:
        since = self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        for line in tuple(self._told(host, ("lock", ssh_wire.packed(owner), str(authority.token), since))):
            self._refused(host, line, authority)

    def unlock(self, host: Host, owner: str) -> None:
        tuple(self._told(host, ("unlock", ssh_wire.packed(owner))))

    def ask(self, host: Host, script: str, *, deadline: timedelta = timedelta(seconds=20)) -> Answer:
        seconds = max(1, round(deadline.total_seconds()))
        for last in (False, True):
            try:
                return self._answer(host, script, seconds)
            except Lost as lost:
                if last:
                    raise Unreachable(host.name, f"the connection was lost: {lost}") from lost
        raise AssertionError  # pragma: no cover

    @contextmanager
    def http(self, host: Host) -> Iterator[httpx.Client]:
        with ssh_http.client(host, self._line(host).tunnel) as client:
            yield client

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            lines = tuple(self._lines.values())
            self._lines.clear()
        for line in lines:
            if self._shelves.leave and (connection := line.leave()):
                self._shelves.leave.put(self._key(line.host), connection)
            line.drop()

    def _line(self, host: Host) -> Line:
        with self._lock:
            if self._closed.is_set():
                raise Unreachable(host.name, "this remote was closed")
            if host.name not in self._lines:
                kept = self._shelves.take.take(self._key(host)) if self._shelves.take else None
                self._lines[host.name] = Line(host, self._access, pause=self._pause, connection=kept)
            return self._lines[host.name]

    def _key(self, host: Host) -> Key:
        return key(host, self._access.place, self._access.key_file)

    def _told(
        self, host: Host, words: tuple[str, ...], stdin: bytes = b"", *, within: timedelta = SHORT
    ) -> Generator[bytes, None, None]:
        """Yield what the wrapper answers; over a mended connection it is asked again, and tells everything again."""
        line = self._line(host)
        until = monotonic() + within.total_seconds() + self._access.patience.slack
        broken = 0
        while True:
            try:
                yield from hold(line, self._access.place.path, words, stdin, until)
            except Lost as lost:
                broken += 1
                if monotonic() > until or broken > LOSSES:
                    raise Unreachable(host.name, f"the connection was lost too often: {lost}") from lost
                line.mend()
            else:
                return

    def _refused(self, host: Host, line: bytes, authority: Authority) -> None:
        match line.decode(errors="replace").split(" "):
            case ["!", "fenced", newest]:
                raise Fenced(host.name, authority.token, int(newest))
            case ["!", "locked", owner, since]:
                raise HostLocked(host.name, ssh_wire.unpacked(owner), since)
            case ["!", "stuck", *ids]:
                raise Undecided(host.name, ", ".join(filter(None, ids)), "it would not stop, even when it was killed")
            case _:
                raise NoRoom(host.name, line.decode(errors="replace"))

    def _answer(self, host: Host, script: str, seconds: int) -> Answer:
        line = self._line(host)
        with line.session(ssh_wire.read_only(seconds)) as channel:
            channel.settimeout(seconds + self._access.patience.connect)
            channel.sendall(script.encode())
            channel.shutdown_write()
            output, wasted = b"", 0
            until = monotonic() + seconds + self._access.patience.connect
            while (chunk := channel.recv(32768)) and wasted < WASTE and monotonic() < until:
                wasted += max(0, len(output) + len(chunk) - ANSWER)
                output = (output + chunk)[:ANSWER]
            return Answer(-1 if chunk else status(channel), output.decode(errors="replace"))
