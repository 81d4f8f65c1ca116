"""The supervisor of one sandbox host: keeps its web service running and swaps releases without a failed request."""

import asyncio
import json
import secrets
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from bot.sandbox.kept import BACKLOG, COMES_UP_WITHIN, LEAVES_WITHIN, Kept, Said, write
from bot.sandbox.service import NotUp, Running, Unit

USAGE = (
    "usage: svc restart|start|stop|status web\n       svc status queue\n"
    "       svc candidate start <release> <port>\n       svc candidate stop\n"
    "       svc colour start blue|green <port>\n       svc colour stop|status blue|green"
)


TRIES = 3
"""So often what was served before is started when its host begins."""


class Supervisor:
    """Holds the sockets of one host's services and the processes behind them; lives on one event loop."""

    def __init__(self, home: Path, *, port: int, command: tuple[str, ...], environment: dict[str, str]) -> None:
        self._home = home
        self._port = port
        self._command = command
        self._environment = environment
        self._queue_port = 0
        self._secret = secrets.token_hex(16)
        self._web = Kept("web", self.current, port, lambda release, at: self._unit("web", release, at))
        self._colours: dict[str, Kept] = {}
        self._candidate: Running | None = None
        self._candidate_door: socket.socket | None = None
        self._turn = asyncio.Lock()
        self._queue: asyncio.Server | None = None
        self._commands: asyncio.Server | None = None
        self._visits: set[StreamWriter] = set()

    @property
    def current(self) -> Path:
        """Return where the release that should be served is linked."""
        return self._home / "app" / "current"

    @property
    def visited(self) -> int:
        """Return the port on which the release of `current` answers visitors."""
        served = _link(self.current)
        sides = self._ports().items()
        return next((at for name, at in sides if served and _link(self.current.with_name(name)) == served), self._port)

    async def start(self) -> None:
        """Listen for commands, and serve what was served before: the sides that were started, or `current`."""
        sides = self._ports()
        if self._port not in sides.values():
            self._web.reserve()
        self._commands = await asyncio.start_server(self._visited, "127.0.0.1", 0)
        await self.queue_runs(True)
        write(self._home / "run" / "svc", f"{_port(self._commands)} {self._secret}\n")
        for colour, port in sides.items():
            await self._comes_up(colour, partial(self.colour_start, colour, port))
        if self.current.exists() and not sides:
            await self._comes_up("web", self._web.restart)

    async def stop(self) -> None:
        """End every process and give the ports back."""
        for kept in (self._web, *self._colours.values()):
            await kept.end()
        if self._candidate:
            await self._candidate.kill()
        self._close_candidate()
        for server in filter(None, (self._commands, self._queue)):
            server.close()
        for visit in list(self._visits):
            visit.close()
        self._candidate = self._commands = self._queue = None
        self._colours = {}

    async def queue_runs(self, on: bool) -> None:
        """Start or stop the queue that the application's health asks for."""
        if on and not self._queue:
            self._queue = await asyncio.start_server(_pong, "127.0.0.1", self._queue_port)
            self._queue_port = _port(self._queue)
        elif not on and self._queue:
            self._queue.close()
            self._queue = None

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
                self._candidate_door = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
                unit = self._unit("candidate", release, port)
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

    async def colour_start(self, colour: str, port: int) -> Said:
        """Serve what the link of a side points at on the port of that side."""
        if port == self._port:
            await self._web.end()
        kept = self._colours.get(colour)
        if kept is None:
            link = self.current.with_name(colour)
            kept = Kept(colour, link, port, lambda release, at: self._unit(colour, release, at))
        self._colours[colour] = kept
        said = await kept.restart()
        if not said.exit_code:
            self._remember(self._ports() | {colour: port})
        return said

    async def colour_stop(self, colour: str) -> Said:
        """Serve a side no more."""
        self._remember({name: port for name, port in self._ports().items() if name != colour})
        kept = self._colours.get(colour)
        return await kept.stop() if kept else Said(0, f"{colour} is not running")

    async def does(self, words: list[str], cwd: Path) -> Said:  # noqa: PLR0911 - one return a command
        """Do what somebody typed after `svc`."""
        match words:
            case ["restart" | "start", "web"]:
                return await self._web.restart()
            case ["stop", "web"]:
                return await self._web.stop()
            case ["status", "web"]:
                return self._web.status()
            case ["status", "queue"]:
                return self.status_of_queue()
            case ["candidate", "start", release, port] if port.isdecimal():
                return await self.candidate_start((cwd / release).resolve(), int(port))
            case ["candidate", "stop"]:
                return await self.candidate_stop()
            case ["colour", what, ("blue" | "green") as colour, *port]:
                return await self._side(what, colour, port)
            case _:
                return Said(2, USAGE)

    async def _side(self, what: str, colour: str, port: list[str]) -> Said:
        match what, port:
            case "start", [given] if given.isdecimal():
                return await self.colour_start(colour, int(given))
            case "stop", []:
                return await self.colour_stop(colour)
            case "status", []:
                kept = self._colours.get(colour)
                return kept.status() if kept else Said(3, f"{colour} is not running")
            case _:
                return Said(2, USAGE)

    async def _comes_up(self, name: str, start: Callable[[], Awaitable[Said]]) -> None:
        """Start what was served before, more than once if need be; what stays down is written into its own log."""
        said = await start()
        for _ in range(TRIES - 1):
            if not said.exit_code:
                return
            said = await start()
        if said.exit_code:
            with (self._home / "log" / f"{name}.log").open("a", encoding="utf-8") as log:
                log.write(f"{name} did not come up with the host: {said.text}\n")

    def _unit(self, name: str, release: Path, port: int) -> Unit:
        environment = {**self._environment, "QUEUE_PORT": str(self._queue_port), "PORT": str(port)}
        if name == "candidate":
            environment["CANDIDATE"] = "1"
        return Unit(release.resolve(), self._command, environment, self._home / "log" / f"{name}.log")

    def _ports(self) -> dict[str, int]:
        """Return which sides are to be served, each with its port."""
        try:
            words = (line.split() for line in self._sides.read_text(encoding="utf-8").splitlines())
            return {colour: int(port) for colour, port in words}
        except (OSError, ValueError):
            return {}

    @property
    def _sides(self) -> Path:
        return self._home / "run" / "sides"

    def _remember(self, ports: dict[str, int]) -> None:
        write(self._sides, "".join(f"{colour} {port}\n" for colour, port in ports.items()))

    def _close_candidate(self) -> None:
        if self._candidate_door:
            self._candidate_door.close()
            self._candidate_door = None

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


def _link(path: Path) -> str:
    """Return the name of the release that a link points at; nothing where there is no link."""
    try:
        return path.readlink().name
    except OSError:
        return ""


def _port(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])
