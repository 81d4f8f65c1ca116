"""The questions on which deployments wait: asked once, answered once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select, update

from storage.errors import NotFound
from storage.models import ANSWERS, BY_ITSELF, OVERTAKEN, Deployment, Hold, HoldKind, Status
from storage.once import insert_once

_HELD_FROM = frozenset({Status.RUNNING, Status.VERIFYING})


def open_(  # noqa: PLR0913 - one row, and all of it is named where it is called
    session: Session,
    deployment: Deployment,
    kind: HoldKind,
    *,
    key: str,
    why: str,
    at: datetime,
    until: datetime | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Hold:
    """Ask, or return the same question as it was asked before; while it is open, what runs is HOLDING."""
    found = asked(session, deployment.number, key)
    if found is None:
        # One question at a time: what was asked before and left open, by a crash, is overtaken by events.
        if (left := current(session, deployment.number)) is not None:
            answer(session, left.number, OVERTAKEN, by="shipmate", at=at)
        fresh = Hold(
            deployment_id=deployment.number,
            key=key,
            kind=kind,
            why=why,
            facts=dict(facts or {}),
            since=at,
            until=until,
        )
        found = insert_once(session, fresh, "deployment_id", "key") or get(session, deployment.number, key)
    if found.open and deployment.status in _HELD_FROM:
        deployment.advance(Status.HOLDING, at=at)
    return found


def tell(session: Session, hold_id: int, facts: Mapping[str, Any], *, why: str) -> None:
    """Write down what stands beside a question by now."""
    found = numbered(session, hold_id)
    found.facts, found.why = dict(facts), why
    session.add(found)


def asked(session: Session, deployment_id: int, key: str) -> Hold | None:
    """Return a question of a deployment as it is now, if it was asked."""
    return session.exec(
        select(Hold)
        .where(Hold.deployment_id == deployment_id, Hold.key == key)
        .execution_options(populate_existing=True)
    ).one_or_none()


def get(session: Session, deployment_id: int, key: str) -> Hold:
    """Return a question that was asked."""
    found = asked(session, deployment_id, key)
    if found is None:
        raise NotFound("hold", f"{key} of deployment {deployment_id}")
    return found


def numbered(session: Session, hold_id: int) -> Hold:
    """Return a question as it is now."""
    found = session.get(Hold, hold_id, populate_existing=True)
    if found is None:
        raise NotFound("hold", str(hold_id))
    return found


def current(session: Session, deployment_id: int) -> Hold | None:
    """Return the question that a deployment waits on now."""
    return session.exec(
        select(Hold)
        .where(Hold.deployment_id == deployment_id, col(Hold.answer).is_(None))
        .execution_options(populate_existing=True)
    ).one_or_none()


def timed(session: Session) -> bool:
    """Say whether any open question has an end."""
    asked = select(Hold.id).where(col(Hold.answer).is_(None), col(Hold.until).is_not(None)).limit(1)
    return session.exec(asked).first() is not None


def of(session: Session, deployment_id: int) -> list[Hold]:
    """Return every question of a deployment, oldest first."""
    return list(session.exec(select(Hold).where(Hold.deployment_id == deployment_id).order_by(col(Hold.id))))


def answer(session: Session, hold_id: int, word: str, *, by: str, at: datetime, name: str = "") -> bool:
    """Answer a question if nobody has; False if somebody was first. Who calls writes the audit entry.

    Raises:
        ValueError: that is an answer to another kind of question.
    """
    kind = numbered(session, hold_id).kind
    if word not in ANSWERS[kind] and word not in BY_ITSELF:
        raise ValueError(f"{word!r} is no answer to a question of the kind {kind}")
    first = session.exec(
        update(Hold)
        .where(col(Hold.id) == hold_id, col(Hold.answer).is_(None))
        .values(answer=word, answered_by=by, answered_name=name, answered_at=at)
        .returning(col(Hold.id))
    ).first()
    return first is not None
