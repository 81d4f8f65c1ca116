"""What could not be said while Slack was away becomes one message a channel, and no flood."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from commands.views.words import when
from storage import outbox
from storage.models import OutboxRow, Saying
from storage.store import Session

STALE = timedelta(minutes=5)
"""How long something has to have waited before it may be said in short."""
MOST_APART = 3
"""How many late messages a channel takes one by one."""
_MOST_LINES = 20
_LONGEST_LINE = 300
_LINES, _SINCE, _LEFT_OUT = "digest", "since", "left_out"


def is_late(row: OutboxRow, now: datetime) -> bool:
    """Say whether a message has waited so long that it may be said together with others."""
    return row.kind in outbox.LOOSE and not row.in_thread and now - row.created_at > STALE


def is_digest(row: OutboxRow) -> bool:
    """Say whether a row stands for others; it may grow until it is out."""
    return _LINES in row.payload


def fold(session: Session, *, now: datetime, under_way: Collection[int]) -> None:
    """Have what has waited for long be said in one message a channel; what is being sent right now is left alone."""
    places: dict[tuple[Saying, str], list[OutboxRow]] = {}
    for row in outbox.loose(session):
        if row.id not in under_way:
            places.setdefault((row.kind, row.channel), []).append(row)
    for rows in places.values():
        if is_late(rows[0], now) and len(rows) > (1 if any(map(is_digest, rows)) else MOST_APART):
            _fold(session, rows, now)


def _fold(session: Session, rows: Sequence[OutboxRow], now: datetime) -> None:
    whole = next(filter(is_digest, rows), None)
    if whole is None:
        whole = _begun(rows[0], now)
        session.add(whole)
    parts = [row for row in rows if row is not whole]
    whole.payload = _payload(whole, parts)
    for row in parts:
        outbox.delivered(session, row.id or 0, ts="", at=now)


def _begun(first: OutboxRow, now: datetime) -> OutboxRow:
    return OutboxRow(
        kind=first.kind,
        key=f"late:{first.key}",
        channel=first.channel,
        payload={_LINES: []},
        next_at=now,
        created_at=first.created_at,
    )


def _payload(whole: OutboxRow, parts: Sequence[OutboxRow]) -> dict[str, object]:
    every = sorted([*whole.payload[_LINES], *(it for part in parts for it in _lines(part))])
    digests = [whole, *filter(is_digest, parts)]
    since = min(every[0][0], *(float(it.payload.get(_SINCE, every[0][0])) for it in digests))
    left_out = sum(int(it.payload.get(_LEFT_OUT, 0)) for it in digests) + max(0, len(every) - _MOST_LINES)
    lines = every[-_MOST_LINES:]
    text = "\n".join(_said(lines, since, left_out))
    return {"text": text, _LINES: lines, _SINCE: since, _LEFT_OUT: left_out}


def _said(lines: Sequence[Sequence[Any]], since: float, left_out: int) -> Iterator[str]:
    yield f"*Late, because I could not reach Slack since {_when(since)}.* What I would have said here, in short:"
    if left_out:
        yield f"… {left_out} earlier ones are left out"
    yield from (f"• {_when(at)}: {text}" for at, text in lines)
    yield "The cards show how each deployment stands now; `/deploy history` lists them."


def _lines(row: OutboxRow) -> list[list[Any]]:
    return row.payload[_LINES] if is_digest(row) else [_line(row)]


def _line(row: OutboxRow) -> list[Any]:
    first = str(row.payload.get("text") or "").strip().partition("\n")[0] or "(something without words)"
    short = first if len(first) <= _LONGEST_LINE else f"{first[: _LONGEST_LINE - 1]}…"
    return [row.created_at.timestamp(), short]


def _when(stamp: float) -> str:
    return when(datetime.fromtimestamp(stamp, UTC))
