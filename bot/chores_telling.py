"""What people are told of backups and drills, written down in the transaction that made it true."""

from datetime import datetime

from bot.change import ME, Changes
from commands.views import backups as view
from storage import audit, outbox
from storage.models import BackupRecord, BackupState, DrillRecord, DrillState, OutboxRow, Saying
from storage.store import Session

NO_DATABASE = (
    "The database in it was not tried, because I do not know where to fill one: write `engine` and `live` below"
    " `[environments.….backup]`."
)


def backed_up(session: Session, backup: BackupRecord, changes: Changes) -> None:
    """Say what came of a backup that was asked for; a failure of the clock's is loud."""
    at, good = changes.clock(), backup.state is BackupState.GOOD
    channel = backup.channel or changes.channel
    _say(session, f"backup:{backup.number}:{backup.state}", view.made(backup), channel=channel, at=at)
    if not good and not backup.by:
        name = f"alert:backup:{backup.number}"
        _say(session, name, view.made(backup), channel=changes.alerts, at=at, kind=Saying.ALERT)
    audit.record(
        session,
        actor=backup.by or ME,
        action="backup.made" if good else "backup.failed",
        subject=f"environment:{backup.environment}",
        detail={"backup": backup.name, "host": backup.host, "sha256": backup.sha256, "why": backup.why},
        at=at,
    )


def drilled(session: Session, drill: DrillRecord, before: DrillRecord | None, changes: Changes) -> None:
    """Say what a drill came to; that a backup cannot be restored is loud."""
    at, text = changes.clock(), view.drilled(drill, before)
    passed = drill.state is DrillState.PASSED
    _say(session, f"drill:{drill.number}:{drill.state}", text, channel=drill.channel or changes.channel, at=at)
    if not passed:
        _say(session, f"alert:drill:{drill.number}", text, channel=changes.alerts, at=at, kind=Saying.ALERT)
    audit.record(
        session,
        actor=drill.by or ME,
        action="drill.passed" if passed else "drill.failed",
        subject=f"environment:{drill.environment}",
        detail={
            "backup": drill.backup,
            "host": drill.host,
            "back_seconds": drill.back_seconds,
            "restore_seconds": drill.restore_seconds,
            "why": drill.why,
        },
        at=at,
    )


def _say(session: Session, key: str, text: str, *, channel: str, at: datetime, kind: Saying = Saying.POST) -> None:
    payload = {"text": text, "blocks": []}
    outbox.say(session, OutboxRow(kind=kind, key=key, channel=channel, payload=payload, next_at=at, created_at=at))
