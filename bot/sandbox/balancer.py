"""The sandbox's balancer, a program of its own: a master that takes a reload as nginx does, and workers that proxy.

    python3 balancer.py test <include>
    python3 balancer.py run <include> <port> <pid file> <access log>

The include is an nginx upstream: `server <address>:<port> weight=<n>;`, a line each. SIGHUP lets fresh workers take
visitors by what it says now; those before answer whom they have and end, and are called `worker process is shutting
down` meanwhile. Each answer is a line in the log: servers asked, what each answered, and how long it took.
"""

import asyncio
import ctypes
import os
import re
import signal
import socket
import sys
import time
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(r"server ([0-9.]+):([0-9]+)(?: weight=([0-9]+))?;")
HEAD_BYTES = 65_536
CONNECTS_WITHIN = 3.0
ANSWERS_WITHIN = 30.0
LOG_BYTES = 8 * 1024 * 1024
"""A longer log is put aside as `<log>.1` at the next reload."""
TURNS_TO_BEGIN = 10
"""More turns of the loop than lie between a connection that was accepted and the task that answers it."""
ROOM = " " * 64
"""Makes the command line long enough for what a worker is called later."""
NOBODY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Server:
    """One place where the application answers."""

    address: str
    port: int
    weight: int
    turn: int = 0

    @property
    def where(self) -> str:
        """Return it as the log names it."""
        return f"{self.address}:{self.port}"


def read(path: Path) -> list[Server]:
    """Return the servers that an include names; ValueError where it is not one."""
    lines = [line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    words = [line for line in lines if line]
    if len(words) < 2 or not re.fullmatch(r"upstream [\w.-]+ \{", words[0]) or words[-1] != "}":
        raise ValueError(f"{path} is no upstream")
    servers = []
    for line in words[1:-1]:
        if not (found := LINE.fullmatch(line)):
            raise ValueError(f"unknown directive {line!r} in {path}")
        servers.append(Server(found[1], int(found[2]), int(found[3] or 1)))
    if not servers:
        raise ValueError(f"no servers are inside upstream in {path}")
    return servers


def named(title: str) -> None:
    """Let the process be called otherwise from now on, as nginx does: over its own command line."""
    stat = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    start, end = int(stat[45]), int(stat[46])
    said = title.encode()[: end - start - 1]
    ctypes.memmove(start, said + bytes(end - start - len(said)), end - start)


async def closes(server: asyncio.Server, door: socket.socket) -> None:
    """Accept nobody more and begin with whom the loop has accepted: a server that is closed at once forgets them."""
    asyncio.get_running_loop().remove_reader(door)
    for _ in range(TURNS_TO_BEGIN):
        await asyncio.sleep(0)
    server.close()


class Worker:
    """Takes visitors on a socket, sends each to a server in turn, and ends when it is told to and nobody is left."""

    def __init__(self, servers: list[Server], log: Path) -> None:
        self._servers = servers
        self._log = log.open("a", encoding="utf-8", buffering=1)
        self._visits: set[asyncio.Task[None]] = set()

    async def serve(self, door: socket.socket, ready: int) -> None:
        """Serve until SIGTERM."""
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, told.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: None)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        server = await asyncio.start_server(self._visited, sock=door, backlog=511)
        os.write(ready, b"ready\n")
        os.close(ready)
        parent = os.getppid()
        while not told.is_set() and os.getppid() == parent:
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), 1)
        named("balancer: worker process is shutting down")
        await closes(server, door)
        while self._visits:
            await asyncio.wait(set(self._visits))

    async def _visited(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._visits.add(task)
            task.add_done_callback(self._visits.discard)
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                await self._answer(reader, writer)
        except (OSError, EOFError, ValueError, TimeoutError, asyncio.LimitOverrunError):
            pass  # the visitor is gone, or speaks something else
        finally:
            writer.close()

    async def _answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        head, length = _alone(await reader.readuntil(b"\r\n\r\n"))
        body = await reader.readexactly(min(length, HEAD_BYTES))
        asked: list[tuple[str, int, float]] = []
        for server in self._in_turn():
            began = time.monotonic()
            status = await self._ask(server, head + body, writer)
            asked.append((server.where, status or 502, time.monotonic() - began))
            if status:
                break
        else:
            writer.write(NOBODY)
        self._told(asked)
        with suppress(OSError):
            await writer.drain()

    async def _ask(self, server: Server, request: bytes, writer: StreamWriter) -> int:
        """Carry the answer of one server to the visitor and return its status; 0 where nothing was answered."""
        try:
            async with asyncio.timeout(CONNECTS_WITHIN):
                inner, outer = await asyncio.open_connection(server.address, server.port)
        except (OSError, TimeoutError):
            return 0
        status = 0
        try:
            outer.write(request)
            head = await inner.readuntil(b"\r\n\r\n")
            status = int(head.split(None, 2)[1])
            writer.write(head[:-2] + f"X-Upstream: {server.where}\r\n\r\n".encode())
            while piece := await inner.read(HEAD_BYTES):
                writer.write(piece)
                await writer.drain()
        except (OSError, EOFError, ValueError, IndexError):
            pass  # the server went away; where it had begun to answer, nobody else can go on
        finally:
            outer.close()
        return status

    def _in_turn(self) -> list[Server]:
        """Return every server once, the one whose turn it is first: smooth weighted round robin."""
        total = sum(server.weight for server in self._servers)
        for server in self._servers:
            server.turn += server.weight
        order = sorted(self._servers, key=lambda server: -server.turn)
        order[0].turn -= total
        return order

    def _told(self, asked: list[tuple[str, int, float]]) -> None:
        fields = zip(*((where, str(status), f"{took:.3f}") for where, status, took in asked), strict=True)
        self._log.write("\t".join(", ".join(field) for field in fields) + "\n")


def _alone(head: bytes) -> tuple[bytes, int]:
    """Return a request's head as the only one of its connection, and how long its body is."""
    lines = head[:-4].split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith((b"connection:", b"keep-alive:"))]
    lengths = [line.split(b":", 1)[1] for line in lines[1:] if line.lower().startswith(b"content-length:")]
    return b"\r\n".join((*kept, b"Connection: close", b"", b"")), int(lengths[0]) if lengths else 0


class Master:
    """Holds the socket, and lets fresh workers take over at a reload."""

    def __init__(self, include: Path, port: int, log: Path) -> None:
        self._include = include
        self._log = log
        self._door = socket.create_server(("127.0.0.1", port), backlog=511)
        self._worker = 0

    def run(self, pid: Path) -> None:
        """Begin, and reload at each SIGHUP until SIGTERM."""
        signals = {signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD}
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        self.reload()
        pid.write_text(f"{os.getpid()}\n", encoding="utf-8")
        while (got := signal.sigwait(signals)) != signal.SIGTERM:
            if got == signal.SIGHUP:
                self.reload()
            elif self._reaped():
                self._worker = 0
                self.reload()
        pid.unlink(missing_ok=True)
        self._dismissed(self._worker)

    def reload(self) -> None:
        """Let a fresh worker take visitors, and the one before end; what is wrong is said, and nothing changes."""
        try:
            servers = read(self._include)
        except (OSError, ValueError) as error:
            sys.stderr.write(f"[emerg] {error}\n")
            sys.stderr.flush()
            return
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES:
            self._log.rename(self._log.with_name(f"{self._log.name}.1"))
        before, self._worker = self._worker, self._begun(servers)
        self._dismissed(before)

    def _dismissed(self, worker: int) -> None:
        with suppress(ProcessLookupError):
            if worker:
                os.kill(worker, signal.SIGTERM)

    def _begun(self, servers: list[Server]) -> int:
        """Begin a worker, wait until it takes visitors, and return its process id."""
        heard, ready = os.pipe()
        child = os.fork()
        if not child:
            try:
                os.close(heard)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                named("balancer: worker process")
                asyncio.run(Worker(servers, self._log).serve(self._door, ready))
            finally:
                os._exit(0)
        os.close(ready)
        os.read(heard, 16)
        os.close(heard)
        return child

    def _reaped(self) -> bool:
        """Take note of workers that ended; say whether the one that takes visitors did."""
        died = False
        with suppress(ChildProcessError):
            while (child := os.waitpid(-1, os.WNOHANG)[0]) > 0:
                died = died or child == self._worker
        return died


def main(words: list[str]) -> int:
    """Do what the command line says; 1 where the include is wrong."""
    match words:
        case ["test", include]:
            try:
                read(Path(include))
            except (OSError, ValueError) as error:
                sys.stderr.write(f"[emerg] {error}\n")
                return 1
            return 0
        case ["run", include, port, pid, log, *_]:
            master = Master(Path(include), int(port), Path(log))
            named("balancer: master process")
            master.run(Path(pid))
            return 0
        case _:
            sys.stderr.write(__doc__ or "")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
