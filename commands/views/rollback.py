"""The question before a rollback: to what, what disappears, what is lost of the data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.replies import Block
from commands.views import choices
from commands.views.blocks import actions, button, code, confirm, context, escape, facts, line, message, section
from commands.views.request import commit_lines
from commands.views.words import count, release, title, when
from deployers.legacy import Old, told
from deployers.rollback import Extent, Way, caution, label
from storage.models import BackupRecord, Deployment

MOST_MIGRATIONS = 8
EXTENTS = {
    Extent.CODE: "the code alone",
    Extent.MIGRATIONS: "the code, and its migrations",
    Extent.FILES: "the code as in the backup",
    Extent.DATABASE: "code and database as in the backup",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked once more before it is done."""

    deployment: int
    """What would be taken back."""
    plan_hash: str
    ref: str
    sha: str
    way: Way
    words: str
    """What follows `/rollback` to ask for exactly this again."""
    now: datetime
    number: int | None = None
    """The deployment that once brought the release."""
    served_at: datetime | None = None
    backup: str = ""
    undoes: bool = False
    """Whether a restore is undone."""
    commits: tuple[tuple[str, str, str], ...] = ()
    """What disappears: SHA, subject, author."""
    commits_count: int = 0
    remarks: Sequence[str] = ()
    hint: str = ""
    """What else could be asked for."""


def question(asked: Asking) -> tuple[str, tuple[Block, ...]]:
    """Return the private question, as text and as a card with a button that asks once more."""
    command = f"/rollback {asked.words} {_agreed(asked)}"
    return _shown(asked, [actions(_button(asked))], f"Nothing has been done yet. Without the button: {code(command)}.")


def preview(asked: Asking) -> tuple[str, tuple[Block, ...]]:
    """Return what would be done, with no way to do it from here."""
    return _shown(asked, [], f"This was a preview. To do it: {code(f'/rollback {asked.words}')}.")


def while_running(running: Deployment, back: str) -> tuple[str, tuple[Block, ...]]:
    """Return what to do about a deployment that is on its way."""
    told = f"{title(running)} is on its way now. To stop it and go back: `/deploy cancel {running.id} --back`."
    buttons = [choices.abort(running)]
    if back:
        buttons.append(choices.abort_back(running, back))
    return told, message(section(told), actions(*buttons))


def backups(
    place: str, found: Sequence[BackupRecord], others: Sequence[Old], aside: Sequence[str] = ()
) -> tuple[str, tuple[Block, ...]]:
    """Return the backups that can be gone back to, what others have left beside them, and databases put aside."""
    lines = [f"• {code(it.name)} {_inside(it)}" for it in found]
    head = f"Backups of *{escape(place)}*, newest first:" if lines else f"There is no backup of *{escape(place)}* yet."
    first = found[0].name if found else ""
    type_next = (
        f"To see what going back means: {code(f'/rollback backup {first} {place} --restore-database --dry-run')}."
        if first
        else f"To make one: `/ops backup {escape(place)}`."
    )
    foreign = [f"• {line(it, 500)}" for it in told(others)]
    kept = (
        f"*Databases that restores have put aside, newest first:* {', '.join(code(name) for name in aside)}."
        f" {code(f'/rollback backup undo {place}')} needs the newest. I drop none of them: do that by hand once nobody"
        " needs them."
    )
    blocks = (
        section("\n".join([head, *lines])),
        section(kept) if aside else None,
        section("*Made by others; I restore nothing from them*\n" + "\n".join(foreign)) if foreign else None,
        context(type_next),
    )
    return " ".join([head, *lines, *([kept] if aside else []), *foreign, type_next]), message(*blocks)


def _shown(asked: Asking, row: list[Block], ending: str) -> tuple[str, tuple[Block, ...]]:
    way = asked.way
    warnings = [it for it in (caution(way, asked.now), *asked.remarks) if it]
    title_line = f"*{escape(label(way.environment, way.to_ref))}?*"
    undone = way.extent is Extent.MIGRATIONS
    blocks: list[Block | None] = [
        section(f":rewind: {title_line}"),
        facts(
            [
                ("From", code(way.from_ref, 80)),
                ("Back to", _back_to(asked)),
                ("Goes back", _extent(asked)),
                ("It served well since", when(asked.served_at) if not asked.backup else ""),
                ("The backup is of", when(way.since) if asked.backup else ""),
                ("Migrations between", "" if undone else _between(way)),
            ]
        ),
        section(f"*Migrations that are taken back* ({len(way.migrations)})\n{_listed(way)}") if undone else None,
        section(f"*Commits that disappear* ({asked.commits_count})\n{_lines(asked)}") if asked.commits else None,
        section(f":warning: {escape(' '.join(warnings))}") if warnings else None,
        *row,
        context(*filter(None, (ending, asked.hint))),
    ]
    gone = count(asked.commits_count, "commit")
    disappears = "disappears" if asked.commits_count == 1 else "disappear"
    goes = f"It takes back {_extent(asked)}."
    text = f"{title_line} {goes} {gone} {disappears}. {escape(' '.join(warnings))} {ending} {asked.hint}"
    return " ".join(text.split()), message(*blocks)


def _extent(asked: Asking) -> str:
    return "code and database as before the restore" if asked.undoes else EXTENTS[asked.way.extent]


def _agreed(asked: Asking) -> str:
    return f"--confirm {asked.way.environment}" if asked.way.extent.touches_data else "--yes"


def _button(asked: Asking) -> Block:
    """Return the button: it asks once more, and where data is lost it has the environment's name typed."""
    way = asked.way
    if way.extent is Extent.CODE and asked.number is not None:
        action, value = "deployment.rollback", f"{asked.deployment}:{asked.plan_hash}:{asked.number}"
    else:
        action = "rollback.typed" if way.extent.touches_data else "rollback.same"
        value = f"{asked.deployment}:{asked.plan_hash}:{way.environment}:{asked.words}"
    text = caution(way, asked.now) or (
        f"{way.from_ref} is taken back on every target of {way.environment}, and {way.to_ref} serves again."
    )
    sure = confirm(f"{label(way.environment, way.to_ref)}?", text, yes="Roll back")
    return button(
        label(way.environment, way.to_ref),
        action=action,
        value=value,
        style="danger",
        confirm=None if way.extent.touches_data else sure,
    )


def _back_to(asked: Asking) -> str:
    number = f" (#{asked.number})" if asked.number else ""
    kept = f" from {code(asked.backup)}" if asked.backup else ""
    return f"{release(asked.ref, asked.sha)}{number}{kept}"


def _between(way: Way) -> str:
    if not way.known:
        return "not known"
    return str(len(way.migrations)) if way.migrations else "none"


def _listed(way: Way) -> str:
    lines = [f"• {code(it, 150)}" for it in way.migrations[:MOST_MIGRATIONS]]
    if (more := len(way.migrations) - len(lines)) > 0:
        lines.append(f"… and {more} more")
    return "\n".join(lines)


def _lines(asked: Asking) -> str:
    commits = [{"sha": sha, "subject": subject, "author": author} for sha, subject, author in asked.commits]
    return commit_lines(commits, asked.commits_count)


def _inside(backup: BackupRecord) -> str:
    what = "code and database" if backup.database else "code alone"
    size = f"{backup.bytes / 1_048_576:.1f} MiB"
    locked = ", encrypted" if backup.encrypted else ""
    return f"{when(backup.made_at)}: {what} of {release(backup.release, backup.sha)}, {size}{locked}"
