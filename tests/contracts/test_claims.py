"""Several workers over one database: each request is run by one of them, has its effect once, and outlives them."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from bot.slack.worker import LEASE, Worker
from commands.replies import Reply
from commands.services import Person, Services
from storage import audit, inbox, outbox
from storage.claims import Claim
from storage.errors import ClaimLost
from storage.models import Asking, InboxRow, InboxState
from storage.store import Store
from tests.builders import a_request

PATIENCE = 60.0


class Office:
    """Two processes over one database, with a clock that only tests move and a command that leaves an audit entry."""

    def __init__(self, store: Store) -> None:
        self.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
        self.stores = [store, Store(store.url)]
        self.ran: list[tuple[str, str]] = []
        self.before: dict[str, Event] = {}
        """What a worker waits for before its command writes, by the worker's name."""
        self.reached = Event()

    def asks(self, count: int, *people: str) -> None:
        with self.stores[0].begin() as session:
            for number in range(count):
                row = a_request(f"key-{number}", text=f"number {number}", at=self.now)
                row.person = people[number % len(people)]
                stored = inbox.receive(session, row)
                inbox.acked(session, stored.id, self.now)

    def worker(self, name: str, which: int = 0) -> Worker:
        services = Services(
            store=self.stores[which],
            environments={},
            repository=None,
            preflight=None,
            people=None,
            engine=None,
            now=lambda: self.now,
        )

        def deploy(request, services):
            if name in self.before:
                self.reached.set()
                assert self.before[name].wait(PATIENCE)
            with services.store.begin() as session:
                audit.record(session, actor=request.person.id, action="asked", detail={"key": request.key}, at=self.now)
            self.ran.append((name, request.key))
            return Reply(f"done by {name}")

        return Worker(services, {(Asking.COMMAND, "deploy"): deploy}, Everybody(), every=0.02)

    def effects(self) -> Counter[str]:
        with self.stores[0].look() as session:
            return Counter(entry.detail["key"] for entry in audit.newest(session, 1000) if entry.action == "asked")

    def rows(self) -> list[InboxRow]:
        with self.stores[0].look() as session:
            return list(session.exec(inbox.select(InboxRow).order_by(InboxRow.id)))

    def answers(self) -> list[str]:
        with self.stores[0].look() as session:
            return [row.payload["text"] for row in outbox.due(session, self.now, limit=1000)]

    def all_done(self) -> bool:
        return all(row.state is InboxState.DONE for row in self.rows())


class Everybody:
    def person(self, user: str) -> Person:
        return Person(user, user)


@pytest.fixture
def office(any_store):
    made = Office(any_store)
    yield made
    made.stores[1].close()


async def until(holds, what: str) -> None:
    """Wait until something holds; looked at in a thread, so that the workers go on."""
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - rows are looked at, and no event tells of them
            await asyncio.sleep(0.02)
    assert holds(), what


async def test_two_workers_run_every_request_once(office):
    office.asks(40, "U0ANA", "U0BEN", "U0LEA", "U0OMAR")
    workers = [office.worker("first"), office.worker("second", 1)]
    running = [asyncio.create_task(worker.run()) for worker in workers]
    await until(office.all_done, "everything is answered")
    for worker in workers:
        await worker.stop()
    await asyncio.gather(*running)
    assert office.effects() == Counter({f"key-{number}": 1 for number in range(40)})
    assert len(office.answers()) == 40


async def test_what_a_dead_worker_was_running_is_run_by_the_other_when_its_lease_is_over(office):
    office.asks(1, "U0ANA")
    with office.stores[0].begin() as session:
        inbox.claim(session, "who is dead", now=office.now, until=office.now + LEASE)
    worker = office.worker("second", 1)
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(0.3)
    assert office.ran == []
    office.now += LEASE + timedelta(seconds=1)
    await until(office.all_done, "the request is answered")
    await worker.stop()
    await running
    assert office.ran == [("second", "key-0")]


async def test_a_clock_that_was_set_back_does_not_keep_a_dead_workers_request_for_hours(office):
    office.asks(1, "U0ANA")
    with office.stores[0].begin() as session:
        inbox.claim(session, "who is dead", now=office.now, until=office.now + LEASE)
    office.now -= timedelta(hours=5)
    worker = office.worker("second", 1)
    running = asyncio.create_task(worker.run())
    await until(office.all_done, "the request is answered")
    await worker.stop()
    await running
    assert office.ran == [("second", "key-0")]


async def test_a_frozen_worker_that_wakes_up_has_no_effect_any_more(office):
    """It stood still before it wrote; meanwhile another has run its request."""
    office.asks(1, "U0ANA")
    office.before["frozen"] = Event()
    frozen, other = office.worker("frozen"), office.worker("other", 1)
    frozen_runs = asyncio.create_task(frozen.run())
    await until(office.reached.is_set, "the command has begun")
    frozen_runs.cancel()
    office.now += LEASE + timedelta(seconds=1)
    other_runs = asyncio.create_task(other.run())
    await until(office.all_done, "the other has answered")
    office.before["frozen"].set()
    await frozen.stop(seconds=PATIENCE)
    await other.stop()
    await asyncio.gather(other_runs, frozen_runs, return_exceptions=True)
    assert office.ran == [("other", "key-0")]
    assert office.effects() == Counter({"key-0": 1})
    assert office.answers() == ["done by other"]


async def test_a_worker_that_runs_for_long_keeps_what_it_runs(office):
    office.asks(1, "U0ANA")
    office.before["slow"] = Event()
    slow, other = office.worker("slow"), office.worker("other", 1)
    running = [asyncio.create_task(slow.run())]
    await until(office.reached.is_set, "the command has begun")
    running.append(asyncio.create_task(other.run()))
    for _ in range(8):
        office.now += LEASE / 2
        await until(lambda: office.rows()[0].leased_until > office.now, "the lease is renewed")
    office.before["slow"].set()
    await until(office.all_done, "it is answered")
    for worker in (slow, other):
        await worker.stop()
    await asyncio.gather(*running)
    assert office.ran == [("slow", "key-0")]


@pytest.fixture
def postgres(postgres_url):
    made = Store(postgres_url)
    made.migrate()
    yield made
    made.close()


def test_nobody_claims_a_request_while_its_owner_writes_for_it(postgres):
    """Its row is locked meanwhile, even if the lease is over; SQLite has one writer at a time anyway."""
    at = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    with postgres.begin() as session:
        row = inbox.receive(session, a_request("key"))
        inbox.acked(session, row.id, at)
        inbox.claim(session, "first", now=at, until=at)
    later = at + timedelta(hours=1)
    with Claim(postgres, row.id, "first").begin(), postgres.begin() as other:
        assert inbox.claim(other, "second", now=later, until=later) is None
    with postgres.begin() as session:
        assert inbox.claim(session, "second", now=later, until=later).id == row.id
    with pytest.raises(ClaimLost), Claim(postgres, row.id, "first").begin():
        pytest.fail("it got through")
