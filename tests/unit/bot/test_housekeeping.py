"""What the leader does every minute ends nothing when it stumbles."""

import asyncio
from types import SimpleNamespace

from bot.process import Doors, Process
from storage.errors import StoreUnavailable


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
