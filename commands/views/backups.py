"""What is said of backups and drills: what was made, how long a restore takes, and what failed."""

from commands.views.blocks import code, escape, line
from commands.views.words import lasting, who
from storage.models import BackupRecord, BackupState, DrillRecord, DrillState

MIB, GIB = 1024**2, 1024**3
MOST_WHY = 600
NOTABLE = 0.1
"""Seconds below which two measurements are the same."""


def size(number: int) -> str:
    """Return a number of bytes as one would say it."""
    if number >= GIB:
        return f"{number / GIB:.1f} GiB"
    return f"{number / MIB:.1f} MiB" if number >= MIB // 10 else f"{max(1, number // 1024)} KiB"


def asked(environment: str, name: str, channel: str) -> str:
    """Return what somebody is told who has asked for a backup."""
    where = f"#{escape(channel.removeprefix('#'))}"
    what = f"I am making {code(name)} of {escape(environment)}."
    return f"{what} Visitors notice nothing; I say in {where} when it is there."


def drill_asked(environment: str, backup: str, channel: str) -> str:
    """Return what somebody is told who has asked for a drill."""
    where = f"#{escape(channel.removeprefix('#'))}"
    return (
        f"I am trying whether {code(backup)} of {escape(environment)} can be restored, in a scratch place."
        f" Visitors notice nothing; what I find comes in {where}."
    )


def made(backup: BackupRecord) -> str:
    """Return what is said once a backup that was asked for is there, or has failed."""
    name, place = code(backup.name), escape(backup.environment)
    by = f" {who(backup.by, backup.by_name)} asked for it." if backup.by else ""
    if backup.state is not BackupState.GOOD:
        return (
            f":x: *The backup {name} of {place} failed:* {line(backup.why, MOST_WHY)}.{by}"
            f" Nothing half of it was left behind. Once that is mended: {code(f'/ops backup {backup.environment}')}"
        )
    what = "code, configuration and database" if backup.database else "code and configuration, *no database*"
    sealed = ", encrypted" if backup.encrypted else ""
    return (
        f":floppy_disk: *{name} of {place} is on {escape(backup.host)}:* {what}, {size(backup.bytes)}{sealed},"
        f" made and read back in {_seconds(backup.seconds)}.{by}"
    )


def drilled(drill: DrillRecord, before: DrillRecord | None) -> str:
    """Return what a drill came to, beside the one before."""
    place, by = escape(drill.environment), f" {who(drill.by, drill.by_name)} asked for it." if drill.by else ""
    if drill.state is not DrillState.PASSED:
        tried = f" with {code(drill.backup)}" if drill.backup else ""
        return (
            f":rotating_light: *The drill of {place}{tried} failed:* {line(drill.why, MOST_WHY)}.{by}"
            f" As it stands, I would not rely on going back to a backup there. Once that is mended:"
            f" {code(f'/ops drill {drill.environment}')}"
        )
    what = "its release and its database were" if drill.database else "its release was"
    where = f"{code(drill.backup)} on {escape(drill.host)} is whole"
    lines = [
        f":white_check_mark: *The drill of {place} passed:* {where}, and {what} restored in a scratch place.{by}",
        f"• To roll back to it: {_beside(drill.back_seconds, before.back_seconds if before else None)}",
        f"• To restore it: {_beside(drill.restore_seconds, before.restore_seconds if before else None)}",
        f"• To read it whole: {_beside(drill.check_seconds, before.check_seconds if before else None)}",
    ]
    if drill.why:
        lines.append(f":warning: {escape(drill.why)}")
    return "\n".join(lines)


def _beside(now: float, before: float | None) -> str:
    if before is None:
        return f"{_seconds(now)} (there is no earlier drill to compare with)"
    if abs(now - before) < NOTABLE:
        return f"{_seconds(now)}, as last time"
    return f"{_seconds(now)}, {_seconds(abs(now - before))} {'slower' if now > before else 'faster'} than last time"


def _seconds(number: float) -> str:
    return lasting(number) if number >= 60 else f"{number:.1f} s"
