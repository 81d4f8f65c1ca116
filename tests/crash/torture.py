"""Plays the stories while the bot is killed again and again, and reports what was hit and what did not hold."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from random import Random
from time import monotonic, sleep

from bot.sandbox.configuration import Pace
from bot.sandbox.slack.entities import SLACKBOT
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from tests.crash.faults import Evidence, faults
from tests.crash.killer import Aim, Hit, Killer, aims, table
from tests.crash.people import ROUND, SEED, People, Story
from tests.crash.rows import Rows
from tests.crash.scene import Scene

PRODUCTION = ("web1", "web2")
PACE = Pace("2s", "200ms", "30m")
REST = 60.0


@dataclass
class Report:
    """What a torture came to."""

    seed: int
    hits: list[Hit]
    faults: list[str]
    stories: int
    seconds: float
    played: dict[int, Story] = field(default_factory=dict)

    def __str__(self) -> str:
        head = f"seed {self.seed}: {len(self.hits)} kills during {self.stories} stories in {self.seconds:.0f} s"
        wrong = [f"BROKEN: {fault}" for fault in self.faults]
        return "\n".join(["", head, table(self.hits), *wrong])


def torture(state: Path, *, kills: int, seed: int, plan: Iterator[Aim] | None = None) -> Report:
    """Kill the bot so often during story after story; then let everything come to rest, and look."""
    random, began = Random(seed), monotonic()
    with World(state, Tuning(manifest=manifest(), pace=PACE, hosts=PRODUCTION)) as world:
        scenes = [Scene.of(world.host(name)) for name in PRODUCTION]
        rows = Rows(state / "shipmate.db")
        people, killer = People(world, rows), Killer(world.bot, rows, scenes, plan or aims(random))
        played = {people.play(story): story for story in SEED}
        trouble = _stories(people, killer, played, (kills, random))
        _rest(rows)
        found = faults(Evidence(world, rows, scenes, played, people.asked - _unheard(world)))
    return Report(seed, killer.hits, [*trouble, *found], len(played) - len(SEED), monotonic() - began, played)


def _stories(people: People, killer: Killer, played: dict[int, Story], drawn: tuple[int, Random]) -> list[str]:
    """Play story after story until every kill was made; stop at the first that does not come to its end."""
    kills, random = drawn
    for story in cycle(ROUND):
        left = kills - len(killer.hits)
        if left <= 0:
            return []
        numbers: list[int] = []
        try:
            killer.during(min(left, random.randint(2, 4)), lambda: numbers.append(people.play(story)))  # noqa: B023 - it is called before the next turn
        except AssertionError as error:
            return [str(error)]
        played[numbers[0]] = story
        if people.rows.deployment(numbers[0])["status"] != story.ends:
            return []
    return []


def _rest(rows: Rows) -> None:
    """Wait until nothing is left to do or to say, or it has taken too long."""
    until = monotonic() + REST
    while monotonic() < until and any(_restless(rows)):
        sleep(0.1)


def _restless(rows: Rows) -> Iterator[bool]:
    yield any(row["state"] not in ("done", "void") for row in rows.asked())
    yield any(row["state"] == "waiting" for row in rows.said())


def _unheard(world: World) -> int:
    """Return how many requests Slack told people that the bot did not acknowledge."""
    said = [message for name in ("ana", "ben") for message in world.slack.private(name)]
    failed = sum(message.user == SLACKBOT and "failed with the error" in message.words for message in said)
    return failed + sum(len(world.slack.notices(name)) for name in ("ana", "ben"))
