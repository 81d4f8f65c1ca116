"""SQLite as a database that keeps its word: private, in WAL mode, written through, one writer at a time."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from storage.errors import StoreUnavailable

BUSY_MS = 30_000
_LOOK_AGAIN_MS = 2
PRIVATE = 0o600

READING = "shipmate_reading"
"""The execution option of a connection that only looks."""


def engine(url: URL) -> Engine:
    """Return an engine over a private file; the file is made at the first connection."""
    where = file_of(url)
    made = create_engine(url, connect_args={"timeout": BUSY_MS / 1000}, pool_size=10, max_overflow=20)

    @event.listens_for(made, "do_connect")
    def _before(*_: object) -> None:
        prepare(where)

    event.listen(made, "connect", _after_connecting)
    event.listen(made, "begin", _on_begin)
    return made


def file_of(url: URL) -> Path:
    """Return the file that the URL names; a database in memory is refused, because it forgets."""
    if url.database in {None, "", ":memory:"} or str(url.database).startswith("file:"):
        raise StoreUnavailable(
            str(url), "it would live in memory and forget everything; name a file: sqlite:///shipmate.db"
        )
    return Path(str(url.database))


def prepare(where: Path) -> None:
    """Make the file if there is none, empty, private and in WAL mode; make it private if it is not."""
    if where.is_dir():
        raise StoreUnavailable(str(where), "it is a folder; name a file inside it in DATABASE_URL")
    try:
        if not where.exists():
            _create(where)
        for path in (where, where.with_name(f"{where.name}-wal"), where.with_name(f"{where.name}-shm")):
            _close_to_others(path)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(str(where), _why(where, error)) from error


def _create(where: Path) -> None:
    # Made under another name and linked into place: whoever sees the file sees it whole. The file itself is never
    # opened and closed here, since closing any descriptor drops the locks that SQLite holds on it in this process.
    fresh = where.with_name(f".{where.name}.{uuid4().hex}")
    try:
        descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE)
        os.fchmod(descriptor, PRIVATE)
        os.close(descriptor)
        connection = sqlite3.connect(fresh, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
        with suppress(FileExistsError):
            os.link(fresh, where)
    finally:
        fresh.unlink(missing_ok=True)


def _close_to_others(path: Path) -> None:
    with suppress(FileNotFoundError):
        if path.stat().st_mode & 0o777 != PRIVATE:
            path.chmod(PRIVATE)


def _why(where: Path, error: Exception) -> str:
    folder = where.parent
    if not folder.is_dir():
        return f"the folder {folder} does not exist; create it, or change DATABASE_URL"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the folder {folder} may not be written; SQLite keeps its journal beside the file"
    return getattr(error, "strerror", None) or str(error)


def _after_connecting(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself
    for pragma in (f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    reading = bool(connection.get_execution_options().get(READING))
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    if reading:
        connection.exec_driver_sql("BEGIN")
    else:
        _begin_to_write(connection)


def _begin_to_write(connection: Connection) -> None:
    # SQLite would look again more and more rarely, in the end ten times a second, and miss every gap in between.
    until = monotonic() + BUSY_MS / 1000
    connection.exec_driver_sql(f"PRAGMA busy_timeout={_LOOK_AGAIN_MS}")
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError as error:
                if monotonic() > until or not _is_busy(error):
                    raise
            else:
                return
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_MS}")


def _is_busy(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
