"""Does what runs say is done for real, each step once, while the stand-in tells how far they are."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.sandbox.github.entities import Deed, Run, Task
from bot.sandbox.github.hub import Hub

_LOOK_SECONDS = 0.05
_NEWEST = 20
Does = Callable[[Run], Awaitable[tuple[bool, str]]]
"""Does what a run is for; returns whether it went well, and what was printed. It never raises."""


class Runner:
    """Takes the steps of jobs that have one to be done, as a runner in somebody's rack would."""

    def __init__(self, hub: Hub, does: Does) -> None:
        self._hub = hub
        self._does = does
        self._begun: set[tuple[int, int, str]] = set()
        self._works: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for work."""
        self._task = asyncio.get_running_loop().create_task(self._look())

    async def stop(self) -> None:
        """Leave what is not done."""
        for task in filter(None, (self._task, *self._works)):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for run, task in self._due():
                self._begun.add((run.id, run.attempt, task.name))
                work = asyncio.get_running_loop().create_task(self._work(run, run.attempt, task))
                self._works.add(work)
                work.add_done_callback(self._works.discard)

    def _due(self) -> list[tuple[Run, Task]]:
        with self._hub.lock:
            every = [(run, task) for run in self._hub.runs[-_NEWEST:] for task in run.workflow.tasks]
            return [(run, task) for run, task in every if self._is_due(run, task)]

    def _is_due(self, run: Run, task: Task) -> bool:
        """Say whether a job of a run has come to the step that is to be done, and nobody has begun with it."""
        if not task.does or run.cancelled or (run.id, run.attempt, task.name) in self._begun:
            return False
        job = next(job for job in self._hub.progress(run).jobs if job.span.name == task.name)
        step = next((step for step in job.steps if step.name == task.does), None)
        now = self._hub.clock()
        return step is not None and step.begins is not None and step.begins <= now and step.ends is None

    async def _work(self, run: Run, attempt: int, task: Task) -> None:
        well, log = await self._does(run)
        with self._hub.lock:
            run.deeds[attempt, task.name] = Deed(self._hub.clock(), well, log)
