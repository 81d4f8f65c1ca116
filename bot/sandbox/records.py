"""What hosts wrote down about the steps that ran on them, read the way an operator would: file by file."""

import re
from dataclasses import dataclass
from pathlib import Path

_ID = re.compile(r"(?P<group>.+)\.(?P<number>\d+)\.(?P<host>[^.]+)\.(?P<attempt>\d+)")
_MEANS = (
    ("# Makes a backup", "make a backup"),
    ("# Puts what lies in a backup", "unpack a backup"),
    ("# Lets another database", "swap the database"),
    ("# Tries whether a backup", "try a backup"),
    ("echo 'in force: ", "share out visitors"),
    ("echo 'nobody is left'", "let visitors finish"),
    ("> storage/down", "show that it is being worked on"),
    ("rm -f storage/down", "let visitors in"),
    ("git --git-dir", "fetch and unpack"),
    ("build.sh", "build"),
    ("migrate.py", "migrate the database"),
    ("candidate start", "start the candidate"),
    ("candidate stop", "stop the candidate"),
    ("current.next current", "switch over"),
    ("svc restart", "restart"),
    ("svc colour start", "serve the other side"),
    ("svc colour stop", "stop the other side"),
    ("rm -rf", "delete old releases"),
)
"""What stands in the script of a step, and what the step does; the first that fits."""
_SCRIPT_BYTES = 32768
_SAID_BYTES = 4096
_SAID_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class Step:
    """One step on one host, as far as its records tell."""

    id: str
    group: str
    """What the steps of one deployment have in common."""
    label: str
    state: str
    """`waiting`, `running`, `done`, `failed` or `cut off`."""
    code: int | None
    began: float
    seconds: float | None
    """How long it took; None while it runs."""
    said: str
    """The last line that it printed."""


def newest_steps(ops: Path, most: int = 16) -> list[Step]:
    """Return the steps of the newest group below a directory of records, in the order in which they came."""
    folders = sorted((path for path in _folders(ops) if (path / "claim").exists()), key=_begun, reverse=True)
    if not folders:
        return []
    group = _group(folders[0].name)
    mine = [path for path in folders if _group(path.name) == group][:most]
    return [step for path in reversed(mine) if (step := _step(path))]


def _folders(ops: Path) -> list[Path]:
    try:
        return [path for path in ops.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []


def _begun(path: Path) -> float:
    try:
        return (path / "claim").stat().st_mtime
    except OSError:
        return 0.0


def _group(name: str) -> str:
    found = _ID.fullmatch(name)
    return found["group"] if found else name


def _step(path: Path) -> Step | None:
    """Return what the records of one step say; None when they were cleared away meanwhile."""
    script = _beginning(path / "script", _SCRIPT_BYTES)
    code = _code(path)
    ended = _written_at(path / "exit")
    began = _begun(path)
    if not began:
        return None
    return Step(
        id=path.name,
        group=_group(path.name),
        label=next((label for mark, label in _MEANS if mark in script), _last_command(script)),
        state=_state(path, code),
        code=code,
        began=began,
        seconds=round(max(ended - began, 0.0), 1) if ended else None,
        said=_last_line(_end(path / "tail")) or _last_line(_end(path / "output")),
    )


def _code(path: Path) -> int | None:
    try:
        return int(_beginning(path / "exit", 16).strip())
    except ValueError:
        return None


def _state(path: Path, code: int | None) -> str:
    if code is not None:
        return "failed" if code else "done"
    try:
        owner = (path / "begun").readlink().name
    except OSError:
        return "waiting"
    _boot, _, process = owner.partition(":")
    return "running" if Path("/proc", process.partition(":")[0] or "none").exists() else "cut off"


def _last_command(script: str) -> str:
    lines = [line.strip() for line in script.splitlines() if line.strip()]
    return lines[-1][:60] if lines else "a step"


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime if path.stat().st_size else 0.0
    except OSError:
        return 0.0


def _beginning(path: Path, count: int) -> str:
    try:
        with path.open("rb") as file:
            return file.read(count).decode(errors="replace")
    except OSError:
        return ""


def _end(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - _SAID_BYTES, 0))
            return file.read(_SAID_BYTES).decode(errors="replace")
    except OSError:
        return ""


def _last_line(text: str) -> str:
    """Return the last line with words; the room that is reserved for a record is filled with zeros."""
    lines = [line.strip() for line in text.replace("\0", "").splitlines() if line.strip()]
    return lines[-1][:_SAID_CHARACTERS] if lines else ""
