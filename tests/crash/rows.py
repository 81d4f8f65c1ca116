"""Reads the bot's database from outside, with nothing of the bot's own code."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OVER = frozenset({"succeeded", "failed", "rolled_back", "rejected", "expired", "cancelled", "refused", "superseded"})
STUCK = frozenset({"incomplete", "unknown"})
LOOKS = frozenset({"verify", "candidate_check", "check"})
"""Steps that only look: they have no operation on a host."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one database file."""

    path: Path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection

    def ask(self, query: str, *values: object) -> list[Row]:
        """Return what a query finds."""
        with self._open() as connection:
            return [dict(row) for row in connection.execute(query, values)]

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
        return [row for row in self.deployments() if row["status"] not in OVER]

    def open_steps(self) -> list[Row]:
        """Return the steps that were begun and not confirmed, in the order of the plan."""
        return self.ask("SELECT * FROM step WHERE state = 'intended' ORDER BY deployment_id, number, id")

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

    def value_of(self, row: Row) -> str:
        """Return the value of the button that a request came from."""
        return str(json.loads(row["values"]).get("value", ""))
