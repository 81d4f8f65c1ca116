"""Kills at each instant of a story in turn: before and after every commit, SSH command and call to Slack."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from threading import Event, Thread

from tests.crash.hits import LISTED
from tests.crash.stage import Stage
from tests.crash.stories import BACK, DEPLOY, Story

INSIDE = Path(__file__).parent / "armed"
"""What makes a bot die at instants: it is found by PYTHONPATH."""
_marks = count(1)


@dataclass(frozen=True, slots=True)
class Instant:
    """The nth time that something happens while a story is told."""

    story: Story
    kind: str
    number: int

    def __str__(self) -> str:
        return f"{self.story.name}: {self.kind} {self.number}"


@dataclass(frozen=True, slots=True)
class Share:
    """What one world has to do of all: so many of each kind; every one when none is said."""

    per_kind: int
    place: int = 0
    worlds: int = 1


@dataclass
class Deaths:
    """Where the bot died, and where it never came to."""

    seen: dict[str, Counter[str]] = field(default_factory=dict)
    """How many instants of each kind a story has, without a kill."""
    died: list[tuple[Instant, str]] = field(default_factory=list)
    """With the function that was at work."""
    missed: list[Instant] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"{'instants of':16}" + ", ".join(f"{n} {kind}" for kind, n in sorted(all_.items())) + f" in {name}"
            for name, all_ in self.seen.items()
        ]
        if len(self.died) <= LISTED:
            lines += [f"  died {instant!s:44} in {who}" for instant, who in self.died]
        else:
            lines += [f"  died {times:4} times {how}" for how, times in sorted(self._kinds().items())]
        return "\n".join(["", *lines, f"never came to: {', '.join(map(str, self.missed)) or 'nothing'}"])

    def __add__(self, other: "Deaths") -> "Deaths":
        seen = {name: self.seen.get(name, Counter()) | all_ for name, all_ in other.seen.items()}
        return Deaths(seen, [*self.died, *other.died], [*self.missed, *other.missed])

    def _kinds(self) -> Counter[str]:
        return Counter(f"{instant.kind} of {instant.story.name}" for instant, _ in self.died)


def at_each(stage: Stage, share: Share, random: Random) -> Deaths:
    """Deploy and go back again and again, and die each time at another instant."""
    deaths = Deaths()
    turns = {story: _drawn(story, _count(stage, story, deaths), share, random) for story in (DEPLOY, BACK)}
    while any(turns.values()):
        for story, instants in turns.items():
            _die(stage, story, instants.pop() if instants else None, deaths)
    return deaths


def _count(stage: Stage, story: Story, deaths: Deaths) -> Counter[str]:
    """Tell a story without a kill, and return how many instants of each kind it has."""
    _told(stage, story, "0 none")
    deaths.seen[story.name] = Counter(kind for _, kind, _ in _log(stage))
    return deaths.seen[story.name]


def _drawn(story: Story, there_are: Counter[str], share: Share, random: Random) -> list[Instant]:
    kinds: dict[str, list[Instant]] = {}
    for moment, most in sorted(there_are.items()):
        _when, _, kind = moment.partition(" ")
        kinds.setdefault(kind, []).extend(Instant(story, moment, number) for number in range(1, most + 1))
    mine = [some[share.place :: share.worlds] for some in kinds.values()]
    drawn = [it for some in mine for it in random.sample(some, min(share.per_kind or len(some), len(some)))]
    return random.sample(drawn, len(drawn))


def _die(stage: Stage, story: Story, instant: Instant | None, deaths: Deaths) -> None:
    _told(stage, story, f"{instant.number} {instant.kind}" if instant else "0 none")
    died = [who for what, _, who in _log(stage) if what == "died"]
    if instant and died:
        deaths.died.append((instant, died[0]))
    elif instant:
        deaths.missed.append(instant)


def _told(stage: Stage, story: Story, when: str) -> None:
    """Tell a story with the bot armed, and start the bot again once it has died."""
    (bot,) = stage.bots
    folder, over = stage.world.state, Event()
    (folder / "instants.log").unlink(missing_ok=True)
    part = folder / "armed.part"
    part.write_text(f"{when}\n{next(_marks)}", encoding="utf-8")
    part.rename(folder / "armed")

    def starts_again() -> None:
        while not over.wait(0.1):
            bot.start()

    thread = Thread(target=starts_again, name="restarts")
    thread.start()
    try:
        stage.people.play(story)
    finally:
        (folder / "armed").unlink(missing_ok=True)
        over.set()
        thread.join()
        bot.start()


def _log(stage: Stage) -> Sequence[tuple[str, str, str]]:
    log = stage.world.state / "instants.log"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [(what, kind, who) for what, kind, who in (line.split("\t") for line in lines)]
