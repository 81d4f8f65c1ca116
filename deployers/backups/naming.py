"""The names of backups, and of the databases that stand beside the one in use."""

import re
from datetime import datetime

NAME = re.compile(r"backup-(\d{8})-(\d{6})", re.ASCII)


def name_at(at: datetime) -> str:
    """Return the name of a backup that is made now: `backup-YYYYMMDD-HHMMSS`."""
    return f"backup-{at:%Y%m%d-%H%M%S}"


def of_release(release: str) -> str:
    """Return the name of the backup that goes before a release: its time stamp is the release's."""
    return f"backup-{release[:8]}-{release[8:14]}"


def stamp(name: str) -> str:
    """Return a backup's time stamp, as it stands in names of databases: `20261201021500`."""
    return name.removeprefix("backup-").replace("-", "")


def side(live: str, backup: str) -> str:
    """Return where a backup's database is filled while the one in use goes on."""
    return f"{live}_side_{stamp(backup)}"


def before(live: str, fresh: str) -> str:
    """Return where the database in use is kept once another took its place; told by the fresh backup's name."""
    return f"{live}_before_{stamp(fresh)}"


def drilled(live: str, backup: str) -> str:
    """Return where a drill fills a database, which it deletes again."""
    return f"{live}_drill_{stamp(backup)}"


def undone(live: str, fresh: str) -> str:
    """Return where a restored database is kept after its restore was undone."""
    return f"{live}_undone_{stamp(fresh)}"
