"""Emergencies that somebody has to look back on."""

from datetime import datetime

from sqlmodel import Session, col, select

from storage.models import Review
from storage.once import insert_once


def want(session: Session, review: Review) -> None:
    """Ask for a look back; the same deployment twice is one."""
    insert_once(session, review, "deployment_id")


def open_ones(session: Session) -> list[Review]:
    """Return what nobody has looked back on yet, oldest first."""
    return list(session.exec(select(Review).where(col(Review.done_at).is_(None)).order_by(col(Review.id))))


def of(session: Session, deployment_id: int) -> Review | None:
    """Return the look back on a deployment, if there has to be one."""
    return session.exec(select(Review).where(Review.deployment_id == deployment_id).with_for_update()).one_or_none()


def look(session: Session, deployment_id: int) -> Review | None:
    """Return the look back on a deployment as it is, if there has to be one."""
    return session.exec(select(Review).where(Review.deployment_id == deployment_id)).one_or_none()


def done(session: Session, review: Review, sentence: str, *, by: str, name: str, at: datetime) -> None:
    """Write down what came of looking back."""
    review.sentence, review.done_by, review.done_name, review.done_at = sentence, by, name, at
    session.add(review)
    session.flush()
