"""The call desk's database, with a limit to how many connections may be open."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIMIT = 50


class TooManyConnections(Exception):
    """Every connection is taken."""

    def __str__(self) -> str:
        return f"too many connections: {LIMIT} of {LIMIT} are taken"


class Database:
    """A SQLite file and the connections to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._taken = 0

    def connect(self) -> sqlite3.Connection:
        """Take a connection, which has to be given back."""
        with self._lock:
            if self._taken >= LIMIT:
                raise TooManyConnections
            self._taken += 1
        return sqlite3.connect(self._path, timeout=5, check_same_thread=False)

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Close a connection, so that somebody else may take one."""
        connection.close()
        with self._lock:
            self._taken -= 1

    @contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        """Take a connection for a moment."""
        connection = self.connect()
        try:
            yield connection
        finally:
            self.give_back(connection)

    def number(self, question: str) -> int:
        """Return the one number that a query answers."""
        with self.connected() as connection:
            return int(connection.execute(question).fetchone()[0])
