"""Worlds to measure in: the sandbox's workspace and the real bot, told to wait for what a benchmark waits for."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.kit import until
from bot.sandbox.configuration import Pace
from bot.sandbox.world import Tuning, World
from bot.trying import manifest

UNDER_WAY = ("queued", "preparing", "running", "verifying", "rolling_back", "holding")


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="shipmate-bench-") as name:
        yield Path(name)


def tuning(window: str = "2s", database: str = "", hosts: tuple[str, ...] = ("staging1", "web1", "web2")) -> Tuning:
    """Return a quick world's tuning, in which people may ask as often as they like."""
    return Tuning(manifest=manifest(), pace=Pace(window, "200ms", "30m"), database=database, hosts=hosts)


class Rows:
    """The bot's rows, read beside it; over SQLite or PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows that answer a question; `?` stands for values."""
        if self._url.startswith("sqlite"):
            path = self._url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
                return connection.execute(question, values).fetchall()
        import psycopg

        with psycopg.connect(self._url) as connection:
            return connection.execute(question.replace("?", "%s"), values).fetchall()

    def status(self, number: int) -> str:
        """Return a deployment's status; empty when there is none."""
        found = self.ask("SELECT status FROM deployment WHERE id = ?", number)
        return str(found[0][0]).lower() if found else ""

    def newest(self) -> int:
        """Return the number of the newest deployment."""
        return int(self.ask("SELECT coalesce(max(id), 0) FROM deployment")[0][0])


def asked(world: World, rows: Rows, text: str) -> int:
    """Have ana ask for a deployment and return its number."""
    before = rows.newest()
    world.slack.says("ana", text)
    try:
        until(lambda: rows.newest() > before, 60, "a request")
    except AssertionError as error:
        raise AssertionError(f"{text}: ana was told {told(world)}") from error
    return rows.newest()


def told(world: World) -> str:
    """Return what ana was told last."""
    private = world.slack.private("ana")
    return private[-1].words if private else "nothing"


def approved(world: World, rows: Rows, number: int) -> None:
    """Have ben approve what waits, and wait until that is known."""
    world.slack.presses("ben", "Approve", timeout=60)
    until(lambda: rows.ask("SELECT 1 FROM approval WHERE deployment_id = ?", number), 60, "the approval")


def finished(rows: Rows, number: int, seconds: float = 300) -> str:
    """Wait until a deployment is finished, and return how it ended."""
    pending = ("", "awaiting_approval", *UNDER_WAY)
    until(lambda: rows.status(number) not in pending, seconds, f"the end of deployment {number}")
    return rows.status(number)
