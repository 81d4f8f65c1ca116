"""What lies on a host from the days before: a log with a few errors, and the backups of three nights."""

import os
from datetime import UTC, datetime, timedelta
from gzip import compress
from pathlib import Path

NIGHTS = 3
LOG = (
    (11.0, "INFO 1841 calls were counted"),
    (9.5, "ERROR call 4711: the carrier hung up after 31 s"),
    (8.2, "INFO the cache was cleared"),
    (6.1, "ERROR call 4736: the carrier hung up after 12 s"),
    (4.4, "ERROR <invoice 2207> has no address: cus_91ab3c0d"),
    (3.0, "WARNING the mail server was slow"),
    (1.7, "ERROR call 4790: the carrier hung up after 8 s"),
)
"""How many hours ago, and what was written."""


def log(path: Path, now: datetime) -> None:
    """Write what the application would have written before it was watched, unless there is a log."""
    if path.exists():
        return
    lines = (f"{now - timedelta(hours=hours):%Y-%m-%d %H:%M:%S} {text}\n" for hours, text in LOG)
    path.write_text("".join(lines), encoding="utf-8")


def backups(folder: Path, now: datetime) -> None:
    """Put the backups of the last nights where they belong, as the nightly job would have."""
    folder.mkdir(exist_ok=True)
    night = now.astimezone(UTC).replace(hour=2, minute=5, second=0, microsecond=0)
    night -= timedelta(days=0 if night < now else 1)
    for back in range(NIGHTS):
        at = night - timedelta(days=back)
        file = folder / f"calls-{at:%Y-%m-%d}.sql.gz"
        if not file.exists():
            file.write_bytes(compress(b"-- calls\n" * 200, mtime=0))
            os.utime(file, (at.timestamp(), at.timestamp()))
