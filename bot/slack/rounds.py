"""A loop that goes round when it is woken, and by itself every so many seconds, until it is stopped."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress


class Rounds:
    """Calls something again and again; woken in the middle of a round, it goes round once more."""

    def __init__(self, once: Callable[[], Awaitable[object]], *, every: float, rest: float | None = None) -> None:
        """Remember what to do, and how many seconds to wait for somebody who wakes us; `rest` after an empty round."""
        self._rest = every if rest is None else rest
        self._once = once
        self._every = every
        self._woken = asyncio.Event()
        self._left = asyncio.Event()
        self._left.set()
        self.stopping = False

    def wake(self) -> None:
        """Go round at once; called from the loop."""
        self._woken.set()

    async def run(self) -> None:
        """Go round until stopped."""
        self._left.clear()
        try:
            while not self.stopping:
                self._woken.clear()
                found = await self._once()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), timeout=self._every if found else self._rest)
        finally:
            self._left.set()

    async def stop(self) -> None:
        """Begin no other round, and wait for the one under way."""
        self.stopping = True
        self.wake()
        await self._left.wait()
