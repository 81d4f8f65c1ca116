"""Plays the stories while the bot is killed again and again, and reports what was hit and what did not hold."""

from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from random import Random
from time import monotonic

from tests.crash.hits import Hit, goals, table
from tests.crash.killer import Aims, Killer, drawn
from tests.crash.people import People
from tests.crash.stage import theatre, verdict
from tests.crash.stories import ROUND, SEED, Story


@dataclass(frozen=True, slots=True)
class Course:
    """What a torture goes through."""

    kills: int
    seed: int
    database: str = ""
    """A PostgreSQL URL, over which two bots run; one over SQLite when empty."""
    stories: tuple[Story, ...] = ROUND
    aims: Aims | None = None
    """Drawn from the seed when nothing else is said."""


@dataclass
class Report:
    """What a torture came to."""

    course: Course
    hits: list[Hit]
    faults: list[str]
    played: dict[int, Story] = field(default_factory=dict)
    seconds: float = 0.0
    restarts: int = 0

    def __str__(self) -> str:
        over = "two bots over PostgreSQL" if self.course.database else "SQLite"
        stories = len(self.played) - len(SEED)
        head = f"seed {self.course.seed}, {over}: {len(self.hits)} kills during {stories} stories in"
        wrong = [f"BROKEN: {fault}" for fault in self.faults]
        wrong += [f"{self.restarts} times a bot ended by itself and was started again"] if self.restarts else []
        return "\n".join(["", f"{head} {self.seconds:.0f} s", table(self.hits), *wrong])


def torture(state: Path, course: Course) -> Report:
    """Kill the bot so often during story after story; then let everything come to rest, and look."""
    random, began = Random(course.seed), monotonic()
    with theatre(state, course.database) as stage:
        killer = Killer(stage.bots, stage.rows, stage.scenes, course.aims or drawn(random), random)
        trouble = _stories(stage.people, killer, course)
        found = [*trouble, *verdict(stage)]
    return Report(course, killer.hits, found, stage.people.played, monotonic() - began, killer.restarts)


def _stories(people: People, killer: Killer, course: Course) -> list[str]:
    """Play story after story until every kill was made; stop at the first that does not come to its end."""
    for story in cycle(course.stories):
        left = course.kills - len(killer.hits)
        if left <= 0:
            return []
        numbers: list[int] = []
        kills = min(left, killer.random.randint(2, 4), len(goals(story)))
        try:
            killer.during(story, kills, lambda: numbers.append(people.play(story)))  # noqa: B023 - it is called before the next turn
        except AssertionError as error:
            return [str(error)]
        if people.rows.deployment(numbers[0])["status"] != story.ends:
            return []
    return []
