"""Questions before a rollback of every kind, and the list of backups; from made-up facts that never change."""

from datetime import timedelta
from typing import Any

from commands.replies import Block
from commands.views import modal, rollback
from deployers import legacy
from deployers.rollback import Extent, Way
from storage.models import BackupRecord, BackupState, Deployment, Status
from tests.builders import NOW
from tests.golden.cards import HASH, deployment, sha

MIGRATIONS = ("migrations/006_rooms.py", "migrations/007_names.py")
NAME = "backup-20261124-061500"
LEFT = """\
f 52000 backup-20250622-101500.tar.gz
f 50000 pre-rollback-20250622-111500.tar.gz
d 0 backup_production_20250702_020000
d 0 20250810_120000
f 7000 db-daily-20250901-020000.sql.gz
f 900 notes.txt
"""


def backs() -> dict[str, Any]:
    """Return every such view by the name of its file."""
    target = deployment(Status.SUCCEEDED, number=11, ref="v2.2", sha=sha("v2.2"), served_at=NOW)
    typed = "12:" + HASH + f":production:backup {NAME} production --restore-database"
    offer = "With its migrations: `/rollback v2.2 production --migrations-back`."
    return {
        "rollback_question": _message(rollback.question(_asked(target, _way(MIGRATIONS[1:]), hint=offer))),
        "rollback_question_no_migrations": _message(rollback.question(_asked(target, _way(())))),
        "rollback_question_compatible": _message(
            rollback.question(_asked(target, _way(MIGRATIONS, compatible=MIGRATIONS)))
        ),
        "rollback_question_migrations": _message(
            rollback.question(
                _asked(target, _way(MIGRATIONS, extent=Extent.MIGRATIONS), "v2.2 production --migrations-back")
            )
        ),
        "rollback_question_database": _message(rollback.question(_from_backup(target, Extent.DATABASE))),
        "rollback_question_files": _message(rollback.question(_from_backup(target, Extent.FILES))),
        "rollback_question_undo": _message(rollback.question(_undo(target))),
        "rollback_preview": _message(rollback.preview(_from_backup(target, Extent.DATABASE))),
        "rollback_backups": _message(rollback.backups("production", [_backup()], legacy.read(LEFT))),
        "rollback_backups_none": _message(rollback.backups("production", [], ())),
        "rollback_while_running": _message(rollback.while_running(deployment(Status.RUNNING), "v2.2")),
        "modal_typed": modal.typed(typed),
    }


def _message(said: tuple[str, tuple[Block, ...]]) -> dict[str, Any]:
    return {"text": said[0], "blocks": list(said[1])}


def _way(migrations: tuple[str, ...], **more: Any) -> Way:
    return Way("production", "v2.3", "v2.2", migrations=migrations, **more)


def _asked(target: Deployment, way: Way, words: str = "v2.2 production", **more: Any) -> rollback.Asking:
    return rollback.Asking(
        deployment=12,
        plan_hash=HASH,
        ref=target.ref,
        sha=target.sha,
        way=way,
        words=words,
        now=NOW,
        number=target.number,
        served_at=target.served_at,
        commits=((sha("c3"), "Add names", "Ana"),),
        commits_count=1,
        **more,
    )


def _from_backup(target: Deployment, extent: Extent) -> rollback.Asking:
    whole = extent is Extent.DATABASE
    return _asked(
        target,
        _way((), extent=extent, since=NOW - timedelta(hours=3, minutes=12)),
        f"backup {NAME} production{' --restore-database' if whole else ''}",
        backup=NAME,
        remarks=(("The database in use is backed up first.",) if whole else ()),
    )


def _undo(target: Deployment) -> rollback.Asking:
    way = _way((), extent=Extent.DATABASE, since=NOW - timedelta(minutes=12))
    told = ("The database that was in use before #12 takes its place again.", "The restored one is kept beside it.")
    return _asked(target, way, "backup undo production", undoes=True, remarks=told)


def _backup() -> BackupRecord:
    return BackupRecord(
        key="asked:1",
        environment="production",
        name=NAME,
        state=BackupState.GOOD,
        host="web1",
        bytes=52_428_800,
        database=True,
        release="20261120090000-7632",
        sha=sha("v2.2"),
        wanted_at=NOW,
        made_at=NOW - timedelta(hours=3, minutes=12),
    )
