"""Kills the bot: at drawn instants, or when it does what kills have hit the least; and starts it again."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import Event, Thread
from time import monotonic, sleep
from typing import Protocol

from bot.sandbox.bot_process import BotProcess
from tests.crash.hits import EVERY, Cell, Hit, Sight, counted, goals, look
from tests.crash.rows import Rows
from tests.crash.scene import Scene
from tests.crash.stories import Story

PATIENCE = 8.0
POLL = 0.002
LOOKS_AFTER = 0.5
STEERED = 0.8
"""So many of the kills look for what was hit the least; the others come at any instant."""
RAREST = 4
"""A steered kill takes the first that comes of one in so many of what the story still has, the rarest."""

Sees = Callable[[], Sight]
Waits = Callable[[Callable[[], bool]], bool]


class Aim(Protocol):
    """When to kill."""

    def wait(self, scenes: Sequence[Scene], sees: Sees, until: Waits) -> None:
        """Return when it is time, or when `until` gives up."""


@dataclass(frozen=True, slots=True)
class After:
    """Kill after so many new operations on hosts, and then so many seconds."""

    operations: int
    seconds: float

    def wait(self, scenes: Sequence[Scene], sees: Sees, until: Waits) -> None:
        known = _known(scenes)
        until(lambda: len(_known(scenes) - known) >= self.operations)
        at = monotonic() + self.seconds
        until(lambda: monotonic() >= at)

    def __str__(self) -> str:
        after = f"operation {self.operations} + " if self.operations else ""
        return f"after {after}{self.seconds:.3f} s"


@dataclass(frozen=True, slots=True)
class Rarest:
    """Kill as soon as one of these is under way."""

    cells: frozenset[Cell]

    def wait(self, scenes: Sequence[Scene], sees: Sees, until: Waits) -> None:
        until(lambda: bool(sees().cells & self.cells))

    def __str__(self) -> str:
        return "steered"


Aims = Callable[[Story, Sequence[Hit], Sees], Iterator[Aim]]


def drawn(random: Random) -> Aims:
    """Return aims that are drawn: most for what this story has and kills have hit the least."""

    def aims(story: Story, hits: Sequence[Hit], sees: Sees) -> Iterator[Aim]:
        while True:
            cells = goals(story, sees().state)
            if cells and random.random() < STEERED:
                yield rarest(cells, counted(hits), random)
            else:
                soon = random.choice((0.0, random.uniform(0, 0.05), random.uniform(0, 0.4)))
                yield random.choice((After(0, random.uniform(0.0, 3.0)), After(random.randint(1, 4), soon)))

    return aims


def rarest(cells: Sequence[Cell], met: Counter[Cell], random: Random) -> Rarest:
    """Return the aim at what was hit the least, and first at what few stories have."""
    ranked = sorted(random.sample(cells, len(cells)), key=lambda cell: (met[cell], EVERY[cell]))
    return Rarest(frozenset(ranked[: max(1, len(ranked) // RAREST)]))


@dataclass
class Killer:
    """Kills while stories are played."""

    bots: Sequence[BotProcess]
    rows: Rows
    scenes: Sequence[Scene]
    aims: Aims
    random: Random
    hits: list[Hit] = field(default_factory=list)
    """Of everybody who kills; they steer by what all of them have hit."""
    made: int = 0
    restarts: int = 0
    """How often a bot had ended by itself and was started again, as a service manager does."""

    def during(self, story: Story, kills: int, play: Callable[[], None]) -> None:
        """Kill so many times at most while a story is played; what it leaves the bots in is: running."""
        over, trouble = Event(), list[BaseException]()

        def work() -> None:
            try:
                with self.rows.held() as rows:
                    aims = self.aims(story, self.hits, lambda: look(rows, self.scenes))
                    while self.made < most and self._kill(next(aims), rows, over):
                        pass
                while not over.wait(LOOKS_AFTER):
                    self._look_after()
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
                trouble.append(error)

        most = self.made + kills
        thread = Thread(target=work, name="killer")
        thread.start()
        try:
            play()
        finally:
            over.set()
            thread.join()
            self._look_after()
        for error in trouble:
            raise error

    def _kill(self, aim: Aim, rows: Rows, over: Event) -> bool:
        """Wait for the aim, and kill; whoever is killed stands still while it is looked at what is hit."""
        until = monotonic() + PATIENCE
        self._look_after()

        def waits(holds: Callable[[], bool]) -> bool:
            while not (held := holds()) and not over.is_set() and monotonic() < until:
                sleep(POLL)
            return held

        aim.wait(self.scenes, lambda: look(rows, self.scenes), waits)
        if over.is_set():
            return False
        victim = self.random.choice(self.bots)
        victim.freeze()
        sight = look(rows, self.scenes)
        if isinstance(aim, Rarest) and not sight.cells & aim.cells:
            victim.thaw()
            return True
        victim.kill()
        self.hits.append(Hit(str(aim), self._name(victim), sight))
        self.made += 1
        victim.start()
        return True

    def _look_after(self) -> None:
        for bot in self.bots:
            if not bot.runs:
                self.restarts += 1
                bot.start()

    def _name(self, victim: BotProcess) -> str:
        return f"bot {self.bots.index(victim) + 1}" if len(self.bots) > 1 else ""


def _known(scenes: Sequence[Scene]) -> set[str]:
    return {name for scene in scenes for name in scene.ids()}
