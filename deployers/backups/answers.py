"""What scripts about backups say of themselves: lines such as `= bytes 1024`, read back as values."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from deployers.backups.naming import NAME
from deployers.ports import Fate, Record

_SHA256, _SHA = re.compile(r"[0-9a-f]{64}", re.ASCII), re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})?", re.ASCII)
UNREADABLE = 65
"""The exit code of a backup that was made and does not say what it is."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made and read back whole."""

    name: str
    path: str
    bytes: int
    unpacked: int
    sha256: str
    release: str
    sha: str
    database: bool
    encrypted: bool
    seconds: float
    migrations: tuple[str, ...] = ()
    migrations_known: bool = False
    pruned: tuple[str, ...] = ()
    """The names of those that were deleted for it."""


@dataclass(frozen=True, slots=True)
class Drilled:
    """What a drill has measured, in seconds."""

    check: float
    back: float
    restore: float
    database: bool = False


def made(output: str) -> Made | None:
    """Return what a script that makes backups has said; None when it did not say all of it."""
    facts = dict(_facts(output))
    every = [value for key, value in _facts(output) if key == "migration"]
    whole = facts.get("migrations_count", str(len(every))) == str(len(every))
    pruned = [value for key, value in _facts(output) if key == "pruned"]
    try:
        read = Made(
            name=facts["name"],
            path=facts["path"],
            bytes=int(facts["bytes"]),
            unpacked=int(facts["unpacked"]),
            sha256=facts["sha256"],
            release=facts["release"],
            sha=facts.get("sha", ""),
            database=facts["database"] == "yes",
            encrypted=facts["encrypted"] == "yes",
            seconds=float(facts["seconds"]),
            migrations=tuple(every) if whole else (),
            migrations_known=whole and facts.get("migrations") == "known",
            pruned=tuple(name for name in pruned if NAME.fullmatch(name)),
        )
    except (KeyError, ValueError):
        return None
    good = NAME.fullmatch(read.name) and _SHA256.fullmatch(read.sha256) and _SHA.fullmatch(read.sha)
    return read if good and read.bytes > 0 else None


def borne_out(record: Record, name: str) -> Record:
    """Return what became of making this backup: it is no success unless it says so itself.

    Only of a host on which nothing is served yet nothing is demanded.
    """
    if record.fate is not Fate.EXITED or record.exit_code != 0:
        return record
    read = made(record.output)
    if (read and read.name == name) or (read is None and ("nothing", "served") in _facts(record.output)):
        return record
    why = f"what the host says of {name} cannot be read, so there is no backup to rely on"
    return replace(record, exit_code=UNREADABLE, output=f"{record.output.rstrip()}\n{why}\n".lstrip())


def drilled(output: str) -> Drilled | None:
    """Return what a drill has measured; None when it did not say all of it."""
    facts = dict(_facts(output))
    try:
        return Drilled(
            check=float(facts["check_seconds"]),
            back=float(facts["back_seconds"]),
            restore=float(facts["restore_seconds"]),
            database=facts.get("database") == "yes",
        )
    except (KeyError, ValueError):
        return None


def kept_as(output: str) -> str:
    """Return under which name the database that was in use is kept; empty where it is not."""
    return dict(_facts(output)).get("before", "")


def put_aside(outputs: Iterable[str]) -> tuple[str, ...]:
    """Return the databases that swaps have put aside, newest first as the swaps are; one that serves again is none."""
    names = [name for output in outputs if (name := kept_as(output))]
    back = {name.replace("_undone_", "_before_") for name in names if "_undone_" in name}
    return tuple(dict.fromkeys(name for name in names if name not in back))


def _facts(output: str) -> Iterator[tuple[str, str]]:
    for line in output.splitlines():
        if line.startswith("= "):
            key, _, value = line[2:].partition(" ")
            yield key, value
