"""What only one process can hold: a file lock beside SQLite, an advisory lock on PostgreSQL."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

import psycopg
from sqlalchemy import make_url

from storage.store import Store

ADVISORY_KEY = 0x5348_4950


class FileSeat:
    """A `flock` beside the SQLite file."""

    def __init__(self, path: Path) -> None:
        """Remember where the lock file lies."""
        self.path = path
        self._file: IO[str] | None = None

    def take(self) -> bool:
        """Take the lock; the file is never deleted by its holder."""
        file = self.path.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def usurp(self) -> bool:
        """Put the lock file of a holder that was fenced out of the way and take a fresh one."""
        with suppress(FileNotFoundError):
            self.path.rename(self.path.with_suffix(f".fenced-{os.getpid()}"))
        return self.take()

    def held(self) -> bool:
        """Say whether the lock is ours and the file is still the one in place."""
        try:
            return self._file is not None and os.fstat(self._file.fileno()).st_ino == self.path.stat().st_ino
        except OSError:
            return False

    def leave(self) -> None:
        """Release the lock."""
        if self._file:
            self._file.close()
            self._file = None


class DatabaseSeat:
    """A session advisory lock of PostgreSQL on a connection of its own."""

    def __init__(self, url: str) -> None:
        """Remember the database; server-side keepalives and a TCP timeout make a partition end the session."""
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection: psycopg.Connection[tuple[bool]] | None = None
        self._ours = False

    def take(self) -> bool:
        """Take the lock if it is free, over the connection of the last try if that still lives."""
        try:
            connection = self._connection or self._connect()
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", (ADVISORY_KEY,)).fetchone()
        except psycopg.Error:
            self.leave()
            return False
        self._ours = bool(row and row[0])
        return self._ours

    def usurp(self) -> bool:
        """End the session of a holder that was fenced, and take the lock."""
        with suppress(psycopg.Error), psycopg.connect(self._url, autocommit=True, connect_timeout=3) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks"
                " WHERE locktype = 'advisory' AND objid = %s AND granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                (ADVISORY_KEY,),
            )
        return self.take()

    def held(self) -> bool:
        """Ask the session that holds the lock."""
        try:
            return self._ours and self._connection is not None and _answers(self._connection)
        except psycopg.Error:
            self.leave()
            return False

    def leave(self) -> None:
        """Close the session, and with it release the lock."""
        self._ours = False
        if self._connection:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def _connect(self) -> "psycopg.Connection[tuple[bool]]":
        options = "-c tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
        self._connection = psycopg.connect(
            self._url, autocommit=True, connect_timeout=3, tcp_user_timeout=3000, options=options
        )
        return self._connection


def _answers(connection: "psycopg.Connection[tuple[bool]]") -> bool:
    return bool(connection.execute("SELECT true").fetchone())


def seat_for(store: Store) -> FileSeat | DatabaseSeat:
    """Return what has to be held to lead over this database."""
    if store.engine.dialect.name == "sqlite":
        return FileSeat(Path(f"{store.engine.url.database}.leader"))
    return DatabaseSeat(store.url)
