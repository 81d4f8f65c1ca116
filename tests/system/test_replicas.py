"""Several `shipmate work` and `shipmate serve` over one PostgreSQL: one leads, all answer, and the lead passes on."""

import sys
from collections.abc import Iterator
from time import monotonic

import psycopg
import pytest

from bot.sandbox.configuration import Pace
from bot.sandbox.slack.entities import Message
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from tests.crash.scene import Scene
from tests.system.cluster import Cluster, cluster
from tests.system.fleet import Fleet, Member
from tests.system.island import Island, island
from tests.system.outages import acts

pytestmark = [pytest.mark.system, pytest.mark.timeout(500)]

PACE = Pace(window="6s", interval="200ms", expires="30m")
HOSTS = ("web1", "web2")
PROGRESS = 10.0
"""Seconds that a killed leader costs at most, or as long as a start takes where the machine is too busy for that.

What it costs on a quiet one is said by `benchmarks recovery`.
"""


def key(message: Message) -> str:
    payload = (message.metadata or {}).get("event_payload", {})
    return str(payload.get("key", ""))


@pytest.fixture
def url(postgres_url) -> str:
    return postgres_url


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    """Give a world whose own process does not run: the fleet's do."""
    with World(tmp_path / "state", Tuning(manifest=manifest(), pace=PACE)) as opened:
        opened.bot.stop()
        yield opened
        sys.stdout.write(opened.slack.transcript()[-4000:])


@pytest.fixture
def fleet(world) -> Iterator[Fleet]:
    made = Fleet(world)
    yield made
    made.disbands()


def rows(url: str, query: str, *values: object) -> list[tuple]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode(), values).fetchall()


def ships(fleet: Fleet, url: str, version: str) -> int:
    """Ask for a release and approve it, and return the number of the deployment that has begun."""
    fleet.world.slack.says("ana", f"/deploy production {version}")
    fleet.world.slack.presses("ben", "Approve", timeout=60)
    query = "SELECT max(id) FROM deployment WHERE ref = %s AND started_at IS NOT NULL"
    return int(fleet.until(f"{version} to begin", lambda: rows(url, query, version)[0][0]))


def begun_twice(world: World) -> list[str]:
    """Return the operations that any host began more than once, as the host's own shell counted them."""
    return [it for name in HOSTS for it, times in Scene(name, world.host(name).home).begun().items() if times > 1]


def said_once(fleet: Fleet, url: str) -> None:
    """Demand one card a deployment, no message twice, and a whole chain of audit entries."""
    keys = [key(message) for message in fleet.world.slack.messages() if key(message)]
    assert len(keys) == len(set(keys))
    for (number,) in rows(url, "SELECT id FROM deployment"):
        acts(url, number)
    assert begun_twice(fleet.world) == []


def four(fleet: Fleet, url: str) -> list[Member]:
    """Start two that work and two that serve, and wait until all are ready."""
    for verb in ("work", "work", "serve", "serve"):
        member = fleet.joins(verb, url)
        fleet.until(f"{member.name} to be ready", lambda member=member: member.health().get("ready"))
    fleet.world.connected()
    for name in HOSTS:
        Scene.of(fleet.world.host(name))
    return fleet.members


def test_of_two_that_work_and_two_that_serve_one_leads_and_all_answer(url, fleet):
    members = four(fleet, url)
    leader = fleet.leader()
    name = leader.health()["leader"]
    fleet.until("all to name one leader", lambda: {it.health().get("leader") for it in members} == {name})
    assert [it.name for it in members if it.leads] == [leader.name]
    assert leader.name.startswith("work")
    for number, member in enumerate(members):
        serves = member.name.startswith("serve")
        fleet.world.server.request_url = f"http://127.0.0.1:{member.port}/slack/events" if serves else ""
        fleet.world.slack.says("ana", f"/deploy production v9.{number}")
        fleet.until(
            f"an answer through {member.name}",
            lambda number=number: [it for it in fleet.world.slack.private("ana") if f"v9.{number}" in it.words],
        )
    answers = [it.words for it in fleet.world.slack.private("ana") if "v9." in it.words]
    assert len(answers) == len(members)
    assert {state for (state,) in rows(url, "SELECT state FROM inbox")} == {"done"}


def test_a_standby_goes_on_with_the_deployment_of_a_leader_that_was_killed(url, fleet):
    began = monotonic()
    members = four(fleet, url)
    started = (monotonic() - began) / len(members)
    killed = fleet.leader()
    number = ships(fleet, url, "v2.1")
    fleet.until("v2.1 on web1", lambda: fleet.world.host("web1").serves == "v2.1")
    killed.bot.kill()
    [(before,)] = rows(url, "SELECT epoch FROM leadership")
    lead = fleet.takes("a new leader", lambda: rows(url, "SELECT epoch FROM leadership")[0][0] > before)
    looks = "SELECT count(*) FROM look WHERE deployment_id = %s"
    seen = rows(url, looks, number)[0][0]
    look = fleet.takes("the next look at the release", lambda: rows(url, looks, number)[0][0] != seen)
    assert lead + look < max(PROGRESS, started)
    fleet.world.slack.eventually_shows("deployments", "deployed `v2.1` to *production*", timeout=120)
    assert {fleet.world.host(name).serves for name in HOSTS} == {"v2.1"}
    assert rows(url, "SELECT status FROM deployment") == [("succeeded",)]
    said_once(fleet, url)


def test_a_frozen_leader_is_replaced_and_what_it_does_when_it_wakes_is_refused(url, fleet):
    four(fleet, url)
    frozen = fleet.leader()
    token = rows(url, "SELECT epoch FROM leadership")[0][0]
    ships(fleet, url, "v2.1")
    fleet.until("v2.1 on web1", lambda: fleet.world.host("web1").serves == "v2.1")
    frozen.bot.freeze()
    fleet.leader(frozen)
    for name in HOSTS:
        tokens = fleet.world.host(name).home / "app" / ".shipmate" / "tokens"
        fleet.until(
            f"{name} to know the new leader",
            lambda tokens=tokens: max(int(it.name) for it in tokens.iterdir()) > token,
        )
    frozen.bot.thaw()
    fleet.until("the end of the one that was frozen", lambda: not frozen.bot.runs)
    assert frozen.bot.stop() == 70
    fleet.world.slack.eventually_shows("deployments", "deployed `v2.1` to *production*", timeout=120)
    assert rows(url, "SELECT status FROM deployment") == [("succeeded",)]
    said_once(fleet, url)


def test_a_leader_whose_session_is_ended_takes_its_seat_again_or_ends(url, fleet):
    for _ in range(2):
        fleet.joins("work", url)
    leader = fleet.leader()
    fleet.until("both to be ready", lambda: all(it.health().get("ready") for it in fleet.members))
    seat = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 1397246288 AND granted"
    [(backend,)] = rows(url, seat)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", (backend,))
    fleet.until("somebody on the seat", lambda: rows(url, seat) not in ([], [(backend,)]))
    fleet.until("one leader", lambda: [it.leads for it in fleet.members].count(True) == 1)
    fleet.until("the old one to lead or to end", lambda: leader.leads or not leader.bot.runs)
    ships(fleet, url, "v2.1")
    fleet.world.slack.eventually_shows("deployments", "deployed `v2.1` to *production*", timeout=120)
    said_once(fleet, url)


@pytest.fixture
def apart() -> Iterator[tuple[Island, Cluster]]:
    """Give a database on an island with three wires: one for each member, and one for the test to look."""
    with island(3) as made, cluster(made.within) as server:
        yield made, server


def test_a_leader_that_is_cut_off_ends_itself_before_another_one_begins(apart, fleet):
    land, server = apart
    look = server.database("shipmate", land.wires[2].address)
    first, second = (server.url("shipmate", wire.address) for wire in land.wires[:2])
    old = fleet.joins("work", first)
    assert fleet.leader() is old
    standby = fleet.joins("work", second)
    fleet.until("the standby to be ready", lambda: standby.health().get("ready"))
    land.wires[0].cut()
    fleet.takes("the end of the one that was cut off", lambda: not old.bot.runs)
    assert not standby.leads
    assert old.bot.stop() == 70
    fleet.takes("the lead of the other", lambda: standby.leads)
    ships(fleet, look, "v2.1")
    fleet.world.slack.eventually_shows("deployments", "deployed `v2.1` to *production*", timeout=120)


def test_a_leader_that_is_cut_off_from_a_sick_release_brings_it_back_and_the_other_one_writes_it_down(apart, fleet):
    land, server = apart
    look = server.database("shipmate", land.wires[2].address)
    first, second = (server.url("shipmate", wire.address) for wire in land.wires[:2])
    old = fleet.joins("work", first)
    assert fleet.leader() is old
    ships(fleet, look, "v2.2")
    fleet.world.slack.eventually_shows("deployments", "deployed `v2.2` to *production*", timeout=120)
    standby = fleet.joins("work", second)
    fleet.until("the standby to be ready", lambda: standby.health().get("ready"))
    ships(fleet, look, "v2.4")
    fleet.until("v2.4 on web1", lambda: fleet.world.host("web1").serves == "v2.4")
    land.wires[0].cut()
    fleet.takes("v2.2 on web1 again", lambda: fleet.world.host("web1").serves == "v2.2")
    fleet.world.slack.eventually_shows("deployments", "rolled back", timeout=120)
    assert standby.leads
    land.wires[0].mend()
    fleet.until("the end of the one that was cut off", lambda: not old.bot.runs)
    assert rows(look, "SELECT status FROM deployment WHERE id > 1 ORDER BY id") == [("rolled_back",), ("succeeded",)]
    said_once(fleet, look)


def test_a_database_process_that_stands_still_does_not_keep_its_leader_from_noticing(apart, fleet):
    """The server's side of the seat is frozen: nothing is refused and nothing is answered."""
    land, server = apart
    look = server.database("shipmate", land.wires[2].address)
    old = fleet.joins("work", server.url("shipmate", land.wires[0].address))
    assert fleet.leader() is old
    seat = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 1397246288 AND granted"
    [(backend,)] = rows(look, seat)
    server.freeze(backend, on=True)
    try:
        fleet.takes("the end of a leader whose seat does not answer", lambda: not old.bot.runs)
    finally:
        server.freeze(backend, on=False)
    assert old.bot.stop() == 70
