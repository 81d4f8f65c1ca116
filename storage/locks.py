"""Who holds an environment: one row, taken once, released only by its owner."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, col, delete, select, update

from storage.models import Lock
from storage.once import insert_once

ASKING = 7_274_001
"""Sets our advisory locks of PostgreSQL apart from others'."""


def one_at_a_time(session: Session, environment: str) -> None:
    """Let others who ask for this environment wait until this transaction ends; SQLite writes one at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(
            text("SELECT pg_advisory_xact_lock(:space, hashtext(:name))"), {"space": ASKING, "name": environment}
        )


def take(session: Session, environment: str, deployment_id: int, token: int, at: datetime) -> bool:
    """Take the environment for a deployment, or keep it (under the new token) if the deployment holds it already."""
    fresh = Lock(environment=environment, deployment_id=deployment_id, token=token, taken_at=at)
    if insert_once(session, fresh, "environment") is not None:
        return True
    kept = session.exec(
        update(Lock)
        .where(col(Lock.environment) == environment, col(Lock.deployment_id) == deployment_id)
        .values(token=token)
        .returning(col(Lock.environment))
    ).first()
    return kept is not None


def hand_over(session: Session, environment: str, *, from_: int, to: int) -> bool:
    """Pass the environment from a deployment to the rollback that undoes it; False if it did not hold it."""
    passed = session.exec(
        update(Lock)
        .where(col(Lock.environment) == environment, col(Lock.deployment_id) == from_)
        .values(deployment_id=to)
        .returning(col(Lock.environment))
    ).first()
    return passed is not None


def release(session: Session, environment: str, deployment_id: int) -> bool:
    """Let the environment go if this deployment holds it; nobody else's lock is ever touched."""
    gone = session.exec(
        delete(Lock)
        .where(col(Lock.environment) == environment, col(Lock.deployment_id) == deployment_id)
        .returning(col(Lock.environment))
    ).first()
    return gone is not None


def holder(session: Session, environment: str) -> Lock | None:
    """Return the lock on an environment."""
    return session.exec(
        select(Lock).where(Lock.environment == environment).execution_options(populate_existing=True)
    ).one_or_none()


def held(session: Session) -> list[Lock]:
    """Return every lock, the longest held first."""
    return list(session.exec(select(Lock).order_by(col(Lock.taken_at))))
