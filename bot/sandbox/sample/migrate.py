"""Bring the database up to date: python3 migrate.py [--pending]."""

import sqlite3
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def pending(connection: sqlite3.Connection) -> list[Path]:
    """Return the migrations that this database has not had, in their order."""
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, at TEXT NOT NULL)")
    done = {name for (name,) in connection.execute("SELECT name FROM migrations")}
    return [path for path in sorted((HERE / "migrations").glob("*.sql")) if path.stem not in done]


def apply(connection: sqlite3.Connection, migration: Path) -> None:
    """Apply one migration whole, or nothing of it."""
    note = f"INSERT INTO migrations VALUES ('{migration.stem}', datetime('now'));"  # noqa: S608  a file of ours
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{migration.read_text(encoding='utf-8')}\n{note}\nCOMMIT;")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def main(arguments: list[str]) -> int:
    """List what is pending, or apply it; 1 when a migration fails."""
    connection = sqlite3.connect(HERE / "storage" / "app.db", timeout=20, isolation_level=None)
    waiting = pending(connection)
    if "--pending" in arguments:
        sys.stdout.write("".join(f"{path.stem}\n" for path in waiting))
        return 0
    for migration in waiting:
        sys.stdout.write(f"migrating {migration.stem}\n")
        sys.stdout.flush()
        try:
            apply(connection, migration)
        except sqlite3.Error as error:
            sys.stderr.write(f"{migration.stem} failed: {error}; nothing of it was kept\n")
            return 1
    sys.stdout.write(f"{len(waiting)} applied\n" if waiting else "nothing to migrate\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
