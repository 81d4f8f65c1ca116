"""Visitors who ask an environment's hosts for a page all the time, and remember every answer they did not get."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from bot.sandbox.background import Background, Lasting

_KEPT = 20_000
_AT_ONCE = 200
_ANSWER_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Visit:
    """One request and what came of it."""

    at: float
    """When it began, on the front's clock."""
    host: str
    seconds: float
    version: str = ""
    """What the answer's `X-Version` said."""
    fault: str = ""
    """Empty when it was answered with 200."""
    upstream: str = ""
    """Where a balancer says that the answer came from."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What visitors saw for a while."""

    ok: int = 0
    failed: int = 0
    slowest: float = 0.0
    p95: float = 0.0
    versions: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """Return how many requests were answered or failed."""
        return self.ok + self.failed


@dataclass(frozen=True, slots=True)
class Window:
    """Totals of all hosts together, and of each."""

    all: Totals
    hosts: Mapping[str, Totals]


@dataclass(frozen=True, slots=True)
class Balanced:
    """Who answers behind a balancer."""

    balancer: str
    servers: Mapping[str, str]
    """The host at each `<address>:<port>`."""

    def often(self, name: str) -> int:
        """Return how often a host is asked in a round: a balancer once for each host behind it."""
        return len(set(self.servers.values())) if name == self.balancer else 1


class Front(Lasting):
    """Asks the hosts in turn, each time on a new connection, from a thread of its own between `start` and `stop`."""

    def __init__(
        self,
        hosts: Mapping[str, tuple[str, int]],
        *,
        behind: Balanced | None = None,
        rate: float = 20,
        path: str = "/",
        timeout: float = 5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hosts = dict(hosts)
        self._behind = behind or Balanced("", {})
        self._names = tuple(dict.fromkeys((*hosts, *self._behind.servers.values())))
        """Whose totals are told: those who are asked, and those behind a balancer, by what its answers say."""
        self._pause = 1 / rate
        self._path = path
        self._timeout = timeout
        self._clock = clock
        self._background = Background("sandbox-front")
        self._visits: deque[Visit] = deque(maxlen=_KEPT)
        self._going: asyncio.Task[None] | None = None

    def now(self) -> float:
        """Return the time on the front's clock, to ask for the window since then."""
        return self._clock()

    def start(self) -> None:
        """Begin to ask."""
        if not self._background.runs:
            self._background.start()
            self._background.call(self._begin())

    def stop(self) -> None:
        """Stop asking; requests on their way are forgotten."""
        self._background.stop()
        self._going = None

    def window(self, since: float = 0.0) -> Window:
        """Return what visitors saw whose requests began since then and have ended."""
        visits = [visit for visit in tuple(self._visits) if visit.at >= since]
        return Window(totals(visits), {name: totals(v for v in visits if v.host == name) for name in self._names})

    def seconds(self, count: int = 60) -> tuple[Window, ...]:
        """Return the last seconds one by one, the oldest first."""
        until = int(self._clock()) + 1
        rows: dict[int, list[Visit]] = {second: [] for second in range(until - count, until)}
        for visit in tuple(self._visits):
            if int(visit.at) in rows:
                rows[int(visit.at)].append(visit)
        return tuple(
            Window(totals(row), {name: totals(v for v in row if v.host == name) for name in self._names})
            for row in rows.values()
        )

    def shares(self, since: float) -> Counter[str]:
        """Return how many visitors each server behind the balancer has answered since then."""
        return Counter(visit.upstream for visit in tuple(self._visits) if visit.at >= since and visit.upstream)

    def version_at(self, servers: Collection[str], since: float) -> str:
        """Return what some servers behind the balancer answered last; nothing where they answered nobody."""
        visits = (it for it in reversed(tuple(self._visits)) if it.at >= since and it.upstream in servers)
        return next((it.version for it in visits), "")

    async def _begin(self) -> None:
        self._going = asyncio.create_task(self._go())

    async def _go(self) -> None:
        """Ask one host after the other, whether or not those before have answered."""
        loop = asyncio.get_running_loop()
        under_way: set[asyncio.Task[None]] = set()
        names, turn, due = [name for name in self._hosts for _ in range(self._behind.often(name))], 0, loop.time()
        while names:
            if len(under_way) < _AT_ONCE:
                task = asyncio.create_task(self._ask(names[turn % len(names)]))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            turn += 1
            due = max(due + self._pause, loop.time() - 1)
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _ask(self, name: str) -> None:
        began = self._clock()
        version, fault, upstream = "", "", ""
        try:
            async with asyncio.timeout(self._timeout):
                status, headers = await _get(*self._hosts[name], self._path)
            version, upstream = headers.get("x-version", ""), headers.get("x-upstream", "")
            fault = "" if status == 200 else f"answered {status}"
        except TimeoutError:
            fault = f"no answer within {self._timeout:g} s"
        except ConnectionRefusedError:
            fault = "refused"
        except (OSError, EOFError, ValueError):
            fault = "cut off"
        host = self._behind.servers.get(upstream, name)
        self._visits.append(Visit(began, host, self._clock() - began, version, fault, upstream))


def totals(visits: Iterable[Visit]) -> Totals:
    """Return the totals of some visits."""
    seen = list(visits)
    if not seen:
        return Totals()
    times = sorted(visit.seconds for visit in seen)
    good = [visit for visit in seen if not visit.fault]
    return Totals(
        ok=len(good),
        failed=len(seen) - len(good),
        slowest=times[-1],
        p95=times[min(len(times) - 1, int(len(times) * 0.95))],
        versions=Counter(visit.version for visit in good if visit.version),
        faults=Counter(visit.fault for visit in seen if visit.fault),
    )


async def _get(address: str, port: int, path: str) -> tuple[int, dict[str, str]]:
    """Return the status and the headers of one answer that was read whole."""
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        await reader.readexactly(min(int(headers.get("content-length", "0")), _ANSWER_BYTES))
        return int(head[0].split()[1]), headers
    except IndexError as error:
        raise ValueError("not HTTP") from error
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
