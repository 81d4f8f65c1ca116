"""Writes down a backup that a host has made, in the transaction in which that became known."""

from dataclasses import asdict
from datetime import datetime

from deployers.backups.answers import Made
from storage import backups
from storage.models import BackupRecord, BackupState
from storage.store import Session


def noted(session: Session, record: BackupRecord, made: Made, at: datetime) -> BackupRecord:
    """Write down that a backup is good, and which ones were deleted for it."""
    for name, value in asdict(made).items():
        if name not in ("name", "migrations", "pruned"):
            setattr(record, name, value)
    record.migrations, record.state, record.why = list(made.migrations), BackupState.GOOD, ""
    record.made_at = record.made_at or at
    record.verified_at = at
    kept = backups.put(session, record)
    backups.gone(session, record.environment, record.host, made.pruned)
    return kept


def before(number: int, environment: str, host: str, name: str, at: datetime) -> BackupRecord:
    """Return the row of a backup that a deployment makes first."""
    return BackupRecord(
        key=f"deployment:{number}:{name}",
        environment=environment,
        name=name,
        host=host,
        deployment_id=number,
        wanted_at=at,
    )
