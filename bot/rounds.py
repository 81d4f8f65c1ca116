"""A loop that waits until it is woken or something is due: how everything here waits for rows."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress


class Rounds:
    """Calls something again and again; woken in the middle of a round, it goes round once more."""

    def __init__(self, once: Callable[[], Awaitable[float | None]], *, rest: float, gap: float = 0.0) -> None:
        """Remember what to do; it returns in how many seconds something is due, None when it knows of nothing.

        `rest` is the longest wait, for what nobody wakes us for, and for clocks that jump; `gap` the shortest, so that
        much at once is one round.
        """
        self._once = once
        self._rest = rest
        self._gap = gap
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._left = asyncio.Event()
        self._left.set()
        self.stopping = False

    def wake(self) -> None:
        """Go round at once; called from any thread. Before the first round there is nobody to wake."""
        if self._loop:
            with suppress(RuntimeError):  # the loop is closed: nobody goes round any more
                self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Go round until stopped."""
        self._loop = asyncio.get_running_loop()
        self._left.clear()
        try:
            while not self.stopping:
                self._woken.clear()
                due = await self._once()
                await asyncio.sleep(self._gap)
                with suppress(TimeoutError):
                    seconds = self._rest if due is None else min(max(due - self._gap, 0.0), self._rest)
                    await asyncio.wait_for(self._woken.wait(), timeout=seconds)
        finally:
            self._left.set()

    async def stop(self) -> None:
        """Begin no other round, and wait for the one under way."""
        self.stopping = True
        self._woken.set()
        await self._left.wait()
