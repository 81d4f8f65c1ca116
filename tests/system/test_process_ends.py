"""How a process ends: with 0 when it is told to, and with 1 and a sentence in its log when a part of it is broken."""

import json
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.sandbox.bot_process import BotProcess
from bot.sandbox.configuration import Pace
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from tests.system.sshd import free_port

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    with World(tmp_path / "state", Tuning(manifest=manifest(), pace=Pace("2s", "200ms", "30m"))) as opened:
        yield opened


@pytest.fixture
def beside(world) -> Iterator[Callable[[int], BotProcess]]:
    """Start processes beside the first one, over the same database, each in a folder of its own."""
    started: list[BotProcess] = []

    def start(port: int) -> BotProcess:
        folder = world.state / f"beside-{len(started)}"
        folder.mkdir()
        shutil.copy(world.state / "shipmate.toml", folder)
        variables = {**world.variables(), "SHIPMATE_CONFIG": str(folder / "shipmate.toml"), "PORT": str(port)}
        started.append(BotProcess(folder, variables))
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        each.stop()


def code(world: World, bot: BotProcess) -> int:
    """Return the exit code of a process that ends by itself."""
    world.slack.eventually(lambda: not bot.runs, 60, "the end of a process")
    return bot.stop()


def events(log: Path) -> list[str]:
    """Return what a process has logged."""
    return [json.loads(line)["event"] for line in log.read_text().splitlines() if line.startswith("{")]


def test_a_process_that_is_told_to_stop_ends_with_0(world):
    assert world.bot.stop() == 0
    assert events(world.bot.log)[-1] == "stopped"


def test_a_process_whose_port_is_taken_ends_with_1_and_names_what_is_broken(world, beside):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bot = beside(taken.getsockname()[1])
        assert code(world, bot) == 1
    assert any("my web server ended" in event for event in events(bot.log))


def test_a_process_that_cannot_launch_the_engine_ends_with_1_and_leads_no_longer(world, beside):
    standby = beside(free_port())
    world.slack.eventually(lambda: "Connected to Slack" in events(standby.log), 60, "the standby")
    with closing(sqlite3.connect(world.state / "shipmate.db", timeout=30)) as database, database:
        database.execute("DROP TABLE queues")
    world.bot.kill()
    assert code(world, standby) == 1
    assert any("my lead ended" in event for event in events(standby.log))
