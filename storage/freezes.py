"""Freezes that people put on environments, and lift."""

from datetime import datetime

from sqlmodel import Session, col, select

from storage.models import FreezeRecord


def in_force(session: Session, environment: str, now: datetime) -> FreezeRecord | None:
    """Return the freeze that holds an environment now."""
    found = unlifted(session, environment)
    return found if found and found.holds(now) else None


def put(session: Session, freeze: FreezeRecord, *, deployment: int | None = None) -> FreezeRecord | None:
    """Freeze an environment; None where a freeze holds it already, which stays as it is."""
    freeze.deployment_id = deployment
    before = _locked(session, freeze.environment)
    if before and before.holds(freeze.since):
        return None
    if before:
        before.lifted_by, before.lifted_at = "shipmate", before.until
        session.add(before)
        session.flush()
    session.add(freeze)
    session.flush()
    return freeze


def lift(session: Session, environment: str, *, by: str, name: str, at: datetime) -> FreezeRecord | None:
    """Lift the freeze that holds an environment, and return it; None where none does."""
    found = _locked(session, environment)
    if found is None or not found.holds(at):
        return None
    found.lifted_by, found.lifted_name, found.lifted_at = by, name, at
    session.add(found)
    session.flush()
    return found


def unlifted(session: Session, environment: str) -> FreezeRecord | None:
    """Return the freeze that nobody has lifted; its time may be over."""
    return session.exec(
        select(FreezeRecord).where(FreezeRecord.environment == environment, col(FreezeRecord.lifted_at).is_(None))
    ).one_or_none()


def _locked(session: Session, environment: str) -> FreezeRecord | None:
    return session.exec(
        select(FreezeRecord)
        .where(FreezeRecord.environment == environment, col(FreezeRecord.lifted_at).is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
