"""Where a canary's numbers come from: Prometheus, the application's own counters, or the balancer's log."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from math import floor
from time import monotonic
from typing import Any, Protocol, TypeVar

import httpx

from deployers.comparing import access_log, exposition, prometheus
from deployers.comparing.exposition import Counters, Unreadable
from deployers.comparing.sides import CANARY, STABLE, Sides
from deployers.comparing.tally import Count, Reading
from deployers.comparing.tuning import Endpoint, Queries
from deployers.environment import Environment, Host
from deployers.errors import DeployError
from deployers.ports import Remote

OFTEN, SELDOM = timedelta(seconds=10), timedelta(minutes=1)
"""Between two readings: of counters and logs, and of Prometheus, which looks itself only every so often."""
MOST_BYTES = 2 * 1024 * 1024
DEADLINE = timedelta(seconds=10)
Cursor = dict[str, Any]
"""How far a source has been read, as JSON-ready data."""
T = TypeVar("T")
U = TypeVar("U")


class Blind(Exception):
    """The numbers cannot be told now; says why."""


class Source(Protocol):
    """Tells what both sides answered since the reading before."""

    @property
    def every(self) -> timedelta:
        """Return how much time there is between two readings, where nobody has said anything else."""
        ...

    def read(self, cursor: Cursor, at: datetime, compared_at: datetime) -> tuple[Reading | None, Cursor]:
        """Return what was added, and how far it was read; the first time only the latter.

        Raises:
            Blind: not all of it can be told; the next reading tells it too.
        """
        ...


@dataclass(frozen=True, slots=True)
class Nothing:
    """Stands where the configuration names no source."""

    every: timedelta = OFTEN

    def read(self, cursor: Cursor, at: datetime, compared_at: datetime) -> tuple[Reading | None, Cursor]:
        """Say what is missing."""
        raise Blind("nothing counts requests here; write `[metrics]`, or `endpoint` or `log` for the canary")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The application's own counters on each target, asked from the target itself over SSH."""

    environment: Environment
    """As it is asked, with the values of secret health headers."""
    remote: Remote
    asked: Endpoint
    sides: Sides
    every: timedelta = OFTEN

    def read(self, cursor: Cursor, at: datetime, compared_at: datetime) -> tuple[Reading | None, Cursor]:
        """Ask every process, all at once."""
        places = [*self.sides.canary, *self.sides.stable]
        told = dict(zip(map(_named, places), _each(self.counters, places), strict=True))
        before = {name: Counters.restored(document) for name, document in cursor.items()}
        fresh: Cursor = {name: each.document() for name, each in told.items()}
        if not cursor:
            return None, fresh
        added = {name: each.since(before.get(name)) for name, each in told.items()}
        canary, stable = (
            sum((_count(added[_named(place)]) for place in side), Count())
            for side in (self.sides.canary, self.sides.stable)
        )
        return Reading(at, canary, stable), fresh

    def counters(self, place: tuple[Host, int]) -> Counters:
        """Return what one process tells now; raises Blind where that cannot be read."""
        (host, port), health = place, self.environment.health
        base = (health.target if health and health.target else "http://127.0.0.1:{port}").replace("{port}", str(port))
        headers = {**health.headers, **({"Host": health.host} if health.host else {})} if health else {}
        try:
            with self.remote.http(host) as client:
                text = _got(client, base.rstrip("/") + self.asked.path, headers=headers)
            return exposition.counters(text, self.asked)
        except (DeployError, httpx.HTTPError, ValueError) as error:
            raise Blind(f"{self.asked.path} on {host.name}: {str(error) or type(error).__name__}") from error


@dataclass(frozen=True, slots=True)
class AccessLogs:
    """The access log of each balancer, counted where it lies."""

    remote: Remote
    balancers: tuple[Host, ...]
    path: str
    sides: Sides
    every: timedelta = OFTEN

    def read(self, cursor: Cursor, at: datetime, compared_at: datetime) -> tuple[Reading | None, Cursor]:
        """Count what was added to each log."""
        pages = _each(lambda host: self.page(host, cursor.get(host.name)), self.balancers)
        fresh: Cursor = {
            host.name: [page.place.inode, page.place.offset] for host, page in zip(self.balancers, pages, strict=True)
        }
        if not cursor:
            return None, fresh
        canary, stable = (
            sum(
                (
                    access_log.counted([page], self.sides.addresses(side, host))
                    for host, page in zip(self.balancers, pages, strict=True)
                ),
                Count(),
            )
            for side in (CANARY, STABLE)
        )
        return Reading(at, canary, stable), fresh

    def page(self, host: Host, place: Sequence[int] | None) -> access_log.Page:
        """Count one log from a place on; raises Blind where that cannot be done."""
        try:
            script = access_log.script(self.path, access_log.Place(*place) if place else None)
            answer = self.remote.ask(host, script, deadline=DEADLINE)
            if answer.exit_code:
                last = answer.output.strip().splitlines()[-1:] or [f"it exited {answer.exit_code}"]
                raise Unreadable(last[0])
            return access_log.page(answer.output)
        except (DeployError, ValueError) as error:
            raise Blind(f"{self.path} on {host.name}: {error}") from error


@dataclass(frozen=True, slots=True)
class Prometheus:
    """What Prometheus has gathered, asked in PromQL."""

    queries: Queries
    values: Mapping[str, Mapping[str, str]]
    """What fills the placeholders, by side."""
    opening: Callable[[], AbstractContextManager[httpx.Client]] = field(
        default=lambda: httpx.Client(trust_env=False, timeout=DEADLINE.total_seconds())
    )
    every: timedelta = SELDOM

    def read(self, cursor: Cursor, at: datetime, compared_at: datetime) -> tuple[Reading | None, Cursor]:
        """Ask for the time since the reading before, and for response times since they were last compared."""
        if not cursor:
            return None, {"at": at.isoformat()}
        window, timed = at - datetime.fromisoformat(cursor["at"]), at - compared_at
        fresh: Cursor = {"at": at.isoformat()}
        counts = {}
        try:
            with self.opening() as client:
                for side in (CANARY, STABLE):
                    ask = partial(self._ask, client, side, at)
                    asked = (ask(self.queries.requests, window), ask(self.queries.errors, window))
                    (requests, errors), fresh[side] = _whole(asked, cursor.get(side) or (0.0, 0.0))
                    counts[side] = Count(requests, errors, p95=self._p95(ask, timed))
        except (httpx.HTTPError, Unreadable) as error:
            raise Blind(f"Prometheus: {str(error) or type(error).__name__}") from error
        return Reading(at, counts[CANARY], counts[STABLE]), fresh

    def once(self, query: str, side: str, at: datetime, window: timedelta) -> float:
        """Ask one question about one side.

        Raises:
            Blind: it comes to no number.
        """
        try:
            with self.opening() as client:
                return self._ask(client, side, at, query, window)
        except (httpx.HTTPError, Unreadable) as error:
            raise Blind(str(error) or type(error).__name__) from error

    def _p95(self, ask: Callable[[str, timedelta], float], timed: timedelta) -> float | None:
        """Return the percentile; where nothing was timed, Prometheus has none."""
        try:
            return ask(self.queries.p95, timed) if self.queries.p95 else None
        except Unreadable:
            return None

    def _ask(self, client: httpx.Client, side: str, at: datetime, query: str, window: timedelta) -> float:
        filled = prometheus.filled(query, {**self.values[side], "window": prometheus.seconds(window)})
        url = self.queries.prometheus.rstrip("/") + "/api/v1/query"
        text = _got(client, url, params={"query": filled, "time": f"{at.timestamp():.3f}"})
        try:
            return prometheus.number(json.loads(text))
        except json.JSONDecodeError as error:
            raise Unreadable("the answer is no JSON") from error


def _whole(asked: tuple[float, float], over: Sequence[float]) -> tuple[tuple[int, int], list[float]]:
    """Return whole numbers and what is left over for the next time: Prometheus tells fractions."""
    sums = [max(0.0, value) + rest for value, rest in zip(asked, over, strict=True)]
    requests, errors = (floor(each + 1e-6) for each in sums)
    return (requests, errors), [sums[0] - requests, sums[1] - errors]


def _got(
    client: httpx.Client, url: str, *, headers: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
) -> str:
    """Return what is there, bounded in time and size.

    Raises:
        Unreadable: it is something else than an answer of that kind.
    """
    began, seconds = monotonic(), DEADLINE.total_seconds()
    with client.stream("GET", url, headers=dict(headers or {}), params=params, timeout=seconds) as answer:
        body = b""
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > MOST_BYTES:
                raise Unreadable(f"it is larger than {MOST_BYTES // 1024} KiB")
            if monotonic() - began > seconds:
                raise Unreadable(f"no whole answer within {seconds:g} s")
        text = body.decode(errors="replace")
        if answer.status_code != 200:
            raise Unreadable(f"it answered {answer.status_code}: {' '.join(text.split())[:200]}")
        return text


def _count(added: Counters) -> Count:
    return Count(round(added.requests), round(added.errors), added.times)


def _named(place: tuple[Host, int]) -> str:
    return f"{place[0].name}:{place[1]}"


def _each(do: Callable[[T], U], places: Sequence[T]) -> list[U]:
    with ThreadPoolExecutor(max_workers=max(1, min(10, len(places)))) as pool:
        return list(pool.map(do, places))
