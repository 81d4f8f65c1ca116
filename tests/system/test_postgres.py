"""The whole product over PostgreSQL: the stories, and two processes of which one leads."""

import json
import shutil
import sys
import urllib.request
from collections.abc import Iterator

import psycopg
import pytest

from bot.sandbox.bot_process import BotProcess
from bot.sandbox.configuration import Pace
from bot.sandbox.stories import Teller, rollback, seed, sick_release
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from storage import audit
from storage.store import Store
from tests.system.sshd import free_port

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


@pytest.fixture
def sail(tmp_path, postgres_url):
    """Open worlds over PostgreSQL; what was said and logged is printed when the test fails."""
    opened: list[World] = []

    def open_one(expires: str = "30m") -> World:
        tuning = Tuning(manifest=manifest(), pace=Pace("2s", "200ms", expires), database=postgres_url)
        world = World(tmp_path / "state", tuning)
        world.__enter__()
        opened.append(world)
        return world

    yield open_one
    for world in opened:
        sys.stdout.write(world.slack.transcript()[-6000:])
        sys.stdout.write(world.bot.log.read_text()[-4000:])
        world.__exit__(None, None, None)


@pytest.fixture
def world(sail) -> World:
    return sail()


@pytest.fixture
def second(world: World) -> Iterator[BotProcess]:
    """Run a second process over the same database and workspace, with files of its own."""
    folder = world.state / "second"
    folder.mkdir()
    shutil.copy(world.state / "shipmate.toml", folder / "shipmate.toml")
    variables = {**world.variables(), "SHIPMATE_CONFIG": str(folder / "shipmate.toml"), "PORT": str(free_port())}
    bot = BotProcess(folder, variables)
    bot.start()
    try:
        world.slack.eventually(lambda: health(bot), 60, "the second process's /healthz")
        yield bot
    finally:
        bot.stop()
        sys.stdout.write("".join(f"second: {line}\n" for line in bot.log.read_text()[-4000:].splitlines()))


def quietly(_at: float, _line: str) -> None:
    """Show nothing; what was said is printed when the test fails."""


def health(bot: BotProcess) -> dict[str, object]:
    """Return what a process's /healthz says; nothing when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{bot.variables['PORT']}/healthz", timeout=2) as answer:
            shown: dict[str, object] = json.load(answer)
            return shown
    except OSError:
        return {}


def statuses(url: str) -> list[str]:
    """Return the status of every deployment, oldest first."""
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT status FROM deployment ORDER BY id")]


def cards(world: World, version: str) -> int:
    """Return how many cards the channel has of a version's deployments."""
    return sum(f"`{version}`" in message.words for message in world.slack.messages("deployments") if message.metadata)


def verified(url: str) -> bool:
    """Say whether the audit chain is whole."""
    store = Store(url)
    try:
        with store.look() as session:
            return audit.verify(session).broken_at is None
    finally:
        store.close()


def test_the_stories_hold_over_postgresql(world, postgres_url):
    """Deploy, approval, a sick release and a rollback, over one database."""
    teller = Teller(world, quietly)
    seed(teller)
    sick_release(teller)
    rollback(teller)
    assert verified(postgres_url)


def test_a_request_nobody_approves_expires_over_postgresql(sail, postgres_url):
    """The durable timer is a row of the engine in PostgreSQL."""
    world = sail("3s")
    world.slack.says("ana", "/deploy production v2.1")
    world.slack.eventually_shows("deployments", "expired", timeout=90)
    assert statuses(postgres_url) == ["expired"]


def test_of_two_processes_one_leads_and_the_other_takes_over_a_deployment_in_flight(world, second, postgres_url):
    """The leader is killed with -9: the standby finishes what ran, and nothing is said twice."""
    assert (health(world.bot)["leads"], health(second)["leads"]) == (True, False)
    world.slack.says("ana", "/deploy production v2.1")
    world.slack.presses("ben", "Approve", timeout=60)
    world.slack.eventually(lambda: "running" in statuses(postgres_url), 60, "a running deployment")

    world.bot.kill()

    world.slack.eventually_shows("deployments", "deployed `v2.1` to *production*", timeout=120)
    assert health(second)["leads"]
    assert statuses(postgres_url) == ["succeeded"]
    assert cards(world, "v2.1") == 1
    assert {world.host(name).serves for name in ("web1", "web2")} == {"v2.1"}
    assert verified(postgres_url)
