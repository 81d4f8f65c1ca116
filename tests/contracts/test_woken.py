"""What is written is acted upon at once, long before anybody would look by himself: no wake-up is lost."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from bot import schedules
from bot.leader import Leader
from bot.rounds import Rounds
from bot.sandbox.slack import SlackThread
from bot.schedules import Job
from bot.slack.worker import LEASE, Worker
from commands.replies import Reply
from commands.services import Services
from storage import audit, deployments, homes, inbox, leadership, outbox
from storage.models import Asking, Deployment, InboxState, Leadership, OutboxRow, OutboxState, Saying
from storage.seats import seat_for
from storage.store import Store
from tests.builders import NOW, a_message, a_request, stored, undone
from tests.contracts.slack_house import House, Refs, Time, delivery, world
from tests.contracts.test_claims import Everybody, until

NEVER = 600.0
"""Nobody looks by himself while a test lasts."""
PATIENCE = 60.0


@asynccontextmanager
async def delivering(store: Store):
    """Deliver, without ever looking by oneself."""
    with world() as slack:
        house = House(slack, store, Time(), Refs())
        house.delivery = delivery(house, rest=NEVER)
        running = asyncio.create_task(house.delivery.run())
        await at_rest(house.delivery._rounds)
        try:
            yield house, slack
        finally:
            await house.delivery.stop(seconds=1)
            await running
            for each in house.calls:
                await each.close()


async def at_rest(rounds: Rounds) -> None:
    """Wait until the first rounds are over."""
    while rounds._loop is None:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)


def write(store: Store, row: OutboxRow) -> None:
    with store.begin() as session:
        outbox.say(session, row)


def is_out(store: Store, key: str, times: int = 1) -> Callable[[], bool]:
    def holds() -> bool:
        with store.look() as session:
            row = session.exec(outbox.select(OutboxRow).where(OutboxRow.key == key)).one()
        return row.state is OutboxState.DELIVERED and row.shown >= times

    return holds


def message(key: str, at: datetime) -> OutboxRow:
    return OutboxRow(
        kind=Saying.POST, key=key, channel="deployments", payload={"text": key}, next_at=at, created_at=at, wanted=1
    )


async def test_a_message_is_sent_when_its_transaction_is_committed_in_whichever_thread(store):
    async with delivering(store) as (house, slack):
        await asyncio.to_thread(write, store, message("at once", house.time.now()))
        await until(is_out(store, "at once"), "it is out")
        assert said(slack) == ["at once"]


async def test_a_message_for_later_is_sent_when_its_time_has_come(store):
    async with delivering(store) as (house, slack):
        soon = house.time.now() + timedelta(seconds=1)
        await asyncio.to_thread(write, store, message("later", soon))
        await until(is_out(store, "later"), "it is out")
        assert house.time.now() >= soon
        assert said(slack) == ["later"]


async def test_a_home_that_is_opened_again_is_drawn_again(store):
    async with delivering(store) as (house, _):
        for times in (1, 2):
            with store.begin() as session:
                homes.want(session, "U0ANA", house.time.now())
            await until(is_out(store, homes.key("U0ANA"), times), f"drawn {times} times")


def said(slack: SlackThread) -> list[str]:
    return [message.words for message in slack.driver.messages()]


async def test_what_a_dead_process_was_running_is_run_as_soon_as_its_promise_lapses(any_store):
    ran, now = [], NOW
    with any_store.begin() as session:
        row = inbox.receive(session, a_request("key-0", at=now))
        inbox.acked(session, row.id, now)
        inbox.claim(session, "a dead process", now=now, until=now + timedelta(seconds=0.5))

    def deploy(request, _):
        ran.append(request.key)
        return Reply("done")

    services = Services(any_store, {}, None, None, None, None, now=lambda: now)
    worker = Worker(services, {(Asking.COMMAND, "deploy"): deploy}, Everybody(), rest=NEVER)
    running = asyncio.create_task(worker.run())
    await at_rest(worker._rounds)
    assert ran == []
    now += LEASE
    await until(lambda: _answered(any_store), "it is answered")
    await worker.stop()
    await running
    assert ran == ["key-0"]


def _answered(store: Store) -> bool:
    with store.look() as session:
        return session.exec(inbox.select(inbox.InboxRow.state)).one() is InboxState.DONE


async def test_a_job_is_done_again_once_rows_of_its_kind_are_written(store):
    numbers: list[int] = []

    def look() -> None:
        with store.look() as session:
            numbers.append(len(deployments.unfinished(session)))

    running = asyncio.create_task(schedules.run({"pace": Job(look, NEVER, (Deployment,))}, store))
    await until(lambda: numbers == [0], "the first look")
    with store.begin() as session:
        stored(session)
    await until(lambda: numbers[-1] == 1, "the look after the change")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_what_people_do_through_another_process_is_noticed_with_the_next_heartbeat(any_store):
    heard, other = Event(), Store(any_store.url)
    leader = Leader(any_store, seat_for(any_store), lambda: datetime.now(UTC), end=pytest.fail)
    assert leader.try_lead()
    try:
        any_store.listen(heard.set, OutboxRow)
        Event().wait(2.5)
        heard.clear()
        with other.begin() as session:
            audit.record(session, actor="cli:root", action="deployment.requested", at=NOW)
        assert heard.wait(PATIENCE)
    finally:
        leader.step_down()
        other.close()


def test_a_heartbeat_alone_wakes_nobody(any_store):
    heard = Event()
    leader = Leader(any_store, seat_for(any_store), lambda: datetime.now(UTC), end=pytest.fail)
    with any_store.begin() as session:
        stored(session)
    assert leader.try_lead()
    try:
        Event().wait(1.5)
        any_store.listen(heard.set, OutboxRow, Deployment)
        assert not heard.wait(2.5)
    finally:
        leader.step_down()


def test_who_listens_hears_of_each_way_to_write_and_only_of_his_kinds(any_store):
    heard: list[str] = []
    any_store.listen(lambda: heard.append("deployment"), Deployment)
    any_store.listen(lambda: heard.append("outbox"), OutboxRow)
    any_store.listen(lambda: heard.append("either"), Deployment, OutboxRow)
    any_store.listen(lambda: heard.append("leadership"), Leadership)

    def tell(*kinds: str) -> bool:
        found, heard[:] = list(heard), []
        return found == list(kinds)

    with any_store.begin() as session:
        one = stored(session)
    assert tell("deployment", "either")
    with any_store.begin() as session:
        deployments.get_for_change(session, one.number).version += 1
    assert tell("deployment", "either")
    with any_store.begin() as session:
        outbox.say(session, a_message("one"))
    assert tell("outbox", "either")
    with any_store.begin() as session:
        outbox.say(session, a_message("two"))
        deployments.get_for_change(session, one.number).version += 1
    assert tell("deployment", "outbox", "either")
    with any_store.begin() as session:
        leadership.beat(session, 0, NOW)
    assert tell("leadership")
    with any_store.begin() as session:
        deployments.get_for_change(session, one.number)
    undone(any_store, stored)
    assert tell()
