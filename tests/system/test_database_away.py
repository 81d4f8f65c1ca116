"""Law 5, with real processes: a sick release comes back while its database is away, and everything tells the truth."""

import sys
from collections.abc import Callable, Collection, Iterator

import pytest

from bot.alone import BEGUN, ENDED
from bot.sandbox.configuration import Pace
from bot.sandbox.slack.entities import Message
from bot.sandbox.stories import Teller, seed
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from tests.system.cluster import cluster
from tests.system.outages import Base, FullDisk, LockedFile, StoppedServer, acts, small_disk

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]

PACE = Pace(window="3s", interval="200ms", expires="30m")
PATIENCE = 120.0


LOCKED, FULL, STOPPED = "sqlite, locked", "sqlite, disk full", "postgresql, stopped"


@pytest.fixture(params=[LOCKED, STOPPED])
def base(request, tmp_path) -> Iterator[Base]:
    if request.param == FULL:
        with small_disk(tmp_path / "state" / ".shipmate", megabytes=16) as disk:
            yield FullDisk(disk)
        return
    if request.param == LOCKED:
        (tmp_path / "state").mkdir()
        file = LockedFile(tmp_path / "state" / "shipmate.db")
        yield file
        file.comes_back()
        return
    with cluster() as server:
        yield StoppedServer(server, server.database("shipmate"))


@pytest.fixture
def world(tmp_path, base) -> Iterator[World]:
    """Give a world in which v2.2 serves and v2.1 did before; what was said is printed when a test fails."""
    opened = World(tmp_path / "state", Tuning(manifest=manifest(), pace=PACE, database=base.url))
    with opened:
        try:
            seed(Teller(opened, lambda _at, _line: None))
            yield opened
        finally:
            base.comes_back()
            sys.stdout.write(opened.slack.transcript()[-6000:])
            sys.stdout.write(opened.bot.log.read_text()[-8000:])


def until(world: World, what: str, holds: Callable[[], object]) -> None:
    world.slack.eventually(holds, PATIENCE, what)


def ship_a_sick_release(world: World) -> None:
    """Have v2.4 approved, and wait until web1 serves it: it turns sick within seconds."""
    world.slack.says("ana", "/deploy production v2.4")
    world.slack.presses("ben", "Approve", timeout=60)
    until(world, "v2.4 on web1", lambda: world.host("web1").serves == "v2.4")


def statuses(base: Base) -> list[str]:
    found = base.rows("SELECT status FROM deployment WHERE ref = 'v2.4' OR automatic ORDER BY id")
    return [str(status) for (status,) in found]


def key(message: Message) -> str:
    payload = (message.metadata or {}).get("event_payload", {})
    return str(payload.get("key", ""))


def tells_the_truth(world: World, base: Base, *, alone: Collection[int] = (1,)) -> None:
    """Demand that rows, card, alerts and audit say that v2.4 was taken back, each once."""
    world.slack.eventually_shows("deployments", "rolled back", timeout=PATIENCE)
    world.slack.eventually_shows("alerts", "v2.4", timeout=PATIENCE)
    assert statuses(base) == ["rolled_back", "succeeded"]
    assert base.rows("SELECT count(*) FROM lock") == [(0,)]
    served = base.rows("SELECT name, sha FROM target WHERE environment = 'production' ORDER BY name")
    assert len({sha for _, sha in served}) == 1
    number = base.rows("SELECT max(id) FROM deployment WHERE ref = 'v2.4'")[0][0]
    told = acts(base.url, number)
    assert told.count(BEGUN) in alone
    assert [told.count(act) for act in ("deployment.rolling_back", "deployment.rolled_back")] == [1, 1]
    assert len([it for it in world.slack.messages("deployments") if key(it).startswith(f"card:{number}")]) == 1
    assert (world.host("web1").serves, world.host("web2").serves) == ("v2.2", "v2.2")


def test_a_sick_release_comes_back_while_the_database_is_away(world, base):
    ship_a_sick_release(world)
    base.goes_away()
    until(world, "v2.2 on web1 again", lambda: world.host("web1").serves == "v2.2")
    assert world.bot.runs
    base.comes_back()
    tells_the_truth(world, base)
    number = base.rows("SELECT max(id) FROM deployment WHERE ref = 'v2.4'")[0][0]
    assert ENDED in acts(base.url, number)


def test_who_is_killed_on_the_way_back_without_a_database_is_followed_when_both_are_there_again(world, base):
    ship_a_sick_release(world)
    base.goes_away()
    until(world, "v2.2 on web1 again", lambda: world.host("web1").serves == "v2.2")
    world.bot.kill()
    base.comes_back()
    world.bot.start()
    tells_the_truth(world, base)


@pytest.mark.parametrize("base", [FULL], indirect=True)
def test_a_sick_release_comes_back_while_our_own_disk_is_full(world, base):
    """What SQLite has room for in its log is still written; so the way back may or may not be gone without rows."""
    ship_a_sick_release(world)
    base.goes_away()
    until(world, "v2.2 on web1 again", lambda: world.host("web1").serves == "v2.2")
    assert world.bot.runs
    base.comes_back()
    tells_the_truth(world, base, alone=(0, 1))


def with_veto(world: World, seconds: int) -> None:
    """Start the bot anew with so much time to say no."""
    world.bot.stop()
    path = world.state / "shipmate.toml"
    path.write_text(path.read_text().replace("automatic = true\n", f'automatic = true\nveto = "{seconds}s"\n'))
    world.bot.start()
    world.connected()


def test_a_veto_whose_time_is_over_acts_while_the_database_is_away(world, base):
    with_veto(world, 15)
    ship_a_sick_release(world)
    until(world, "the question", lambda: base.rows("SELECT id FROM hold"))
    base.goes_away()
    assert world.host("web1").serves == "v2.4"
    until(world, "v2.2 on web1 again", lambda: world.host("web1").serves == "v2.2")
    base.comes_back()
    tells_the_truth(world, base)
    assert base.rows("SELECT answer, answered_by FROM hold") == [("back", "shipmate")]
