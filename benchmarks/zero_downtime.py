"""How many visitors a release costs: a steady load through each strategy and its way back, beside plainer ways."""

import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from benchmarks.balanced import Balanced, Kind, balanced, missing
from benchmarks.kit import Result, pause, until
from benchmarks.load import WRK, Load, Told
from benchmarks.worlds import folder

REQUESTS = 100_000
RELOADS = 20
SIDES, PLAIN = "blue-green", "rolling"
HEADINGS = ("way", "requests", "a second", "lost", "old after the switch", "p50 ms", "p99 ms", "slowest ms")


@dataclass(frozen=True, slots=True)
class Case:
    """One way to ship, and the load that it is measured under."""

    name: str
    kind: Kind
    strategy: str
    kept: bool
    """Whether visitors keep their connections, and are naive enough not to ask again when one is closed on them."""
    promised: bool = True
    """Whether nothing may be lost."""


CASES = (
    Case("HAProxy, blue-green, kept connections", Kind("haproxy"), SIDES, kept=True),
    Case("HAProxy, rolling with drain, kept connections", Kind("haproxy", colours=False), PLAIN, kept=True),
    Case("nginx, blue-green, new connections", Kind("nginx"), SIDES, kept=False),
    Case("nginx, rolling with drain, new connections", Kind("nginx", colours=False), PLAIN, kept=False),
    Case("nginx, blue-green, kept connections", Kind("nginx"), SIDES, kept=True, promised=False),
    Case(
        "nginx, symlink and restart, new connections",
        Kind("nginx", colours=False, told=False),
        PLAIN,
        kept=False,
        promised=False,
    ),
    Case(
        "nginx, symlink and restart, kept connections",
        Kind("nginx", colours=False, told=False),
        PLAIN,
        kept=True,
        promised=False,
    ),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one way cost."""

    told: Told
    stale: int | None
    """Answers by the old release after the last switch; None where there is no old release."""

    @property
    def clean(self) -> bool:
        """Say whether nobody was lost, and nobody was answered by the old release after the switch."""
        return self.told.lost == 0 and not self.stale

    def document(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        document = asdict(self.told) | {"old_after_the_switch": self.stale}
        del document["at"]
        return document


def run(*, quick: bool) -> Result:
    """Ship and go back under load, each way in a world of its own."""
    cases, requests = (CASES[1:3], 2_000) if quick else (CASES, REQUESTS)
    notes = [why for case in cases if (why := missing(case.kind))]
    if not WRK:
        notes.append("wrk is missing: apt install wrk")
    measured: dict[str, Measured] = {}
    if not notes:
        for case in cases:
            measured |= shipped(case, requests)
        for kept in (False,) if quick else (False, True):
            measured |= _reloaded(requests, kept=kept, reloads=2 if quick else RELOADS)
    names = [name for case in cases if case.promised for name in (case.name, f"{case.name}: back")]
    reached = {f"{name}: nobody lost, nothing stale": measured[name].clean for name in names if name in measured}
    figures = {name: one.document() for name, one in measured.items()}
    rows = [_row(name, one) for name, one in measured.items()]
    return Result("zero_downtime", HEADINGS, rows, figures, tuple(dict.fromkeys(notes)), reached)


def shipped(case: Case, requests: int) -> dict[str, Measured]:
    """Return what a release and the way back from it cost, in a world of their own."""
    with folder() as state, balanced(state, case.kind) as world:
        world.ships("r1", PLAIN)
        there = _under_load(world, case, requests, lambda: world.ships("r2", case.strategy))
        back = _under_load(world, case, requests, world.goes_back)
    return {case.name: there, f"{case.name}: back": back}


def _under_load(world: Balanced, case: Case, requests: int, act: Callable[[], int]) -> Measured:
    old = httpx.get(world.running.url, timeout=20).text
    load = Load(world.running.url, kept=case.kept)
    try:
        pause(2)
        number = act()
        told = _enough(load, requests)
    finally:
        load.kill()
    return Measured(told, told.after(old, _switched(world, number)))


def _enough(load: Load, requests: int) -> Told:
    until(lambda: load.answered() >= requests, 1800, f"{requests} answers")
    return load.stop()


def _switched(world: Balanced, number: int) -> float:
    """Return when the last of what sends visitors elsewhere was done."""
    rows = world.rows
    shifts = rows.ask("SELECT 1 FROM step WHERE deployment_id = ? AND kind = 'shift'", number)
    kinds = ("shift", "shift") if shifts else ("put_in", "restart")
    question = "SELECT max(finished_at) FROM step WHERE deployment_id = ? AND kind IN (?, ?)"
    told = datetime.fromisoformat(str(rows.ask(question, number, *kinds)[0][0]))
    return told.replace(tzinfo=told.tzinfo or UTC).timestamp()


def _reloaded(requests: int, *, kept: bool, reloads: int) -> dict[str, Measured]:
    """Reload nginx again and again with nothing changed."""
    with folder() as state, balanced(state, Kind("nginx", colours=False)) as world:
        world.ships("r1", PLAIN)
        load = Load(world.running.url, kept=kept)
        try:
            for _ in range(reloads):
                pause(1)
                subprocess.run(["sh", "-c", world.running.balancer.reload], check=True, timeout=30)
            told = _enough(load, requests)
        finally:
            load.kill()
    how = "kept" if kept else "new"
    return {f"nginx -s reload alone, {reloads} times, {how} connections": Measured(told, None)}


def _row(name: str, one: Measured) -> list[str]:
    told = one.told
    stale = "–" if one.stale is None else f"{one.stale:,}"
    rate, times = f"{told.requests / told.seconds:,.0f}", (told.p50, told.p99, told.slowest)
    return [name, f"{told.requests:,}", rate, f"{told.lost:,}", stale, *(f"{each:.0f}" for each in times)]
