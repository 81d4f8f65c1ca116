"""How each part of the call desk is doing: an empty string is well, anything else is the fault."""

import os
import socket
import sqlite3
from pathlib import Path

from database import Database, TooManyConnections


def database(database: Database) -> str:
    """Ask the database for something that every release needs."""
    try:
        database.number("SELECT count(*) FROM calls")
    except (sqlite3.Error, TooManyConnections) as error:
        return str(error)
    return ""


def queue(_database: Database) -> str:
    """Greet the queue, where this host has one."""
    port = os.environ.get("QUEUE_PORT")
    if not port:
        return ""
    try:
        with socket.create_connection(("127.0.0.1", int(port)), timeout=2) as line:
            line.sendall(b"PING\n")
            said = line.recv(16)
    except OSError as error:
        return f"the queue does not answer: {error}"
    return "" if said == b"PONG\n" else f"the queue answered {said!r}"


def storage(_database: Database) -> str:
    """See whether the storage that releases share is there."""
    place = Path(__file__).resolve().parent / "storage"
    return "" if os.access(place, os.W_OK) else f"{place} cannot be written"
