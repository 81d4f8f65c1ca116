"""Audit entries on disk while the database is away: a file whose room is there before it is needed.

The file is written full of blanks when it is made, and entries overwrite blanks in place, so that a full disk cannot
refuse them. Each is one line: a mark (`+` waits, `-` is in the chain), the CRC-32 of the JSON, a blank, the JSON.
A line that a crash cut short fails its checksum and was never promised to anybody.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zlib import crc32

from sqlmodel import Session

from storage import audit
from storage.errors import SpoolFull, StoreUnavailable
from storage.models import SpooledEntry
from storage.once import insert_once
from storage.store import Store

ROOM = 64 * 1024
PRIVATE = 0o600
_WAITS, _CHAINED, _BLANK, _END = b"+", b"-", b" ", b"\n"


@dataclass(frozen=True, slots=True)
class Spooled:
    """One act that waits to be chained in."""

    id: str
    at: str
    actor: str
    action: str
    subject: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    mark: bytes
    entry: Spooled


class Spool:
    """The spool file; safe to use from several processes at once."""

    def __init__(self, path: Path, *, room: int = ROOM) -> None:
        """Remember where the file is and how much room it shall have."""
        self._path = path
        self._room = room

    def reserve(self) -> None:
        """Make the file and its room; call it at every start, while the disk has some."""
        with self._locked() as descriptor:
            size = os.fstat(descriptor).st_size
            if size < self._room:
                self._put(descriptor, size, _BLANK * (self._room - size))

    def add(
        self,
        *,
        actor: str,
        action: str,
        subject: str = "",
        detail: Mapping[str, Any] | None = None,
        at: datetime,
        entry_id: str = "",
    ) -> str:
        """Write an act down, on disk before this returns, and return its id; the same id twice is one entry.

        Raises:
            SpoolFull: the room is used up and the disk gives no more.
        """
        entry = Spooled(entry_id or uuid4().hex, at.isoformat(), actor, action, subject, dict(detail or {}))
        with self._locked() as descriptor:
            content = _read(descriptor)
            if any(line.entry.id == entry.id for line in _lines(content)):
                return entry.id
            end = content.rfind(_END) + 1
            # What a crash left behind the last line is blanked with it.
            self._put(descriptor, end, _written(entry, at_least=len(content[end:].rstrip(_BLANK))))
        return entry.id

    def pending(self) -> tuple[Spooled, ...]:
        """Return what waits to be chained in, oldest first."""
        if not self._path.exists():
            return ()
        with self._locked() as descriptor:
            return tuple(line.entry for line in _lines(_read(descriptor)) if line.mark == _WAITS)

    def chain_in(self, session: Session) -> tuple[str, ...]:
        """Chain in what waits, each entry once however often this is done; return the ids.

        Call `forget` with them after the commit, never before.
        """
        waiting = self.pending()
        for spooled in waiting:
            mark = insert_once(session, SpooledEntry(id=spooled.id, number=0), "id")
            if mark is None:
                continue
            entry = audit.record(
                session,
                actor=spooled.actor,
                action=spooled.action,
                subject=spooled.subject,
                detail={**spooled.detail, "spooled": spooled.id},
                at=datetime.fromisoformat(spooled.at),
            )
            mark.number = entry.number
        session.flush()
        return tuple(spooled.id for spooled in waiting)

    def forget(self, ids: Sequence[str]) -> None:
        """Mark entries as chained in; once all are, their room is blank again."""
        done = set(ids)
        with self._locked() as descriptor:
            content = _read(descriptor)
            lines = list(_lines(content))
            for line in lines:
                if line.mark == _WAITS and line.entry.id in done:
                    self._put(descriptor, line.start, _CHAINED)
            if all(line.mark == _CHAINED or line.entry.id in done for line in lines):
                self._put(descriptor, 0, _BLANK * (content.rfind(_END) + 1))

    def drain(self, store: Store) -> int:
        """Chain in what waits, in a transaction of its own; return how many entries that were."""
        if not self.pending():
            return 0
        with store.begin() as session:
            ids = self.chain_in(session)
        self.forget(ids)
        return len(ids)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        try:
            descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, PRIVATE)
        except OSError as error:
            raise StoreUnavailable(str(self._path), f"the audit spool cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _put(self, descriptor: int, start: int, what: bytes) -> None:
        try:
            done = 0
            while done < len(what):
                done += os.pwrite(descriptor, what[done:], start + done)
            os.fsync(descriptor)
        except OSError as error:
            raise SpoolFull(str(self._path), error.strerror or str(error)) from error


def _read(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _written(entry: Spooled, *, at_least: int) -> bytes:
    text = json.dumps(asdict(entry), ensure_ascii=True).encode()
    line = _WAITS + f"{crc32(text):08x} ".encode() + text
    return line.ljust(at_least, _BLANK) + _END


def _lines(content: bytes) -> Iterator[_Line]:
    start = 0
    while (end := content.find(_END, start)) >= 0:
        mark, checksum, text = content[start : start + 1], content[start + 1 : start + 9], content[start + 10 : end]
        text = text.rstrip(_BLANK)
        if mark in {_WAITS, _CHAINED} and checksum == f"{crc32(text):08x}".encode():
            yield _Line(start, mark, Spooled(**json.loads(text)))
        start = end + 1
