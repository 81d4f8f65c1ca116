"""What has to be said to the outside: written in the transaction that made it true, delivered afterwards."""

from datetime import datetime

from sqlmodel import Session, col, select

from storage.columns import plain
from storage.errors import NotFound
from storage.models import Deployment, OutboxRow, OutboxState, Saying
from storage.once import insert_once

LOOSE = frozenset({Saying.POST, Saying.ALERT})
"""What may be said in a channel outside of threads."""


def card(session: Session, deployment: Deployment, *, channel: str, at: datetime) -> OutboxRow:
    """Ask for the deployment's one message to be posted, or brought up to the deployment's version."""
    fresh = OutboxRow(
        kind=Saying.CARD,
        key=card_key(deployment.number),
        deployment_id=deployment.number,
        channel=channel,
        wanted=deployment.version,
        next_at=at,
        created_at=at,
    )
    stored = insert_once(session, fresh, "key")
    if stored is not None:
        return stored
    known = _locked(session, OutboxRow.key == fresh.key, fresh.key)
    known.wanted = max(known.wanted, deployment.version)
    if known.state is not OutboxState.WAITING:
        known.state, known.next_at, known.error = OutboxState.WAITING, at, ""
    session.flush()
    return known


def card_key(deployment_id: int) -> str:
    """Return the key under which a deployment's card is known, here and in Slack."""
    return f"card:{deployment_id}"


def say(session: Session, row: OutboxRow) -> OutboxRow | None:
    """Store a message to be delivered; None when the same thing has been said already."""
    return insert_once(session, row, "key")


def said(session: Session, key: str) -> bool:
    """Say whether something with this key is said already, or about to be."""
    return session.exec(select(OutboxRow.id).where(OutboxRow.key == key)).first() is not None


def get(session: Session, row_id: int) -> OutboxRow:
    """Return a message as it is."""
    found = session.get(OutboxRow, row_id)
    if found is None:
        raise NotFound("message", str(row_id))
    return found


def due(session: Session, at: datetime, limit: int = 50) -> list[OutboxRow]:
    """Return the messages to deliver now: alerts first, then what has waited longest."""
    return list(
        session.exec(
            select(OutboxRow)
            .where(OutboxRow.state == OutboxState.WAITING, OutboxRow.next_at <= at)
            .order_by((col(OutboxRow.kind) == Saying.ALERT).desc(), col(OutboxRow.next_at), col(OutboxRow.id))
            .limit(limit)
        )
    )


def loose(session: Session) -> list[OutboxRow]:
    """Return what waits to be said in channels, outside of threads, oldest first."""
    return list(
        session.exec(
            select(OutboxRow)
            .where(OutboxRow.state == OutboxState.WAITING, col(OutboxRow.kind).in_(LOOSE))
            .where(col(OutboxRow.in_thread).is_(False))
            .order_by(col(OutboxRow.created_at), col(OutboxRow.id))
        )
    )


def next_due(session: Session) -> datetime | None:
    """Return when the next message wants to be delivered."""
    return session.exec(
        select(OutboxRow.next_at)
        .where(OutboxRow.state == OutboxState.WAITING)
        .order_by(col(OutboxRow.next_at))
        .limit(1)
    ).first()


def trying(session: Session, row_id: int) -> OutboxRow:
    """Write down, before the first try, that a message may have reached the outside even if nobody hears of it."""
    row = _by_id(session, row_id)
    row.attempts = max(row.attempts, 1)
    session.flush()
    return row


def delivered(
    session: Session,
    row_id: int,
    *,
    ts: str,
    at: datetime,
    shown: int | None = None,
) -> OutboxRow:
    """Write down that a message is out; a card goes on waiting when more has happened since `shown`."""
    row = _by_id(session, row_id)
    row.ts = ts or row.ts
    row.shown = max(row.shown, row.wanted if shown is None else shown)
    row.attempts, row.error, row.delivered_at = 0, "", at
    if row.shown >= row.wanted:
        row.state = OutboxState.DELIVERED
    else:
        row.state, row.next_at = OutboxState.WAITING, at
    session.flush()
    return row


def failed(session: Session, row_id: int, *, error: str, next_at: datetime) -> OutboxRow:
    """Write down that a try did not work, and when to try again."""
    row = _by_id(session, row_id)
    row.attempts += 1
    row.error, row.next_at = plain(error), next_at
    session.flush()
    return row


def give_up(session: Session, row_id: int, *, error: str, at: datetime) -> OutboxRow:
    """Decide that a message cannot be delivered; a card comes back when its deployment changes again."""
    row = _by_id(session, row_id)
    row.state, row.error, row.next_at = OutboxState.GIVEN_UP, plain(error), at
    session.flush()
    return row


def card_of(session: Session, deployment_id: int) -> OutboxRow | None:
    """Return a deployment's card."""
    return session.exec(select(OutboxRow).where(OutboxRow.key == card_key(deployment_id))).one_or_none()


def undelivered(session: Session) -> list[OutboxRow]:
    """Return what has not been said: waiting or given up, oldest first."""
    return list(
        session.exec(select(OutboxRow).where(OutboxRow.state != OutboxState.DELIVERED).order_by(col(OutboxRow.id)))
    )


def _by_id(session: Session, row_id: int) -> OutboxRow:
    return _locked(session, OutboxRow.id == row_id, str(row_id))


def _locked(session: Session, which: bool, named: str) -> OutboxRow:
    row = session.exec(
        select(OutboxRow).where(which).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound("message", named)
    return row
