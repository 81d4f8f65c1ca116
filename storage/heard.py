"""What GitHub told us by itself: each delivery once."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, delete, select

from storage.models import HeardEvent
from storage.once import insert_once


def hear(session: Session, event: HeardEvent, *, forget: datetime) -> bool:
    """Keep an event, and forget those from before a time; False when this delivery was heard already."""
    session.exec(delete(HeardEvent).where(col(HeardEvent.at) < forget))
    return insert_once(session, event, "delivery") is not None


def newest(session: Session, run: int) -> int:
    """Return the number of the newest event about a run; 0 when there is none."""
    return session.exec(select(func.max(HeardEvent.id)).where(HeardEvent.run == run)).one() or 0
