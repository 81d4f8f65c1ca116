"""From the confirming click to the last target serving the old release: Shipmate beside `ssh … ln/mv` and Capistrano.

What counts is the same for all: the instant at which the kernel last changed a target's link `current`.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import time

from benchmarks import recipe
from benchmarks.deploy import FleetWorld
from benchmarks.kit import Result, pause
from benchmarks.rivals import RIVALS, run_cap, run_ssh
from benchmarks.targets import Fleet, fleet, missing
from benchmarks.worlds import Rows, approved, asked, finished, folder

FLOOR, CAPISTRANO = "ssh … ln/mv on every target at once (the floor)", "Capistrano, deploy:rollback"
SHIPMATE = "Shipmate, from the click, three seconds after the question"
COLD = "Shipmate, the same, its connections cut in between"
READS = 3.0
"""Seconds in which somebody reads what would be done; the targets are reached meanwhile."""
OLD, NEW = "20260101000001", "20260101000002"


def run(*, quick: bool) -> Result:
    """Go back on fleets of growing size, each way after the other, round after round."""
    sizes, rounds = ((1,), 1) if quick else ((1, 10, 30), 5)
    there = {rival.name: not rival.missing for rival in RIVALS}
    notes = [rival.missing for rival in RIVALS if rival.missing and rival.program in ("cap", "ssh")]
    notes += [why for size in sizes if (why := missing(size))]
    with_cap = there["Capistrano"] and not quick
    taken = {str(size): _measured(size, rounds, with_cap=with_cap) for size in sizes if not missing(size)}
    figures = {
        size: {name: {"seconds": median(runs), "runs": runs} for name, runs in ways.items()}
        for size, ways in taken.items()
    }
    return Result(
        "rollback", _headings(figures), _rows(figures), figures, tuple(dict.fromkeys(notes)), _targets(figures)
    )


def _measured(size: int, rounds: int, *, with_cap: bool) -> dict[str, list[float]]:
    with folder() as state:
        repository = recipe.repository(state, 2 * rounds + 1)
        (state / "fleet").mkdir()
        with fleet(state / "fleet", size) as hosts, FleetWorld(state / "world", hosts, repository) as world:
            bench = Bench(state, hosts, repository, world)
            bench.ships("r1")
            ways: dict[str, Callable[[int], float]] = {
                FLOOR: bench.floor,
                SHIPMATE: lambda number: bench.shipmate(2 * number, hang_up=False),
                COLD: lambda number: bench.shipmate(2 * number + 1, hang_up=True),
            }
            if with_cap:
                ways[CAPISTRANO] = bench.capistrano
            taken: dict[str, list[float]] = {name: [] for name in ways}
            for number in range(rounds):
                for name, way in ways.items():
                    taken[name].append(way(number))
            return taken


@dataclass
class Bench:
    """One fleet, and the ways back on it."""

    state: Path
    fleet: Fleet
    repository: Path
    world: FleetWorld

    @property
    def rows(self) -> Rows:
        """Return the bot's rows."""
        return Rows(self.world.variables()["DATABASE_URL"])

    def ships(self, tag: str) -> None:
        """Have Shipmate deploy a tag."""
        number = asked(self.world, self.rows, f"/deploy production {tag}")
        approved(self.world, self.rows, number)
        ended = finished(self.rows, number)
        assert ended == "succeeded", f"{ended}: see {self.world.bot.log}"

    def shipmate(self, number: int, *, hang_up: bool) -> float:
        """Deploy the next tag, then ask to go back, read, and press the button."""
        self.ships(f"r{number + 2}")
        slack = self.world.slack
        told = len(slack.private("ana"))
        slack.says("ana", "/rollback latest production")
        slack.eventually(lambda: len(slack.private("ana")) > told, 60, "the question")
        pause(READS)
        if hang_up:
            self.fleet.hang_up()
        before, began = self.rows.newest(), time()
        slack.presses("ana", "Roll back production to r1", within="private", timeout=60)
        ended = finished(self.rows, before + 1)
        assert ended == "succeeded", f"{ended}: see {self.world.bot.log}"
        return self._last_switch("shipmate") - began

    def floor(self, _number: int) -> float:
        """Point every link back by one plain command a target."""
        self._laid_out("floor")
        path = self.fleet.home / "floor"
        line = f"cd {path} && ln -s releases/{OLD} current.next && mv -T current.next current"
        began = time()
        run_ssh(self.fleet, line)
        return self._last_switch("floor") - began

    def capistrano(self, number: int) -> float:
        """Have Capistrano do its own rollback."""
        self._laid_out("cap")
        work = self.state / f"cap{number}"
        work.mkdir()
        began = time()
        run_cap(self.fleet, work, self.repository, self.fleet.home / "cap")
        return self._last_switch("cap") - began

    def _laid_out(self, name: str) -> None:
        """Give every target two releases, of which the newer serves."""
        for home in self._homes():
            place = home / name
            shutil.rmtree(place, ignore_errors=True)
            for release in (OLD, NEW):
                (place / "releases" / release).mkdir(parents=True)
                (place / "releases" / release / "REVISION").write_text(f"{release}\n", encoding="utf-8")
            (place / "current").symlink_to(self.fleet.home / name / "releases" / NEW)

    def _last_switch(self, name: str) -> float:
        found = [os.lstat(home / name / "current") for home in self._homes()]
        return max(each.st_ctime_ns for each in found) / 1e9

    def _homes(self) -> list[Path]:
        return [self.fleet.folder / target.name / "home" for target in self.fleet.targets]


def _headings(figures: dict) -> tuple[str, ...]:
    return ("seconds to the last target, median", *(f"{size} target{'s' if size != '1' else ''}" for size in figures))


def _rows(figures: dict) -> list[list[str]]:
    names = list(next(iter(figures.values()), {}))
    return [
        [name, *(f"{ways[name]['seconds']:.2f} s {_ratio(ways, name):.2f} x" for ways in figures.values())]
        for name in names
    ]


def _ratio(ways: dict, name: str) -> float:
    return ways[name]["seconds"] / ways[FLOOR]["seconds"]


def _targets(figures: dict) -> dict[str, bool]:
    held: dict[str, bool] = {}
    for size, ways in figures.items():
        held[f"at most 2 x the floor on {size}"] = _ratio(ways, SHIPMATE) <= 2
        if CAPISTRANO in ways:
            held[f"ahead of Capistrano on {size}"] = ways[SHIPMATE]["seconds"] < ways[CAPISTRANO]["seconds"]
            held[f"cold, ahead of Capistrano on {size}"] = ways[COLD]["seconds"] < ways[CAPISTRANO]["seconds"]
    return held
