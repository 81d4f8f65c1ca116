"""How far a workflow run has come at a moment; pure, so that a run needs nobody to move it on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.github.entities import Deed, Run, Task


@dataclass(frozen=True, slots=True)
class Span:
    """When a job or a step begins and ends, as far as that is known, and how."""

    name: str
    begins: datetime | None
    ends: datetime | None
    conclusion: str
    """How it ends, once it does."""

    def status(self, now: datetime) -> str:
        """Return GitHub's word for how far it is."""
        if self.ended(now):
            return "completed"
        return "in_progress" if self.begins is not None and self.begins <= now else "queued"

    def ended(self, now: datetime) -> bool:
        """Say whether it is over."""
        return self.ends is not None and self.ends <= now


@dataclass(frozen=True, slots=True)
class Job:
    """A job with its steps."""

    span: Span
    steps: tuple[Span, ...]
    waits: bool = False
    """Whether it waits for somebody to approve its environment."""
    log: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """A run at a moment."""

    status: str
    conclusion: str | None
    jobs: tuple[Job, ...]
    updated: datetime


def progress(run: Run, now: datetime) -> Progress:
    """Return how far a run is now."""
    jobs = tuple(_jobs(run))
    over = [job.span.ended(now) for job in jobs]
    seen = [job.span.ends for job in jobs if job.span.ends and job.span.ends <= now]
    updated = max([run.began or run.created, *seen])
    if all(over):
        return Progress("completed", _conclusion(jobs), jobs, updated)
    if jobs[over.index(False)].waits:
        return Progress("waiting", None, jobs, updated)
    if run.behind:
        return Progress("pending", None, jobs, updated)
    begun = any(job.span.status(now) != "queued" for job in jobs)
    return Progress("in_progress" if begun else "queued", None, jobs, updated)


def _jobs(run: Run) -> Iterator[Job]:
    """Yield the jobs one after the other, each beginning where the one before ended."""
    at: datetime | None = (run.began or run.created) + timedelta(seconds=run.queued_seconds)
    if run.stuck or run.behind:
        at = None
    cut = run.cancelled + timedelta(seconds=run.stop_seconds) if run.cancelled else None
    skipped = False
    for task in run.workflow.tasks:
        job = _skipped(task, at) if skipped else _cut(_planned(task, at, run), cut)
        yield job
        skipped = skipped or job.span.conclusion != "success"
        at = job.span.ends


def _planned(task: Task, at: datetime | None, run: Run) -> Job:
    begins, refused = at, False
    if task.environment and at is not None:
        answered, yes = run.answers.get(task.environment, (None, True))
        begins = max(answered, at) if answered else None
        refused = not yes
    if refused:
        return Job(Span(task.name, begins, begins, "failure"), (), log=task.log)
    if begins is None:
        return Job(Span(task.name, None, None, "success"), (), waits=bool(task.environment) and at is not None)
    deed = run.deeds.get((run.attempt, task.name))
    steps = tuple(_steps(task, begins, deed))
    ends = steps[-1].ends if steps else begins + timedelta(seconds=task.seconds)
    outcome = "failure" if any(step.conclusion == "failure" for step in steps) else "success"
    log = "\n".join(filter(None, (task.log, deed.log if deed else "")))
    return Job(Span(task.name, begins, ends, outcome), steps, log=log)


def _steps(task: Task, begins: datetime, deed: Deed | None) -> Iterator[Span]:
    """Yield the steps one after the other; what follows one that is still being done has no time yet."""
    share = timedelta(seconds=task.seconds) / max(len(task.steps), 1)
    at: datetime | None = begins
    failed = False
    for name in task.steps:
        if failed or at is None:
            yield Span(name, at, at, "skipped" if failed else "success")
            continue
        failed = name == task.fails_at
        ends: datetime | None = at + share
        if name == task.does and not failed:
            ends = max(deed.ended, at + share) if deed else None
            failed = deed is not None and not deed.well
        yield Span(name, at, ends, "failure" if failed else "success")
        at = ends


def _cut(job: Job, cut: datetime | None) -> Job:
    """End a job where somebody cancelled its run."""
    if cut is None or (job.span.ends is not None and job.span.ends <= cut):
        return job
    steps = tuple(_stopped(step, cut) for step in job.steps)
    return Job(_stopped(job.span, cut), steps, log=job.log)


def _stopped(span: Span, cut: datetime) -> Span:
    if span.ends is not None and span.ends <= cut:
        return span
    return Span(span.name, min(span.begins or cut, cut), cut, "cancelled")


def _skipped(task: Task, at: datetime | None) -> Job:
    return Job(Span(task.name, at, at, "skipped"), ())


def _conclusion(jobs: tuple[Job, ...]) -> str:
    ends = {job.span.conclusion for job in jobs}
    return next((word for word in ("cancelled", "failure") if word in ends), "success")
