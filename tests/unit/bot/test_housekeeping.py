"""What the leader does every minute ends nothing when it stumbles."""

import asyncio
from types import SimpleNamespace

from bot.process import Doors, Process
from storage.errors import StoreUnavailable
from storage.models import HOLDS, OutboxRow, Status
from storage.outbox import select
from tests.builders import NOW, a_deployment, stored


async def test_housekeeping_that_stumbles_leaves_out_nothing_and_ends_nothing():
    done, tidied, loop = [], asyncio.Event(), asyncio.get_running_loop()

    def stumbles() -> None:
        done.append("stumbles")
        raise OSError("database or disk is full")

    def away() -> None:
        done.append("away")
        raise StoreUnavailable("shipmate.db", "it is away")

    app = SimpleNamespace(
        reconcile=stumbles,
        audit=SimpleNamespace(chain_in=away, anchor=stumbles),
        tidy=lambda: loop.call_soon_threadsafe(tidied.set),
    )
    keeping = asyncio.create_task(Process(app, Doors(socket=False, http=False))._reconcile())
    async with asyncio.timeout(30):
        await tidied.wait()
    assert not keeping.done()
    keeping.cancel()
    assert done == ["stumbles", "away", "stumbles"]


def test_what_waits_for_a_person_is_not_said_to_go_on_by_itself_when_the_bot_stops(store):
    """Whatever else holds an environment is."""
    numbers = {}
    with store.begin() as session:
        for status in HOLDS | {Status.AWAITING_APPROVAL, Status.QUEUED}:
            one = a_deployment(environment=status.value)
            one.status = status
            numbers[stored(session, one).number] = status
    app = SimpleNamespace(store=store, clock=lambda: NOW)
    Process(app, Doors(socket=False, http=False))._say_restarting()
    with store.look() as session:
        told = {numbers[row.deployment_id] for row in session.exec(select(OutboxRow))}
    assert told == HOLDS - {Status.INCOMPLETE, Status.UNKNOWN}
