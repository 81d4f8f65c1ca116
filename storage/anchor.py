"""Anchors of the audit chain in a file outside the database, so that rewriting the database does not go unnoticed."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session, select

from storage.errors import AnchorUnreadable, StoreUnavailable
from storage.models import AuditHead

PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the chain's head was at some time."""

    number: int
    hash: str
    at: str


def of_head(session: Session, at: datetime) -> Anchor | None:
    """Return the chain's head as an anchor; None while the chain is empty."""
    head = session.exec(select(AuditHead).where(AuditHead.id == 1)).one()
    return Anchor(head.number, head.hash, at.astimezone(UTC).isoformat()) if head.number else None


def append(path: Path, anchor: Anchor) -> bool:
    """Add the anchor to the file, on disk before this returns; False when the file ends with this entry already."""
    try:
        kept = path.read_bytes() if path.exists() else b""
        whole = kept[: kept.rfind(b"\n") + 1]
        known = [_read(path, number, line) for number, line in enumerate(whole.splitlines(), 1)]
        if known and (known[-1].number, known[-1].hash) == (anchor.number, anchor.hash):
            return False
        _write(path, f"{json.dumps(asdict(anchor))}\n".encode(), keep=len(whole))
    except OSError as error:
        raise StoreUnavailable(str(path), f"{error.strerror}; the audit chain is not anchored") from error
    return True


def read(path: Path) -> tuple[Anchor, ...]:
    """Return the anchors of a file; a last line that a crash cut short is left out.

    Raises:
        AnchorUnreadable: another line is not an anchor.
    """
    try:
        kept = path.read_bytes()
    except OSError as error:
        raise StoreUnavailable(str(path), f"{error.strerror}; the anchors cannot be read") from error
    whole = kept[: kept.rfind(b"\n") + 1]
    return tuple(_read(path, number, line) for number, line in enumerate(whole.splitlines(), 1))


def _read(path: Path, number: int, line: bytes) -> Anchor:
    try:
        document = json.loads(line)
        return Anchor(int(document["number"]), str(document["hash"]), str(document["at"]))
    except (ValueError, KeyError, TypeError) as error:
        raise AnchorUnreadable(str(path), number) from error


def _write(path: Path, line: bytes, *, keep: int) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, PRIVATE)
    try:
        if os.fstat(descriptor).st_size > keep:
            os.ftruncate(descriptor, keep)  # the rest of a line that a crash cut short
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
