"""Reads the bot's database from outside, with nothing of the bot's own code."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
from psycopg.rows import dict_row

OVER = frozenset({"succeeded", "failed", "rolled_back", "rejected", "expired", "cancelled", "refused", "superseded"})
STUCK = frozenset({"incomplete", "unknown"})
LOOKS = frozenset({"verify", "candidate_check", "compare", "pause", "check"})
"""Steps that only look: they have no operation on a host."""

PATIENCE = 60.0
"""So long a server may be away before looking at it is given up."""
Row = dict[str, Any]
Connection = sqlite3.Connection | psycopg.Connection[Row]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one database: a SQLite file or a PostgreSQL URL."""

    where: Path | str
    kept: Connection | None = None
    """A connection that is held open, for one thread that asks all the time."""

    @property
    def url(self) -> str:
        """Return the address that the bot knows it by."""
        return f"sqlite:///{self.where}" if isinstance(self.where, Path) else self.where

    @contextmanager
    def held(self) -> Iterator["Rows"]:
        """Give the same rows over one connection."""
        with self._open() as connection:
            yield replace(self, kept=connection)

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        if self.kept and not getattr(self.kept, "closed", False):
            yield self.kept
        elif isinstance(self.where, Path):
            with closing(sqlite3.connect(self.where, timeout=30, isolation_level=None)) as file:
                file.row_factory = _row
                yield file
        else:
            with closing(psycopg.connect(self.where, autocommit=True, row_factory=dict_row)) as server:
                yield server

    def ask(self, query: str, *values: object) -> list[Row]:
        """Return what a query finds, once the server is there; values stand where it has `?`."""
        until = monotonic() + PATIENCE
        while True:
            try:
                return self._asked(query, *values)
            except psycopg.OperationalError:
                if monotonic() > until:
                    raise
                sleep(0.1)

    def _asked(self, query: str, *values: object) -> list[Row]:
        with self._open() as connection:
            if isinstance(connection, sqlite3.Connection):
                return list(connection.execute(query, values))
            cursor = connection.execute(query.replace("?", "%s"), values)  # type: ignore[call-overload]
            return list(cursor) if cursor.description else []

    def deployments(self) -> list[Row]:
        """Return every deployment, oldest first."""
        return self.ask("SELECT * FROM deployment ORDER BY id")

    def deployment(self, number: int) -> Row:
        """Return one deployment."""
        return self.ask("SELECT * FROM deployment WHERE id = ?", number)[0]

    def newest(self, ref: str, kind: str, after: int) -> Row | None:
        """Return the newest deployment of a release that people asked for since another."""
        found = self.ask(
            "SELECT * FROM deployment WHERE ref = ? AND kind = ? AND id > ? AND NOT automatic ORDER BY id DESC",
            ref,
            kind,
            after,
        )
        return found[0] if found else None

    def last(self) -> int:
        """Return the number of the newest deployment; 0 when there is none."""
        return int(self.ask("SELECT coalesce(max(id), 0) AS last FROM deployment")[0]["last"])

    def unfinished(self) -> list[Row]:
        """Return what is under way, an automatic rollback after its parent."""
        every = self.ask("SELECT id, status FROM deployment ORDER BY id DESC LIMIT 9")
        return [row for row in reversed(every) if row["status"] not in OVER]

    def open_steps(self, since: int) -> list[Row]:
        """Return the steps that were begun and not confirmed, of a deployment and later ones, in the plan's order."""
        return self.ask(
            "SELECT target, kind, operation FROM step WHERE deployment_id >= ? AND state = 'intended'"
            " ORDER BY deployment_id, number, id",
            since,
        )

    def checks(self, state: str) -> list[Row]:
        """Return the checks that are wanted, or done."""
        return self.ask("SELECT * FROM checklist_run WHERE state = ? ORDER BY id", state)

    def steps(self) -> list[Row]:
        """Return every step record."""
        return self.ask("SELECT * FROM step ORDER BY id")

    def asked(self) -> list[Row]:
        """Return every request of people."""
        return self.ask("SELECT * FROM inbox ORDER BY id")

    def said(self) -> list[Row]:
        """Return every message, said or to be said."""
        return self.ask("SELECT * FROM outbox ORDER BY id")

    def acts(self, number: int) -> list[str]:
        """Return what the audit tells of a deployment, oldest first."""
        found = self.ask("SELECT action FROM audit WHERE subject = ? ORDER BY number", f"deployment:{number}")
        return [row["action"] for row in found]

    def faults(self) -> Iterator[str]:
        """Yield what the database itself finds wrong with what it holds."""
        if isinstance(self.where, Path):
            whole = [row["integrity_check"] for row in self.ask("PRAGMA integrity_check")]
            if whole != ["ok"]:
                yield f"the database is broken: {whole}"
            if dangling := self.ask("PRAGMA foreign_key_check"):
                yield f"rows point nowhere: {dangling}"
            return
        try:
            self.ask("CREATE EXTENSION IF NOT EXISTS amcheck")
            self.ask(
                "SELECT bt_index_check(i.indexrelid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                "JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' AND c.relpersistence <> 't'"
            )
        except psycopg.Error as error:
            yield f"the database is broken: {error}"


def _row(cursor: sqlite3.Cursor, values: tuple[object, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}
