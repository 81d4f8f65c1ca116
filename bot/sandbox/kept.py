"""One service that a supervisor keeps running: what a link points at, on a port of its own."""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.service import NotUp, Running, Unit

COMES_UP_WITHIN = 20.0
LEAVES_WITHIN = 30.0
"""Who is left then is cut off, so it is long, as at systemd; together with coming up less than `svc` waits."""
BACKLOG = 511
"""More visitors than may wait for an answer at a time: they wait in the queue of the socket, and none is lost."""
CRASHES = 5
"""After so many crashes in a row, each within `CRASH_WINDOW` seconds, the service stays down."""
CRASH_WINDOW = 5.0


@dataclass(frozen=True, slots=True)
class Said:
    """What a supervisor answers: an exit code and a line."""

    exit_code: int
    text: str


class Kept:
    """Holds the socket of one service and the process behind it; lives on one event loop."""

    def __init__(self, name: str, link: Path, port: int, unit: Callable[[Path, int], Unit]) -> None:
        self._name = name
        self._link = link
        self._port = port
        self._unit = unit
        self._running: Running | None = None
        self._door: socket.socket | None = None
        self._turn = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None

    def reserve(self) -> None:
        """Take the port without listening: connections are refused, and nobody else can have it."""
        if not self._door:
            self._door = reserved(self._port)

    async def restart(self) -> Said:
        """Serve what the link points at; the process before goes on until the new one is ready."""
        async with self._turn:
            if not self._link.exists():
                return Said(1, f"nothing to start: {self._link} is missing")
            try:
                fresh = await self._start()
            except (NotUp, OSError) as why:
                if not self._running:
                    self._shut_door()
                return Said(1, f"{why}\n{self._goes_on()}")
            old, self._running = self._running, fresh
            if self._watch:
                self._watch.cancel()
            self._watch = asyncio.create_task(self._keep_running(fresh))
            if old:
                await old.retire(within=LEAVES_WITHIN)
            return Said(0, f"{self._name} runs {fresh.unit.release.name} (pid {fresh.process.pid})")

    async def stop(self) -> Said:
        """Stop serving: connections are refused from now on."""
        async with self._turn:
            if self._watch:
                self._watch.cancel()
            if self._door:
                self._door.close()
            old, self._running = self._running, None
            if old:
                # It listens too: nobody else can have the port before it has left.
                await old.retire(within=LEAVES_WITHIN)
            self._door = reserved(self._port)
            return Said(0, f"{self._name} is stopped")

    async def end(self) -> None:
        """Kill the process at once and give the port back."""
        if self._watch:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        if self._running:
            await self._running.kill()
        if self._door:
            self._door.close()
        self._running = self._watch = self._door = None

    def status(self) -> Said:
        """Say what runs."""
        if not self._running or not self._running.alive:
            return Said(3, f"{self._name} is not running")
        seconds = int(time.monotonic() - self._running.since)
        release, pid = self._running.unit.release.name, self._running.process.pid
        return Said(0, f"{self._name} runs {release} (pid {pid}, for {seconds} s)")

    async def _start(self) -> Running:
        door = self._door or reserved(self._port)
        door.listen(BACKLOG)
        self._door = door
        return await Running.start(self._unit(self._link.resolve(), self._port), door, within=COMES_UP_WITHIN)

    def _shut_door(self) -> None:
        if self._door:
            self._door.close()
        self._door = reserved(self._port)

    def _goes_on(self) -> str:
        return f"{self._running.unit.release.name} goes on serving" if self._running else "nothing is served"

    async def _keep_running(self, running: Running) -> None:
        """Start the service again when it ends by itself; leave it down when it keeps crashing."""
        crashes = 0
        while self._running is running:
            await running.process.wait()
            crashes = crashes + 1 if time.monotonic() - running.since < CRASH_WINDOW else 1
            async with self._turn:
                if self._running is not running:
                    return
                await running.kill()
                again = await self._again() if crashes < CRASHES else None
                if again is None:
                    self._running = None
                    self._shut_door()
                    return
                self._running = running = again

    async def _again(self) -> Running | None:
        try:
            return await self._start()
        except (NotUp, OSError):
            return None


def reserved(port: int) -> socket.socket:
    """Return a socket that has a port and does not listen."""
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(("127.0.0.1", port))
    except OSError:
        taken.close()
        raise
    return taken


def write(path: Path, text: str) -> None:
    """Write a file of the supervisor's own in one piece; nobody else may read it."""
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    part.rename(path)
