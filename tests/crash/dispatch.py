"""Kills the bot at drawn instants of a dispatch: before, between and after the calls of GitHub's API that make it."""

import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

from bot.sandbox.bot_process import Launch
from bot.sandbox.configuration import Pace
from bot.sandbox.github.entities import Run, Task
from bot.sandbox.github.team import INPUTS
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from tests.crash.rows import OVER, STUCK, Rows

VERSIONS = ("v2.1", "v2.2")
PATIENCE = 240.0
SOON = 30.0
"""So long at most the bot is waited for to make the call that is aimed at."""
CALLS = 12
"""So many calls of the API are before, of and right after a dispatch."""
LOSES = (None, None, "broken_after", "lost_reply", "no_details")
"""What GitHub does with the answer to a dispatch."""


@dataclass
class Course:
    """What the kills of one world came to."""

    hits: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __add__(self, other: "Course") -> "Course":
        return Course(self.hits + other.hits, [*self.faults, *other.faults])

    def __str__(self) -> str:
        lines = [f"  {times:3} {what}" for what, times in sorted(self.hits.items())]
        return "\n".join([f"{self.hits.total()} kills while a run was dispatched", *lines, *self.faults])


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
            where, faults = stage.once(VERSIONS[kill % len(VERSIONS)])
            course.hits[where] += 1
            course.faults += faults
            if sys.__stderr__:
                sys.__stderr__.write(f"  {folder.name}: {kill + 1} of {kills} kills, {where}\n")
    return course


@dataclass
class _Stage:
    """A world in which a workflow deploys, and how often the bot is to die in it."""

    world: World
    rows: Rows
    random: Random

    @property
    def runs(self) -> list[Run]:
        assert self.world.github is not None
        return self.world.github.hub.runs

    def only_plays(self) -> None:
        """Let runs be played quickly, and nothing be looked at after them: it is about the runs."""
        assert self.world.github is not None
        hub = self.world.github.hub
        hub.add_workflow("deploy.yml", Task("ship", 2.0), name="Deploy", inputs=INPUTS, run_name="Deploy {operation}")
        file = self.world.state / "shipmate.toml"
        text = file.read_text(encoding="utf-8")
        self.world.bot.stop()
        file.write_text(re.sub(r"\[environments\.staging\.health\]\n(?:.+\n)+", "", text), encoding="utf-8")
        self.world.bot.start()
        self.world.connected()

    def once(self, version: str) -> tuple[str, list[str]]:
        """Deploy once with one kill, and return where the kill hit and what did not hold."""
        assert self.world.github is not None
        hub = self.world.github.hub
        hub.faults.clear()
        lost = self.random.choice(LOSES)
        if lost:
            hub.faults.add(lost, "create-workflow-dispatch", times=1)
        number = self._asked(version)
        self._waits_for(self.random.randint(0, CALLS))
        sleep(self.random.choice((0.0, self.random.uniform(0, 0.05), self.random.uniform(0, 0.5))))
        self.world.bot.freeze()
        where = f"{self._where(number)}{f', {lost}' if lost else ''}"
        self.world.bot.kill()
        self.world.bot.start()
        self.world.connected()
        return where, [f"#{number}, killed {where}: {fault}" for fault in self._wrong(number)]

    def _asked(self, version: str) -> int:
        before, until = self.rows.last(), monotonic() + PATIENCE
        while self.rows.last() == before:
            self.world.slack.says("ana", f"/deploy staging {version}")
            end = monotonic() + 20
            while self.rows.last() == before and monotonic() < end:
                sleep(0.01)
            assert monotonic() < until, self.world.slack.transcript()[-3000:]
        return self.rows.last()

    def _waits_for(self, calls: int) -> None:
        """Wait until the bot has made so many calls of the API since it was asked for a deployment."""
        until = monotonic() + SOON
        before = self._calls()
        while self._calls() - before < calls and monotonic() < until:
            sleep(0.002)

    def _calls(self) -> int:
        assert self.world.github is not None
        return self.world.github.hub.answered

    def _of(self, number: int) -> list[Run]:
        return [run for run in self.runs if run.inputs.get("operation", "").startswith(f"d{number}-")]

    def _where(self, number: int) -> str:
        assert self.world.github is not None
        if self._status(number) in OVER:
            return "after the end"
        if found := self._of(number):
            return f"run {self.world.github.hub.progress(found[-1]).status}"
        intended = self.rows.ask("SELECT 1 FROM step WHERE deployment_id = ? AND kind = 'run'", number)
        return "run intended, not there" if intended else "run not intended yet"

    def _status(self, number: int) -> str:
        return str(self.rows.deployment(number)["status"]).lower()

    def _wrong(self, number: int) -> list[str]:
        """Wait for the end, and return what is not as it has to be."""
        until = monotonic() + PATIENCE
        while (status := self._status(number)) not in OVER | STUCK and monotonic() < until:
            sleep(0.05)
        faults: list[Any] = []
        if status != "succeeded":
            faults.append(f"it came to {status}: {self.rows.deployment(number)['failure']}")
        if len(self._of(number)) != 1:
            faults.append(f"{len(self._of(number))} runs were started")
        return faults
