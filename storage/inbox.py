"""What people asked: written before it is acknowledged, run only if it was acknowledged in time."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, or_, select

from storage.columns import plain
from storage.errors import ClaimLost, NotFound
from storage.models import Asking, InboxRow, InboxState
from storage.once import insert_once

_APART = timedelta(minutes=1)
"""How far apart the clocks of two machines may be."""


def receive(session: Session, row: InboxRow) -> InboxRow | None:
    """Store a request and return it; None when it is here already."""
    row.text = plain(row.text)
    return insert_once(session, row, "key")


def acked(session: Session, row_id: int, at: datetime) -> bool:
    """Make a request eligible, now that its acknowledgement went out; False if it is void by now."""
    row = _locked(session, row_id)
    if row.state is not InboxState.RECEIVED:
        return False
    row.state, row.acked_at = InboxState.ELIGIBLE, at
    session.flush()
    return True


def void(session: Session, row_id: int, why: str, at: datetime) -> bool:
    """Decide that a request is never run; False if it ran already."""
    row = _locked(session, row_id)
    if row.state not in {InboxState.RECEIVED, InboxState.ELIGIBLE}:
        return False
    _finish(row, InboxState.VOID, why, at)
    session.flush()
    return True


def claim(session: Session, owner: str, *, now: datetime, until: datetime) -> InboxRow | None:
    """Claim the oldest request that may run, so that nobody else runs it until then.

    Eligible ones may, and those of an owner who has let its promise lapse; never one of ours, and none before an older
    one of the same person that is not ours.
    """
    row = session.exec(
        select(InboxRow)
        .where(_claimable(owner, now, until + _APART), ~_after_another(owner))
        .order_by(col(InboxRow.id))
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).first()
    if row is not None:
        row.state, row.owner, row.leased_until = InboxState.RUNNING, owner, until
        row.attempts += 1
        session.flush()
    return row


def next_lapse(session: Session, owner: str) -> datetime | None:
    """Return when the next promise of somebody else to be alive lapses, unless it is renewed."""
    running = select(func.min(InboxRow.leased_until)).where(InboxRow.state == InboxState.RUNNING)
    return session.exec(running.where(col(InboxRow.owner).is_distinct_from(owner))).one()


def renew(session: Session, owner: str, row_ids: Collection[int], until: datetime) -> None:
    """Promise once more to be alive; a row that is being written just now cannot be claimed and is left out."""
    rows = session.exec(
        select(InboxRow)
        .where(col(InboxRow.id).in_(row_ids), InboxRow.owner == owner, InboxRow.state == InboxState.RUNNING)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    for row in rows:
        row.leased_until = until
    session.flush()


def hold(session: Session, row_id: int, owner: str) -> None:
    """Make sure that a request is still ours to run, and let nobody claim it before this transaction ends.

    Raises:
        ClaimLost: another process runs it now.
    """
    row = _locked(session, row_id)
    if row.state is not InboxState.RUNNING or row.owner != owner:
        raise ClaimLost(row.key)


def done(session: Session, row_id: int, outcome: str, at: datetime) -> None:
    """Write down how a request ended: `ok`, or the code of what was shown."""
    _finish(_locked(session, row_id), InboxState.DONE, outcome, at)
    session.flush()


def void_unacked(session: Session, at: datetime, *, older_than: timedelta = timedelta(0)) -> list[InboxRow]:
    """Decide that requests without an acknowledgement are never run, and return them so that their authors are told."""
    rows = _in_state(session, InboxState.RECEIVED, until=at - older_than)
    for row in rows:
        _finish(row, InboxState.VOID, "not_acknowledged", at)
    session.flush()
    return rows


def backlog(session: Session) -> list[InboxRow]:
    """Return the requests that wait to be run, oldest first."""
    return list(session.exec(select(InboxRow).where(InboxRow.state == InboxState.ELIGIBLE).order_by(col(InboxRow.id))))


def has_asked(session: Session, person: str) -> bool:
    """Say whether somebody has ever typed a command, pressed a button or sent a form."""
    asked = select(InboxRow.id).where(InboxRow.person == person, InboxRow.kind != Asking.OPENED)
    return session.exec(asked.where(InboxRow.kind != Asking.MESSAGE).limit(1)).first() is not None


def _claimable(owner: str, now: datetime, latest: datetime) -> ColumnElement[bool]:
    # A promise for hours was given before the clock was set back; it would hold up its author's requests as long.
    until = col(InboxRow.leased_until)
    lapsed = or_(until.is_(None), until < now, until > latest)
    theirs = col(InboxRow.owner).is_distinct_from(owner)
    running = col(InboxRow.state) == InboxState.RUNNING
    return or_(col(InboxRow.state) == InboxState.ELIGIBLE, and_(running, lapsed, theirs))


def _after_another(owner: str) -> ColumnElement[bool]:
    older = aliased(InboxRow)
    theirs = and_(col(older.state) == InboxState.RUNNING, col(older.owner).is_distinct_from(owner))
    return (
        select(older.id)
        .where(col(older.person) == InboxRow.person, col(older.id) < InboxRow.id)
        .where(or_(col(older.state) == InboxState.ELIGIBLE, theirs))
        .exists()
    )


def _in_state(session: Session, state: InboxState, *, until: datetime | None = None) -> list[InboxRow]:
    asked = select(InboxRow).where(InboxRow.state == state).order_by(col(InboxRow.id)).with_for_update()
    if until is not None:
        asked = asked.where(InboxRow.received_at <= until)
    return list(session.exec(asked))


def _locked(session: Session, row_id: int) -> InboxRow:
    row = session.exec(
        select(InboxRow).where(InboxRow.id == row_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound("request", str(row_id))
    return row


def _finish(row: InboxRow, state: InboxState, outcome: str, at: datetime) -> None:
    row.state, row.outcome, row.finished_at = state, plain(outcome), at


def asked_since(session: Session, at: datetime) -> bool:
    """Say whether somebody has asked for anything since then."""
    newest = session.exec(select(InboxRow.received_at).order_by(col(InboxRow.id).desc()).limit(1)).first()
    return newest is not None and newest >= at
