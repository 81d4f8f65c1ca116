"""Who may run deployments; the epoch is the fencing token that targets check, and it only ever rises."""

from datetime import datetime

from sqlmodel import Session, col, select, update

from storage.models import Leadership


def epoch(session: Session, *, held: bool = False) -> int:
    """Return the newest fencing token; held, nobody raises it before this transaction ends."""
    if not held:
        return current(session).epoch
    asked = select(Leadership.epoch).where(Leadership.id == 1).with_for_update(read=True)
    return session.exec(asked).one()


def lead(session: Session, holder: str, at: datetime) -> int:
    """Begin a new reign and return its fencing token; whoever led before is fenced off."""
    return raise_fence(session, holder, at)


def raise_fence(session: Session, holder: str, at: datetime, to: int | None = None) -> int:
    """Raise the fencing token by one, or to `to` if that is higher, and return it."""
    row = session.exec(
        select(Leadership).where(Leadership.id == 1).with_for_update().execution_options(populate_existing=True)
    ).one()
    row.epoch = max(row.epoch + 1, to or 0)
    row.holder, row.beat_at = holder, at
    session.flush()
    return row.epoch


def beat(session: Session, epoch: int, at: datetime) -> bool:
    """Say that the leader of this epoch is alive; False when somebody else leads now."""
    alive = session.exec(
        update(Leadership).where(col(Leadership.epoch) == epoch).values(beat_at=at).returning(col(Leadership.id))
    ).first()
    return alive is not None


def current(session: Session) -> Leadership:
    """Return who leads, or led last."""
    return session.exec(select(Leadership).where(Leadership.id == 1).execution_options(populate_existing=True)).one()
