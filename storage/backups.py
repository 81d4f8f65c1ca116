"""Backups of environments: wanted, made, found again by name, and gone."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from storage.errors import NotFound
from storage.models import FINISHED, BackupRecord, BackupState, Deployment, StoredPlan
from storage.once import insert_once


def newest(session: Session, environment: str) -> BackupRecord | None:
    """Return the newest backup that was read back whole and is still there."""
    return next(iter(good(session, environment, limit=1)), None)


def named(session: Session, environment: str, name: str) -> BackupRecord | None:
    """Return the backup of that name, whatever became of it."""
    return session.exec(
        select(BackupRecord).where(BackupRecord.environment == environment, BackupRecord.name == name)
    ).one_or_none()


def places(session: Session, name: str) -> list[str]:
    """Return the environments that have or had a backup of that name."""
    found = session.exec(select(BackupRecord.environment).where(BackupRecord.name == name))
    return sorted(found)


def good(session: Session, environment: str, *, limit: int = 10) -> list[BackupRecord]:
    """Return the backups that were read back whole and are still there, newest first."""
    return list(
        session.exec(
            select(BackupRecord)
            .where(BackupRecord.environment == environment, BackupRecord.state == BackupState.GOOD)
            .order_by(col(BackupRecord.name).desc())
            .limit(limit)
        )
    )


def want(session: Session, backup: BackupRecord) -> BackupRecord | None:
    """Write down that a backup shall be made; None when it was wanted already, or its name is taken."""
    if named(session, backup.environment, backup.name):
        return None
    return insert_once(session, backup, "key")


def wanted(session: Session) -> list[BackupRecord]:
    """Return the backups that nobody has made yet, oldest first; not those that deployments make."""
    return list(
        session.exec(
            select(BackupRecord)
            .where(BackupRecord.state == BackupState.WANTED, col(BackupRecord.deployment_id).is_(None))
            .order_by(col(BackupRecord.id))
        )
    )


def get_for_change(session: Session, number: int) -> BackupRecord:
    """Return a backup, and let nobody else change it before this transaction ends."""
    found = session.exec(
        select(BackupRecord)
        .where(BackupRecord.id == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("backup", str(number))
    return found


def put(session: Session, backup: BackupRecord) -> BackupRecord:
    """Write down what became of the backup of that name; saying the same again changes nothing."""
    known = named(session, backup.environment, backup.name)
    if known is None:
        session.add(backup)
        session.flush()
        return backup
    if known is not backup:
        for name in type(backup).model_fields:
            if name not in ("id", "key", "wanted_at", "by", "by_name", "channel", "operation", "attempt"):
                setattr(known, name, getattr(backup, name))
        session.add(known)
    session.flush()
    return known


def gone(session: Session, environment: str, host: str, names: Iterable[str]) -> None:
    """Write down that backups were deleted on a host."""
    found = session.exec(
        select(BackupRecord).where(
            BackupRecord.environment == environment, BackupRecord.host == host, col(BackupRecord.name).in_(list(names))
        )
    )
    for backup in found:
        backup.state = BackupState.GONE
        session.add(backup)


def promised(session: Session, environment: str) -> tuple[str, ...]:
    """Return the backups that a restore goes back to which has not ended: they are not deleted for newer ones."""
    plans = session.exec(
        select(StoredPlan)
        .join(Deployment, col(Deployment.id) == col(StoredPlan.deployment_id))
        .where(Deployment.environment == environment, col(Deployment.status).not_in(FINISHED))
    )
    names = (plan.document.get("restores", {}).get("backup", "") for plan in plans)
    return tuple(sorted({name for name in names if name}))


def last_wanted(session: Session, environment: str, since: datetime) -> BackupRecord | None:
    """Return the newest backup that is wanted since then and not made yet."""
    return session.exec(
        select(BackupRecord)
        .where(
            BackupRecord.environment == environment,
            BackupRecord.state == BackupState.WANTED,
            col(BackupRecord.wanted_at) >= since,
        )
        .where(col(BackupRecord.deployment_id).is_(None))
        .order_by(col(BackupRecord.id).desc())
        .limit(1)
    ).first()
