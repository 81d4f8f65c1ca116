"""Where stories are played: a world with one bot over SQLite or two over PostgreSQL; and what is judged at last."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from bot.sandbox.bot_process import BotProcess, Launch, launched
from bot.sandbox.configuration import Pace
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from tests.crash.faults import Evidence, faults
from tests.crash.people import People
from tests.crash.rows import Rows
from tests.crash.scene import Scene
from tests.crash.stories import SEED
from tests.system.sshd import free_port

PRODUCTION = ("web1", "web2")
PACE = Pace("2s", "200ms", "30s")
REST = 60.0
"""Seconds after the last restart within which nothing is left to do or to say."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A world in which v2.1 and v2.2 were shipped, and who acts in it."""

    world: World
    bots: Sequence[BotProcess]
    rows: Rows
    scenes: Sequence[Scene]
    people: People


@contextmanager
def theatre(state: Path, database: str = "", launch: Launch = launched) -> Iterator[Stage]:
    """Open a world over SQLite or the database of a URL, and ship what every story begins from."""
    rows = Rows(database or state / "shipmate.db")
    tuning = Tuning(manifest=manifest(), pace=PACE, hosts=PRODUCTION, database=database, launch=launch)
    with World(state, tuning) as world:
        scenes = [Scene.of(world.host(name)) for name in PRODUCTION]
        people = People(world, rows)
        for story in SEED:
            people.play(story)
        with _second(world, launch) if database else _alone() as others:
            yield Stage(world, [world.bot, *others], rows, scenes, people)


def verdict(stage: Stage) -> list[str]:
    """Let everything come to rest, and return every breach of a promise."""
    until = monotonic() + REST
    while monotonic() < until and any(_restless(stage.rows)):
        sleep(0.1)
    people = stage.people
    return faults(Evidence(stage.world, stage.rows, stage.scenes, people.played, people.asked - people.unheard()))


@contextmanager
def _alone() -> Iterator[Sequence[BotProcess]]:
    yield ()


@contextmanager
def _second(world: World, launch: Launch) -> Iterator[Sequence[BotProcess]]:
    """Run a second bot over the same database and workspace, with files of its own."""
    folder = world.state / "second"
    folder.mkdir()
    shutil.copy(world.state / "shipmate.toml", folder / "shipmate.toml")
    own = {"SHIPMATE_CONFIG": str(folder / "shipmate.toml"), "PORT": str(free_port())}
    bot = BotProcess(folder, {**world.variables(), **own}, launch=launch)
    bot.start()
    try:
        yield (bot,)
    finally:
        bot.stop()


def _restless(rows: Rows) -> Iterator[bool]:
    yield any(row["state"] not in ("done", "void") for row in rows.asked())
    yield any(row["state"] == "waiting" for row in rows.said())
