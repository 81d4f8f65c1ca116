"""Databases that can be taken away from the bot in the middle of something, and given back."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import psycopg

from storage import audit
from storage.store import Store
from tests.needed import needed
from tests.system.cluster import Cluster


class Base(Protocol):
    """A database under test."""

    url: str

    def goes_away(self) -> None:
        """Let it answer nobody that writes."""
        ...

    def comes_back(self) -> None:
        """Let it answer again."""
        ...

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds, while it is there."""
        ...


class LockedFile:
    """A SQLite file that somebody else keeps locked."""

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"
        self._path = path
        self._holder: sqlite3.Connection | None = None

    def goes_away(self) -> None:
        """Keep the file locked for every other writer."""
        self._holder = sqlite3.connect(self._path, isolation_level=None, timeout=30, check_same_thread=False)
        self._holder.execute("BEGIN EXCLUSIVE")

    def comes_back(self) -> None:
        """Let the file go."""
        if self._holder:
            self._holder.close()
            self._holder = None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(query).fetchall()


class FullDisk:
    """A SQLite file, with the bot's other files, on a small disk that somebody fills."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'shipmate.db'}"
        self._folder = folder

    def goes_away(self) -> None:
        """Write until there is no room for anything."""
        with (self._folder / "filler").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(65536))
        with (self._folder / "crumbs").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x")

    def comes_back(self) -> None:
        """Make room again."""
        for name in ("filler", "crumbs"):
            (self._folder / name).unlink(missing_ok=True)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        with closing(sqlite3.connect(f"file:{self._folder}/shipmate.db?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(query).fetchall()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a small disk; where that is impossible the test says so, and in CI that is a failure."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder)]
    mounted = not os.geteuid() and not subprocess.run(mount, capture_output=True, check=False).returncode
    needed(mounted, "only root can mount a small disk to fill, and not everywhere")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


class StoppedServer:
    """A database on a PostgreSQL server that can be stopped."""

    def __init__(self, cluster: Cluster, url: str) -> None:
        self.url = url
        self._cluster = cluster
        self._away = False

    def goes_away(self) -> None:
        """Stop the server at once, as a crash would."""
        self._away = True
        self._cluster.stop()

    def comes_back(self) -> None:
        """Start the server, unless it runs."""
        if self._away:
            self._cluster.start()
        self._away = False

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """Open a store for a look."""
    store = Store(url)
    try:
        yield store
    finally:
        store.close()


def acts(url: str, number: int) -> list[str]:
    """Return what the audit tells of a deployment, oldest first; the chain has to be whole."""
    with opened(url) as store, store.look() as session:
        assert audit.verify(session).broken_at is None
        return [entry.action for entry in audit.about(session, f"deployment:{number}")]
