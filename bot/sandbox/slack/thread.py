"""Run the stand-in for Slack in a thread of its own, for tests and demos that are not asynchronous."""

import asyncio
from collections.abc import Coroutine
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from bot.sandbox.slack.driver import Driver
from bot.sandbox.slack.server import SlackServer

Result = TypeVar("Result")


class SlackThread:
    """Hold a server's thread and loop while the context lasts."""

    def __init__(self, server: SlackServer) -> None:
        self.server = server
        self.driver = Driver(server, self.call)
        self._thread = Thread(target=self._run, name="sandbox-slack", daemon=True)
        self._ready = Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop
        self._ending: asyncio.Event

    def __enter__(self) -> Self:
        """Start serving."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving and end the thread."""
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()

    def call(self, work: Coroutine[Any, Any, Result], timeout: float = 60.0) -> Result:
        """Do something in the server's loop and return what came of it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 -- handed to the thread that waits in __enter__
            self._failure = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        await self.server.start()
        self._ready.set()
        await self._ending.wait()
        await self.server.stop()
