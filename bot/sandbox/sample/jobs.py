"""What the call desk does in the background, where it serves visitors."""

import sqlite3
import threading

from database import Database, TooManyConnections

PAUSE = 0.5


def start(database: Database) -> None:
    """Count calls now and then, for as long as the release serves."""
    threading.Thread(target=_count, args=(database,), daemon=True).start()


def _count(database: Database) -> None:
    bell = threading.Event()
    while not bell.wait(PAUSE):
        try:
            database.number("SELECT count(*) FROM calls")
        except (sqlite3.Error, TooManyConnections):
            continue
