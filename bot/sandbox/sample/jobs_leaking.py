"""What the call desk does in the background, where it serves visitors."""

import sqlite3
import threading

from database import Database

PAUSE = 0.02


def start(database: Database) -> None:
    """Keep the live figures fresh, for as long as the release serves."""
    threading.Thread(target=_count, args=(database, []), daemon=True).start()


def _count(database: Database, open_reports: list[sqlite3.Connection]) -> None:
    bell = threading.Event()
    while not bell.wait(PAUSE):
        report = database.connect()
        report.execute("SELECT count(*) FROM calls").fetchone()
        open_reports.append(report)
