"""Who waits is woken at once, from any thread, and looks by itself when something is due or nobody wakes him."""

import asyncio
from collections.abc import Callable
from typing import Any

from bot.rounds import Rounds

NEVER = 600.0
PATIENCE = 60.0


async def going(rounds: Rounds, act: Callable[[], Any]) -> None:
    """Act while it goes round, and stop it."""
    running = asyncio.create_task(rounds.run())
    try:
        async with asyncio.timeout(PATIENCE):
            await act()
    finally:
        await rounds.stop()
        await running


class Looks:
    """Counts rounds, and says what each of them returns."""

    def __init__(self, *due: float | None) -> None:
        self.due = list(due)
        self.done = asyncio.Semaphore(0)
        self.count = 0

    async def once(self) -> float | None:
        self.count += 1
        self.done.release()
        return self.due.pop(0) if self.due else None


async def test_who_is_woken_goes_round_at_once_from_whichever_thread():
    looks = Looks()
    rounds = Rounds(looks.once, rest=NEVER)

    async def act() -> None:
        await looks.done.acquire()
        rounds.wake()
        await looks.done.acquire()
        await asyncio.to_thread(rounds.wake)
        await looks.done.acquire()

    await going(rounds, act)


async def test_who_is_woken_in_the_middle_of_a_round_goes_round_once_more():
    begun, goes_on, count = asyncio.Event(), asyncio.Event(), 0

    async def once() -> None:
        nonlocal count
        count += 1
        begun.set()
        await goes_on.wait()

    rounds = Rounds(once, rest=NEVER)

    async def act() -> None:
        await begun.wait()
        rounds.wake()
        await asyncio.sleep(0)
        begun.clear()
        goes_on.set()
        await begun.wait()

    await going(rounds, act)
    assert count == 2


async def test_what_is_due_is_done_long_before_the_rest_is_over():
    looks = Looks(0.01, 0.0, -5.0)

    async def act() -> None:
        for _ in range(4):
            await looks.done.acquire()

    await going(Rounds(looks.once, rest=NEVER), act)


async def test_what_is_due_in_an_hour_is_looked_for_again_after_the_rest():
    looks = Looks(3600.0)

    async def act() -> None:
        for _ in range(2):
            await looks.done.acquire()

    await going(Rounds(looks.once, rest=0.01), act)


async def test_many_wakings_at_once_are_one_round():
    looks = Looks()
    rounds = Rounds(looks.once, rest=NEVER, gap=0.2)

    async def act() -> None:
        await looks.done.acquire()
        for _ in range(1000):
            rounds.wake()
        await looks.done.acquire()

    await going(rounds, act)
    assert looks.count == 2


def test_who_is_woken_before_the_first_round_or_after_the_end_of_everything_does_not_mind():
    rounds = Rounds(Looks().once, rest=NEVER)
    rounds.wake()

    async def play() -> None:
        running = asyncio.create_task(rounds.run())
        await asyncio.sleep(0)
        await rounds.stop()
        await running

    asyncio.run(play())
    rounds.wake()
