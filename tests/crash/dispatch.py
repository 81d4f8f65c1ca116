"""Kills the bot in every phase of a dispatch, with and without GitHub losing its answer: one run each."""

import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic, sleep

from bot.sandbox.bot_process import Launch
from bot.sandbox.configuration import Pace
from bot.sandbox.github.entities import Task
from bot.sandbox.github.hub import Hub
from bot.sandbox.github.team import INPUTS
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from tests.crash.phases import AFTER, FAULTS, HELD, LONG, PHASES, WELL, Hunter, Sight
from tests.crash.rows import OVER, STUCK, Rows

VERSIONS = ("v2.1", "v2.2")
PATIENCE = 240.0
ANSWERS = (WELL, *FAULTS, *HELD)


@dataclass
class Course:
    """What the kills of one world came to: by phase and by what became of the answer."""

    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __add__(self, other: "Course") -> "Course":
        return Course(self.hits + other.hits, [*self.faults, *other.faults])

    @property
    def phases(self) -> Counter[str]:
        """Return how often each phase was hit."""
        found: Counter[str] = Counter()
        for (phase, _), times in self.hits.items():
            found[phase] += times
        return found

    def __str__(self) -> str:
        head = f"| killed while a run is dispatched | kills | {' | '.join(ANSWERS)} |"
        lines = [head, f"|---|---|{'---|' * len(ANSWERS)}"]
        for phase in (*PHASES, AFTER):
            cells = " | ".join(str(self.hits[phase, answer] or "") for answer in ANSWERS)
            lines.append(f"| {phase} | {self.phases[phase]} | {cells} |")
        return "\n".join([*lines, f"{self.hits.total()} kills", *self.faults])


def killed(folder: Path, kills: int, seed: str, launch: Launch) -> Course:
    """Deploy so often through a run, and kill the bot once each time; return where it was, and what did not hold."""
    course, random = Course(), Random(seed)
    tuning = Tuning(
        manifest=manifest(), pace=Pace("1s", "200ms", "30m"), github=True, hosts=("staging1",), launch=launch
    )
    with World(folder, tuning) as world:
        stage = _Stage(world, Rows(folder / "shipmate.db"), random)
        stage.only_plays()
        for kill in range(kills):
            hit, faults = stage.once(VERSIONS[kill % len(VERSIONS)], course.phases)
            course.hits[hit] += 1
            course.faults += faults
            if sys.__stderr__:
                said = f"  {folder.name}: {kill + 1} of {kills} kills, {', '.join(hit)}"
                sys.__stderr__.write("\n".join([said, *faults]) + "\n")
        course.faults += stage.late()
    return course


@dataclass
class _Stage:
    """A world in which a workflow deploys, and how often the bot is to die in it."""

    world: World
    rows: Rows
    random: Random
    seen: list[Sight] = field(default_factory=list)

    @property
    def hub(self) -> Hub:
        assert self.world.github is not None
        return self.world.github.hub

    def only_plays(self) -> None:
        """Let runs be played quickly, and nothing be looked at after them: it is about the runs."""
        task = Task("ship", LONG)
        self.hub.add_workflow("deploy.yml", task, name="Deploy", inputs=INPUTS, run_name="Deploy {operation}")
        file = self.world.state / "shipmate.toml"
        text = file.read_text(encoding="utf-8")
        self.world.bot.stop()
        file.write_text(re.sub(r"\[environments\.staging\.health\]\n(?:.+\n)+", "", text), encoding="utf-8")
        self.world.bot.start()
        self.world.connected()

    def once(self, version: str, hits: Counter[str]) -> tuple[tuple[str, str], list[str]]:
        """Deploy once with one kill, and return where the kill hit and what did not hold."""
        hunter = Hunter(self.hub, self.random, hits)
        aim, answer = hunter.aims()
        with self.rows.held() as rows:
            seen = Sight(self.hub, rows, self._asked(version))
            hunter.waits(aim, seen)
            self.world.bot.freeze()
            phase = seen.phase
        self.world.bot.kill()
        self.world.bot.start()
        self.world.connected()
        self.seen.append(Sight(self.hub, self.rows, seen.number))
        return (phase, answer), [f"#{seen.number}, killed {phase}: {fault}" for fault in self._wrong(self.seen[-1])]

    def late(self) -> list[str]:
        """Return which deployments have another number of runs than one, now that all are over."""
        return [f"#{it.number} has {len(it.runs)} runs in the end" for it in self.seen if len(it.runs) != 1]

    def _asked(self, version: str) -> int:
        before, until = self.rows.last(), monotonic() + PATIENCE
        while self.rows.last() == before:
            self.world.slack.says("ana", f"/deploy staging {version}")
            end = monotonic() + 20
            while self.rows.last() == before and monotonic() < end:
                sleep(0.01)
            assert monotonic() < until, self.world.slack.transcript()[-3000:]
        return self.rows.last()

    def _wrong(self, seen: Sight) -> list[str]:
        """Wait for the end, and return what is not as it has to be."""
        until = monotonic() + PATIENCE
        while (status := seen.status) not in OVER | STUCK and monotonic() < until:
            sleep(0.05)
        faults = []
        if status != "succeeded":
            faults.append(f"it came to {status}: {self.rows.deployment(seen.number)['failure']}")
        if len(seen.runs) != 1:
            faults.append(f"{len(seen.runs)} runs were started")
        return faults
