"""The same eight steps on 1, 10 and 30 targets over real sshd: Shipmate beside other tools, in interleaved runs.

Shipmate's time runs from the last approval to the last step's outcome in its row; everybody else's is their process's.
"""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from time import monotonic

from benchmarks import recipe, usage
from benchmarks.kit import Result
from benchmarks.rivals import ANSIBLE, CAPISTRANO, FLOOR, MULTIPLEXED, PYINFRA, RIVALS, Rival
from benchmarks.targets import Fleet, fleet, missing
from benchmarks.worlds import Rows, approved, asked, finished, folder, tuning
from bot.sandbox.world import World

COLD, WARM = "Shipmate, connections opened anew", "Shipmate, with the connections that the look before kept"
EIGHT = 8


@dataclass
class Taken:
    """What one tool took on so many targets, run by run."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)

    def document(self) -> dict[str, float | list[float]]:
        """Return the medians and every run."""
        return {
            "seconds": median(self.seconds),
            "cpu_seconds": median(self.cpu),
            "peak_mb": median(self.peak),
            "runs": self.seconds,
        }


class FleetWorld(World):
    """A workspace and the bot, whose production is a fleet."""

    def __init__(self, state: Path, fleet: Fleet, repository: Path) -> None:
        super().__init__(state, tuning(hosts=()))
        self._fleet = fleet
        self._bare = repository

    def variables(self) -> dict[str, str]:
        """Return the bot's variables; its key is the fleet's."""
        return {**super().variables(), "SSH_PRIVATE_KEY_FILE": str(self._fleet.key_file)}

    def _write_configuration(self) -> None:
        text = recipe.configuration(self._fleet, self._bare, self._fleet.home / "shipmate")
        (self.state / "shipmate.toml").write_text(text, encoding="utf-8")


def run(*, quick: bool, rounds: int = 5) -> Result:
    """Run every tool that is there on fleets of growing size, so often each."""
    sizes, rounds = ((1,), 1) if quick else ((1, 10, 30), rounds)
    rivals = [rival for rival in RIVALS if not rival.missing and (not quick or rival.program == "ssh")]
    notes = [rival.missing for rival in RIVALS if rival.missing] + [why for size in sizes if (why := missing(size))]
    taken = {size: _measured(size, rounds, rivals) for size in sizes if not missing(size)}
    figures = {str(size): {name: one.document() for name, one in tools.items()} for size, tools in taken.items()}
    return Result("deploy", _headings(figures), _rows(figures), figures, tuple(dict.fromkeys(notes)), _targets(figures))


def _measured(size: int, rounds: int, rivals: list[Rival]) -> dict[str, Taken]:
    with folder() as state:
        repository = recipe.repository(state, 2 * rounds + 2)
        (state / "fleet").mkdir()
        with fleet(state / "fleet", size) as hosts, FleetWorld(state / "world", hosts, repository) as world:
            bench = Bench(state, hosts, repository, world)
            bench.shipped("r1", hang_up=False)
            taken: dict[str, Taken] = {rival.name: Taken() for rival in rivals} | {COLD: Taken(), WARM: Taken()}
            for rival in rivals:
                bench.rival(rival, "r1", Taken())
            for number in range(rounds):
                for rival in rivals:
                    bench.rival(rival, f"r{2 * number + 2}", taken[rival.name])
                bench.shipmate(f"r{2 * number + 2}", taken[COLD], hang_up=True)
                bench.shipmate(f"r{2 * number + 3}", taken[WARM], hang_up=False)
            return taken


@dataclass
class Bench:
    """One fleet, and the tools that deploy to it."""

    state: Path
    fleet: Fleet
    repository: Path
    world: World
    runs: int = 0

    @property
    def rows(self) -> Rows:
        """Return the bot's rows."""
        return Rows(self.world.variables()["DATABASE_URL"])

    def rival(self, rival: Rival, tag: str, taken: Taken) -> None:
        """Have a tool bring a tag to every target."""
        self.runs += 1
        place = self.fleet.home / rival.program.partition("-")[0]
        path = place / ("one" if rival.name == FLOOR else "many")
        environment = recipe.environment(self.world.state / "shipmate.toml", self.world.variables(), path)
        scripts = recipe.scripts(environment, self.repository, tag, f"release-{self.runs}")
        assert len(scripts) == EIGHT
        work = self.state / f"run{self.runs}"
        work.mkdir()
        with _cost(os.getpid(), taken, self_too=False), _clock(taken):
            rival.run(self.fleet, work, scripts)

    def shipmate(self, tag: str, taken: Taken, *, hang_up: bool) -> None:
        """Have Shipmate do the same, and read from its rows how long that took."""
        with _cost(self.world.bot.pid, taken, self_too=True):
            taken.seconds.append(self.shipped(tag, hang_up=hang_up))

    def shipped(self, tag: str, *, hang_up: bool) -> float:
        """Ask, approve and wait; return the seconds from the approval to the last step's outcome in its row."""
        rows = self.rows
        number = asked(self.world, rows, f"/deploy production {tag}")
        if hang_up:
            self.fleet.hang_up()
        approved(self.world, rows, number)
        ended = finished(rows, number)
        assert ended == "succeeded", f"{ended}: see {self.world.bot.log}"
        steps = rows.ask("SELECT count(*), max(finished_at) FROM step WHERE deployment_id = ?", number)[0]
        assert steps[0] == EIGHT * len(self.fleet.targets)
        since = rows.ask("SELECT max(at) FROM approval WHERE deployment_id = ?", number)[0][0]
        return (_time(steps[1]) - _time(since)).total_seconds()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(str(text))


@contextmanager
def _clock(taken: Taken) -> Iterator[None]:
    began = monotonic()
    yield
    taken.seconds.append(monotonic() - began)


@contextmanager
def _cost(pid: int, taken: Taken, *, self_too: bool) -> Iterator[None]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with usage.watched(pid, itself=self_too) as used:
        yield
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    taken.cpu.append(used.cpu if self_too else ended)
    taken.peak.append(used.peak)


def _headings(figures: dict) -> tuple[str, ...]:
    return ("eight steps, median", *(f"{size} target{'s' if size != '1' else ''}" for size in figures), "cpu", "memory")


def _rows(figures: dict) -> list[list[str]]:
    largest = list(figures.values())[-1] if figures else {}
    return [
        [
            name,
            *(f"{tools[name]['seconds']:.2f} s {_ratio(tools, name)}" for tools in figures.values()),
            f"{largest[name]['cpu_seconds']:.1f} s",
            f"{largest[name]['peak_mb']:.0f} MB",
        ]
        for name in largest
    ]


def _ratio(tools: dict, name: str) -> str:
    return f"{tools[name]['seconds'] / tools[FLOOR]['seconds']:.2f} x" if FLOOR in tools else ""


def _targets(figures: dict) -> dict[str, bool]:
    held: dict[str, bool] = {}
    for size, tools in figures.items():
        for other in (CAPISTRANO, PYINFRA, ANSIBLE):
            if other in tools:
                held[f"cold, ahead of {other} on {size}"] = _ahead(tools, COLD, other)
        held[f"warm, ahead of multiplexed OpenSSH on {size}"] = _ahead(tools, WARM, MULTIPLEXED)
        if size != "1":
            held[f"warm, at most 1.5 x the floor on {size}"] = tools[WARM]["seconds"] <= 1.5 * tools[FLOOR]["seconds"]
    return held


def _ahead(tools: dict, one: str, other: str) -> bool:
    return tools[one]["seconds"] < tools[other]["seconds"]
