"""Plays the stories while the bot is killed again and again, and reports what was hit and what did not hold."""

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from random import Random
from time import monotonic

from bot.sandbox.bot_process import Launch, launched
from tests.crash.hits import Hit, goals, table
from tests.crash.killer import Aims, Killer, drawn
from tests.crash.mischief import Mischief, tricks
from tests.crash.stage import Stage, theatre, verdict
from tests.crash.stories import ROUND, Story
from tests.system.cluster import Cluster

TOLD = 50
"""How far it has come is said every so many kills."""


@dataclass(frozen=True, slots=True)
class Course:
    """What a torture goes through."""

    kills: int
    seed: int
    cluster: Cluster | None = None
    """A PostgreSQL server, over which two bots run in each world; one over SQLite when there is none."""
    abreast: int = 1
    """In so many worlds at the same time."""
    stories: tuple[Story, ...] = ROUND
    aims: Aims | None = None
    """Drawn from the seed when nothing else is said."""
    mischief: bool = True
    launch: Launch = launched


@dataclass
class Report:
    """What a torture came to."""

    course: Course
    hits: list[Hit] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    stories: Counter[str] = field(default_factory=Counter)
    mischief: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    restarts: int = 0
    _said: int = 0

    def say_how_far(self) -> None:
        """Say on the terminal how many kills were made, now and then: a torture may take hours."""
        made = len(self.hits) // TOLD
        if made > self._said and sys.__stderr__:
            self._said = made
            sys.__stderr__.write(f"  {len(self.hits)} of {self.course.kills} kills\n")

    def __str__(self) -> str:
        over = "two bots over PostgreSQL" if self.course.cluster else "one bot over SQLite"
        where = f", in {self.course.abreast} worlds at a time" if self.course.abreast > 1 else ""
        told = self.stories.total()
        head = f"seed {self.course.seed}, {over}{where}: {len(self.hits)} kills during {told} stories"
        lines = [f"{head} in {self.seconds:.0f} s", table(self.hits)]
        lines += [_counts("stories", self.stories), _counts("besides", self.mischief)]
        lines += [f"{self.restarts} times a bot ended by itself and was started again"]
        return "\n".join(["", *lines, *(f"BROKEN: {fault}" for fault in self.faults)])


def _counts(what: str, counted: Counter[str]) -> str:
    return f"{what}: " + (", ".join(f"{times} × {name}" for name, times in sorted(counted.items())) or "none")


def torture(state: Path, course: Course) -> Report:
    """Kill the bots so often during story after story, in so many worlds at a time, and look when all is at rest."""
    report, began = Report(course), monotonic()
    shares = [len(range(place, course.kills, course.abreast)) for place in range(course.abreast)]
    with ThreadPoolExecutor(course.abreast) as worlds:
        for world in [worlds.submit(_in_one, state, place, kills, report) for place, kills in enumerate(shares)]:
            world.result()
    report.seconds = monotonic() - began
    return report


def _in_one(state: Path, place: int, kills: int, report: Report) -> None:
    course = report.course
    random = Random(f"{course.seed}.{place}")
    folder = state / f"world{place + 1}"
    folder.mkdir()
    database = course.cluster.database(f"{folder.name}_{random.getrandbits(48)}") if course.cluster else ""
    with theatre(folder, database, course.launch) as stage:
        killer = Killer(stage.bots, stage.rows, stage.scenes, course.aims or drawn(random), random, report.hits)
        about = Mischief(tricks(stage.world, course.cluster, random) if course.mischief else {}, random)
        trouble = _stories(stage, killer, about, kills, report)
        stage.world.server.faults.clear()
        found = [*trouble, *verdict(stage)]
    report.faults += [f"{folder.name}: {fault}" for fault in found]
    report.mischief += about.played
    report.restarts += killer.restarts


def _stories(stage: Stage, killer: Killer, about: Mischief, kills: int, report: Report) -> list[str]:
    """Play story after story until every kill was made; stop at the first that does not come to its end."""
    for story in cycle(report.course.stories):
        left = kills - killer.made
        if left <= 0:
            return []
        ends: list[bool] = []
        most = min(left, killer.random.randint(2, 4), len(goals(story)))
        try:
            with about.about():
                killer.during(story, most, lambda: ends.append(stage.people.play(story)))  # noqa: B023 - it is called before the next turn
        except AssertionError as error:
            return [str(error)]
        report.stories[story.name] += 1
        report.say_how_far()
        if not ends[0]:
            return []
    return []
