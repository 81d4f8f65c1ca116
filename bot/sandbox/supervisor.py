"""The supervisor of one sandbox host: keeps its web service running and swaps releases without a failed request."""

import asyncio
import json
import os
import secrets
import socket
import time
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.service import NotUp, Running, Unit

COMES_UP_WITHIN = 10.0
LEAVES_WITHIN = 10.0
CRASHES = 5
"""After so many crashes in a row, each within `CRASH_WINDOW` seconds, the service stays down."""
CRASH_WINDOW = 5.0
USAGE = (
    "usage: svc restart|start|stop|status web\n       svc status queue\n"
    "       svc candidate start <release> <port>\n       svc candidate stop"
)


@dataclass(frozen=True, slots=True)
class Said:
    """What the supervisor answers: an exit code and a line."""

    exit_code: int
    text: str


class Supervisor:
    """Holds the sockets of one host's services and the processes behind them; lives on one event loop."""

    def __init__(self, home: Path, *, port: int, command: tuple[str, ...], environment: dict[str, str]) -> None:
        self._home = home
        self._port = port
        self._command = command
        self._environment = environment
        self._queue_port = 0
        self._secret = secrets.token_hex(16)
        self._web: Running | None = None
        self._candidate: Running | None = None
        self._web_door: socket.socket | None = None
        self._candidate_door: socket.socket | None = None
        self._turn = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None
        self._queue: asyncio.Server | None = None
        self._commands: asyncio.Server | None = None
        self._visits: set[StreamWriter] = set()

    @property
    def current(self) -> Path:
        """Return where the release that should be served is linked."""
        return self._home / "app" / "current"

    async def start(self) -> None:
        """Take the port, listen for commands, and serve what `current` points at, if anything."""
        self._web_door = _reserve(self._port)
        self._commands = await asyncio.start_server(self._visited, "127.0.0.1", 0)
        await self.queue_runs(True)
        _write(self._home / "run" / "svc", f"{_port(self._commands)} {self._secret}\n")
        if self.current.exists():
            await self.restart()

    async def stop(self) -> None:
        """End every process and give the ports back."""
        if self._watch:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        for service in filter(None, (self._web, self._candidate)):
            await service.kill()
        for door in filter(None, (self._web_door, self._candidate_door)):
            door.close()
        for server in filter(None, (self._commands, self._queue)):
            server.close()
        for visit in list(self._visits):
            visit.close()
        self._web = self._candidate = self._watch = None
        self._web_door = self._candidate_door = self._commands = self._queue = None

    async def queue_runs(self, on: bool) -> None:
        """Start or stop the queue that the application's health asks for."""
        if on and not self._queue:
            self._queue = await asyncio.start_server(_pong, "127.0.0.1", self._queue_port)
            self._queue_port = _port(self._queue)
        elif not on and self._queue:
            self._queue.close()
            self._queue = None

    async def restart(self) -> Said:
        """Serve what `current` points at; the process before goes on until the new one is ready."""
        async with self._turn:
            if not self.current.exists():
                return Said(1, f"nothing to start: {self.current} is missing")
            door = self._open_door()
            try:
                fresh = await Running.start(self._unit({"PORT": str(self._port)}), door, within=COMES_UP_WITHIN)
            except NotUp as why:
                if not self._web:
                    self._shut_door()
                return Said(1, f"{why}\n{self._goes_on()}")
            old, self._web = self._web, fresh
            if self._watch:
                self._watch.cancel()
            self._watch = asyncio.create_task(self._keep_running(fresh))
            if old:
                await old.retire(within=LEAVES_WITHIN)
            return Said(0, f"web runs {fresh.unit.release.name} (pid {fresh.process.pid})")

    async def stop_web(self) -> Said:
        """Stop serving: connections are refused from now on."""
        async with self._turn:
            if self._watch:
                self._watch.cancel()
            self._shut_door()
            old, self._web = self._web, None
            if old:
                await old.retire(within=LEAVES_WITHIN)
            return Said(0, "web is stopped")

    def status(self) -> Said:
        """Say what runs."""
        if not self._web or not self._web.alive:
            return Said(3, "web is not running")
        seconds = int(time.monotonic() - self._web.since)
        name, pid = self._web.unit.release.name, self._web.process.pid
        return Said(0, f"web runs {name} (pid {pid}, for {seconds} s)")

    def status_of_queue(self) -> Said:
        """Say whether the queue runs."""
        return Said(0, "the queue runs") if self._queue else Said(1, "the queue is not running")

    async def candidate_start(self, release: Path, port: int) -> Said:
        """Serve a release on a loopback port of its own, instead of the candidate before."""
        if not _is_release(release):
            return Said(1, f"nothing to start: {release} is not a directory")
        await self.candidate_stop()
        async with self._turn:
            try:
                self._candidate_door = socket.create_server(("127.0.0.1", port), backlog=128)
                unit = self._unit({"PORT": str(port), "CANDIDATE": "1"}, release)
                self._candidate = await Running.start(unit, self._candidate_door, within=COMES_UP_WITHIN)
            except (NotUp, OSError, OverflowError) as why:
                self._close_candidate()
                return Said(1, f"the candidate did not come up: {why}")
            return Said(0, f"candidate {release.name} on port {port} (pid {self._candidate.process.pid})")

    async def candidate_stop(self) -> Said:
        """Stop the candidate, if there is one."""
        async with self._turn:
            if not self._candidate:
                return Said(0, "there is no candidate")
            old, self._candidate = self._candidate, None
            self._close_candidate()
            await old.retire(within=LEAVES_WITHIN)
            return Said(0, f"candidate {old.unit.release.name} is stopped")

    async def does(self, words: list[str], cwd: Path) -> Said:  # noqa: PLR0911 - one return a command
        """Do what somebody typed after `svc`."""
        match words:
            case ["restart" | "start", "web"]:
                return await self.restart()
            case ["stop", "web"]:
                return await self.stop_web()
            case ["status", "web"]:
                return self.status()
            case ["status", "queue"]:
                return self.status_of_queue()
            case ["candidate", "start", release, port] if port.isdecimal():
                return await self.candidate_start((cwd / release).resolve(), int(port))
            case ["candidate", "stop"]:
                return await self.candidate_stop()
            case _:
                return Said(2, USAGE)

    def _unit(self, extra: dict[str, str], release: Path | None = None) -> Unit:
        environment = {**self._environment, "QUEUE_PORT": str(self._queue_port), **extra}
        name = "candidate.log" if release else "web.log"
        return Unit((release or self.current).resolve(), self._command, environment, self._home / "log" / name)

    def _open_door(self) -> socket.socket:
        door = self._web_door or _reserve(self._port)
        door.listen(128)
        self._web_door = door
        return door

    def _shut_door(self) -> None:
        if self._web_door:
            self._web_door.close()
        self._web_door = _reserve(self._port)

    def _close_candidate(self) -> None:
        if self._candidate_door:
            self._candidate_door.close()
            self._candidate_door = None

    def _goes_on(self) -> str:
        return f"{self._web.unit.release.name} goes on serving" if self._web else "nothing is served"

    async def _keep_running(self, running: Running) -> None:
        """Start the service again when it ends by itself; leave it down when it keeps crashing."""
        crashes = 0
        while self._web is running:
            await running.process.wait()
            crashes = crashes + 1 if time.monotonic() - running.since < CRASH_WINDOW else 1
            async with self._turn:
                if self._web is not running:
                    return
                await running.kill()
                again = await self._again() if crashes < CRASHES else None
                if again is None:
                    self._web = None
                    self._shut_door()
                    return
                self._web = running = again

    async def _again(self) -> Running | None:
        try:
            return await Running.start(self._unit({"PORT": str(self._port)}), self._open_door(), within=COMES_UP_WITHIN)
        except (NotUp, OSError):
            return None

    async def _visited(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._visits.add(writer)
        try:
            line = await reader.readline()
            asked = json.loads(line)
            if asked["secret"] != self._secret:
                return
            said = await self.does(asked["words"], Path(asked["cwd"]))
            writer.write(json.dumps({"exit_code": said.exit_code, "text": said.text}).encode() + b"\n")
            await writer.drain()
        except (ValueError, KeyError, TypeError, OSError):
            pass  # not one of ours, or gone already
        finally:
            self._visits.discard(writer)
            writer.close()


def _is_release(path: Path) -> bool:
    return path.is_dir()


async def _pong(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(OSError):
        if await reader.readline() == b"PING\n":
            writer.write(b"PONG\n")
            await writer.drain()
    writer.close()


def _reserve(port: int) -> socket.socket:
    """Take a port without listening: connections are refused, and nobody else can have it."""
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(("127.0.0.1", port))
    except OSError:
        taken.close()
        raise
    return taken


def _port(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    part.rename(path)
