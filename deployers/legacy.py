"""Backups that others made: recognised by their names, and told what each can and cannot give back; read-only, pure."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from shlex import quote

from deployers.environment import Environment

MOST = 200
"""So many entries of a folder are looked at."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One way in which others lay backups down."""

    key: str
    pattern: re.Pattern[str]
    folder: bool
    made_by: str
    holds: str
    """What is in it and what is not, as sentences."""
    database: bool
    by_hand: str = ""
    """How a person restores it, as a sentence; empty where nothing is worth restoring from it."""


@dataclass(frozen=True, slots=True)
class Old:
    """One such backup that lies on a target."""

    name: str
    layout: Layout
    bytes: int = 0


AskLegacy = Callable[[Environment], tuple[Old, ...]]
"""Asks a target of an environment which backups of others lie there; never raises."""


def ask_nowhere(environment: Environment) -> tuple[Old, ...]:
    """Ask nobody, where no target can be asked."""
    return ()


_STAMP, _FLAT = r"\d{8}-\d{6}", r"\d{8}_\d{6}"
LAYOUTS = (
    Layout(
        "tarball",
        re.compile(rf"(?:backup|pre-rollback)-{_STAMP}\.tar\.gz"),
        folder=False,
        made_by="a tarball of `production-deploy.sh` or `rollback.sh`",
        holds="It holds the code with its .env, from the root of the disk, without vendor and node_modules;"
        " it holds no database.",
        database=False,
        by_hand="unpack it into a folder of its own, never over `/`, and take from it what you need.",
    ),
    Layout(
        "directory",
        re.compile(rf"(?:(?:backup|safety_backup)_)(?:[a-z]+_)?{_FLAT}"),
        folder=True,
        made_by="a folder of `deploy.sh` or `rollback-enhanced.sh`",
        holds="It holds code, .env and a dump of the database; the dump names its database, so that it goes over the"
        " one in use.",
        database=True,
        by_hand="`zcat database.sql.gz | grep -vE '^(CREATE DATABASE|USE )' | mariadb <a database of its own>`,"
        " then look at it before anything is swapped.",
    ),
    Layout(
        "dated",
        re.compile(_FLAT),
        folder=True,
        made_by="a folder of `deploy-production.sh`",
        holds="It holds the code and its .env; a database only where `artisan backup` has put one into it, which its"
        " name does not tell.",
        database=False,
        by_hand="look into it for an archive of `artisan backup` before you count on a database.",
    ),
    Layout(
        "split-database",
        re.compile(rf"db-[a-z]+-{_STAMP}\.sql\.gz"),
        folder=False,
        made_by="a dump of `backup-automation.sh`",
        holds="It holds the database alone; code and configuration of the same run lie beside it, in other files.",
        database=True,
        by_hand="compare its SHA-256 with the one in `manifest-….json`, then fill a database of its own from it.",
    ),
    Layout(
        "split-files",
        re.compile(rf"(?:app|config)-[a-z]+-{_STAMP}\.tar\.gz"),
        folder=False,
        made_by="an archive of `backup-automation.sh`",
        holds="It holds files alone; the database of the same run lies beside it, in `db-….sql.gz`.",
        database=False,
        by_hand="unpack it into a folder of its own and take from it what you need.",
    ),
    Layout(
        "pre-deploy",
        re.compile(rf"pre-deploy-{_FLAT}\.sql\.gz"),
        folder=False,
        made_by="a dump that the workflow made before it deployed",
        holds="It holds the database alone; it was made beside the migration, not before it, so it may be of half of"
        " one.",
        database=True,
        by_hand="compare its SHA-256 with the file beside it, then fill a database of its own from it.",
    ),
)


def recognised(name: str, *, folder: bool | None = None) -> Layout | None:
    """Return which layout a name belongs to; None for ours and for what nobody knows."""
    for layout in LAYOUTS:
        if layout.pattern.fullmatch(name) and folder in (None, layout.folder):
            return layout
    return None


def listing(folders: Iterable[str]) -> str:
    """Return a script that prints what lies in folders, a line each: `d` or `f`, bytes, name; for reading only."""
    lines = (
        f'for path in {quote(folder.rstrip("/"))}/*; do [ -e "$path" ] || continue; seen=$((seen + 1));'
        f' [ "$seen" -le {MOST} ] || break; if [ -L "$path" ]; then continue; fi;'
        ' if [ -d "$path" ]; then kind=d; size=0; else kind=f; size=$(stat -c %s -- "$path" 2>/dev/null || echo 0); fi;'
        ' printf "%s %s %s\\n" "$kind" "$size" "$(basename -- "$path")"; done'
        for folder in folders
    )
    return "\n".join(("seen=0", *lines, "exit 0"))


def read(printed: str) -> tuple[Old, ...]:
    """Return the backups of others in what that script printed, newest first as their names tell."""
    return tuple(sorted(_read(printed), key=lambda old: _stamp(old.name), reverse=True))


def told(found: Iterable[Old]) -> Iterator[str]:
    """Yield a line for each layout that was found: how many, and what they can give back."""
    by_layout: dict[str, list[Old]] = {}
    for old in found:
        by_layout.setdefault(old.layout.key, []).append(old)
    for olds in by_layout.values():
        layout, count = olds[0].layout, len(olds)
        many = f"{count} like it" if count > 1 else "the only one"
        yield f"{olds[0].name} ({many}) is {layout.made_by}. {layout.holds}"


def _read(printed: str) -> Iterator[Old]:
    for line in printed.splitlines():
        kind, _, rest = line.partition(" ")
        size, _, name = rest.partition(" ")
        layout = recognised(name, folder=kind == "d") if kind in ("d", "f") else None
        if layout:
            yield Old(name, layout, int(size) if size.isdigit() else 0)


def _stamp(name: str) -> str:
    found = re.search(r"(\d{8})[-_](\d{6})", name)
    return "".join(found.groups()) if found else ""
