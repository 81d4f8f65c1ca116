r"""The audit chain: who did what, each entry bound to the one before it.

An entry's hash is the SHA-256 (hex) of its canonical JSON: the object
`{"action", "actor", "at", "detail", "number", "previous", "subject"}` with sorted keys at every depth, no white space
(`,` and `:` as separators), ASCII only (`\\uXXXX` for everything else), `at` in UTC as `2026-11-24T09:00:00.000000Z`,
`previous` the hash before it and empty for entry 1. Numbers run from 1 without a gap.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlmodel import Session, col, select

from storage.anchor import Anchor
from storage.columns import plain
from storage.models import AuditEntry, AuditHead


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at the whole chain found."""

    entries: int
    """How many entries hold together, from the first."""
    head: str
    """The hash of the last of them."""
    broken_at: int | None = None
    """The number of the first entry that is missing, changed or out of place; None when the chain is whole."""
    why: str = ""


def record(
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str = "",
    detail: Mapping[str, Any] | None = None,
    at: datetime,
) -> AuditEntry:
    """Chain an act to the ones before it; call it last in a transaction, since the chain's head stays locked."""
    session.flush()
    head = session.exec(
        select(AuditHead).where(AuditHead.id == 1).with_for_update().execution_options(populate_existing=True)
    ).one()
    entry = AuditEntry(
        number=head.number + 1,
        at=at,
        actor=plain(actor),
        action=plain(action),
        subject=plain(subject),
        detail=json.loads(_compact(detail or {})),
        previous=head.hash,
        hash="",
    )
    entry.hash = digest(_document(entry))
    head.number, head.hash = entry.number, entry.hash
    session.add(entry)
    session.flush()
    return entry


def last(session: Session) -> int:
    """Return the number of the newest entry; 0 while there is none."""
    return session.exec(select(AuditHead.number).where(AuditHead.id == 1)).one()


def digest(document: Mapping[str, Any]) -> str:
    """Return the hash that belongs to an exported entry; its own `hash` is left out."""
    return sha256(canonical(document).encode()).hexdigest()


def canonical(document: Mapping[str, Any]) -> str:
    """Return the canonical JSON of an entry, as this module's docstring says."""
    return _compact({name: value for name, value in document.items() if name != "hash"})


def export(session: Session, *, after: int = 0, page: int = 500) -> Iterator[dict[str, Any]]:
    """Yield every entry as JSON-ready data, oldest first, so that anyone can check the chain without us.

    `page` entries are read at a time.
    """
    asked = select(AuditEntry).order_by(col(AuditEntry.number)).limit(page).execution_options(populate_existing=True)
    while rows := session.exec(asked.where(AuditEntry.number > after)).all():
        for entry in rows:
            yield {**_document(entry), "hash": entry.hash}
        after = rows[-1].number


def newest(session: Session, limit: int = 20) -> list[AuditEntry]:
    """Return the newest entries, newest first."""
    return list(session.exec(select(AuditEntry).order_by(col(AuditEntry.number).desc()).limit(limit)))


def about(session: Session, subject: str) -> list[AuditEntry]:
    """Return what was done to a subject such as `deployment:42`, oldest first."""
    return list(session.exec(select(AuditEntry).where(AuditEntry.subject == subject).order_by(col(AuditEntry.number))))


def verify(session: Session, anchors: Sequence[Anchor] = ()) -> Verified:
    """Check every link of the chain, its head, and the anchors that were kept outside the database."""
    expected: dict[int, set[str]] = {}
    for anchor in anchors:
        expected.setdefault(anchor.number, set()).add(anchor.hash)
    number, previous = 0, ""
    try:
        for entry in export(session):
            why = _fault(entry, number + 1, previous) or _against(expected, entry)
            if why:
                return Verified(number, previous, number + 1, why)
            number, previous = number + 1, str(entry["hash"])
    except (ValueError, TypeError) as error:
        return Verified(number, previous, number + 1, f"an entry cannot be read: {error}")
    return _at_the_end(session, expected, Verified(number, previous))


def _fault(entry: Mapping[str, Any], number: int, previous: str) -> str:
    if entry["number"] != number:
        return f"entry {number} is missing"
    if entry["previous"] != previous:
        return f"entry {number} does not follow the one before it"
    if entry["hash"] != digest(entry):
        return f"entry {number} was changed"
    return ""


def _against(expected: Mapping[int, set[str]], entry: Mapping[str, Any]) -> str:
    anchored = expected.get(entry["number"])
    return "" if anchored in (None, {entry["hash"]}) else f"entry {entry['number']} is not the one that was anchored"


def _at_the_end(session: Session, expected: Mapping[int, set[str]], whole: Verified) -> Verified:
    cut = whole.entries + 1
    if max(expected, default=0) > whole.entries:
        return Verified(whole.entries, whole.head, cut, f"entry {cut} is missing: the anchors know newer ones")
    head = session.exec(select(AuditHead).where(AuditHead.id == 1)).one_or_none()
    if head is None or (head.number, head.hash) != (whole.entries, whole.head):
        return Verified(whole.entries, whole.head, cut, f"entry {cut} is missing, or the chain's head was changed")
    return whole


def _document(entry: AuditEntry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": entry.detail,
        "previous": entry.previous,
    }


def _compact(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
