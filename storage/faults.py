"""Turns what the database drivers raise into this floor's errors, once, for everyone above."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from storage.errors import Conflict, EnvironmentHeld, NotMigrated, StorageError, StoreUnavailable

_HOLDER = ("one_deployment_holds_an_environment", "UNIQUE constraint failed: deployment.environment")
_UNMIGRATED = ("no such table", "no such column", "UndefinedTable", "UndefinedColumn")
_BROKEN = ("not a database", "malformed")

_SENTENCES = {
    "database is locked": "another process has kept it locked for too long. Nothing was changed; try again",
    "database or disk is full": "its disk is full. Nothing was changed; free some space and try again",
    "No space left on device": "its disk is full. Nothing was changed; free some space and try again",
    "readonly database": "it may not be written; check the owner and mode of the file and its folder",
    "disk I/O error": "its disk reports an error; check the disk before anything else",
    "unable to open database file": "the file cannot be opened; check that its folder exists and may be written",
    "not a database": "the file is not a database of ours; check DATABASE_URL, or restore a backup",
    "malformed": "the file is damaged; stop Shipmate and restore a backup",
    "lock timeout": "another process has kept a row locked for too long. Nothing was changed; try again",
    "deadlock": "two changes waited for each other and this one was dropped. Nothing was changed; try again",
}


@contextmanager
def translated(where: str, wanted: str) -> Iterator[None]:
    """Let this floor's errors out instead of the drivers'; `wanted` is the revision that the code needs."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreUnavailable(where, "every connection is in use; try again") from error
    except StaleDataError as error:
        raise Conflict("the row is gone or was changed by somebody else") from error
    except DBAPIError as error:
        told = translation(error, where, wanted)
        if told is None:
            raise
        raise told from error


def translation(error: DBAPIError, where: str, wanted: str) -> StorageError | None:
    """Return what a driver's error means here, or None for a bug of ours."""
    said = f"{type(error.orig).__name__}: {error.orig}"
    if isinstance(error, IntegrityError):
        return EnvironmentHeld() if any(mark in said for mark in _HOLDER) else Conflict(_first_line(said))
    if any(mark in said for mark in _UNMIGRATED):
        return NotMigrated(None, wanted, _missing(said))
    if isinstance(error, OperationalError | InterfaceError) or any(mark in said for mark in _BROKEN):
        return StoreUnavailable(where, _sentence(said))
    return None


def _missing(said: str) -> str:
    """Return the table or column that a driver does not find; SQLite names it bare, PostgreSQL in quotes or bare."""
    found = re.search(r"no such (?:table|column): ([\w.]+)|(?:relation|column) \"?([\w.]+)\"? does not exist", said)
    return (found[1] or found[2]) if found else ""


def _sentence(said: str) -> str:
    for mark, sentence in _SENTENCES.items():
        if mark in said:
            return sentence
    return _first_line(said)


def _first_line(said: str) -> str:
    return said.partition(": ")[2].strip().partition("\n")[0]
