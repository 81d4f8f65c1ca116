"""What a workflow run does, in words, and for how long it may go on doing that; pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from deployers.github_run import Approval, Job, Run, State, Step

DONE, FAILED, BUSY, AHEAD = "✓", "✗", "▸", "·"
"""How the lines of jobs begin: who shows them may put something prettier there."""
_FINE = ("success", "skipped", "neutral")
_TOOK = re.compile(r"^(.+): success in (\d+) s$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long a run may stay as it is before it is given up."""

    queued: timedelta = timedelta(minutes=15)
    """Nobody takes it."""
    behind: timedelta = timedelta(minutes=60)
    """Another run of its concurrency group goes first."""
    waiting: timedelta = timedelta(minutes=60)
    """Nobody approves its environment on GitHub."""
    gone: timedelta = timedelta(seconds=10)
    """GitHub does not know it any more."""

    def of(self, state: State) -> timedelta | None:
        """Return for how long a run may be like this; None where only the whole has a deadline."""
        return {State.QUEUED: self.queued, State.BEHIND: self.behind, State.WAITING: self.waiting}.get(state)


def doing(run: Run) -> State:
    """Return what a run does now; one whose next job nobody takes is as good as queued."""
    open_ones = {job.status for job in run.jobs if job.status != "completed"}
    if run.state is State.RUNNING and open_ones and open_ones <= {"queued", "pending"}:
        return State.QUEUED
    return run.state


def headline(state: State, until: datetime | None, pending: Sequence[Approval] = ()) -> str:
    """Return why nothing goes on, and until when that is borne; empty while something does."""
    by = f", until {until:%H:%M} UTC at the most" if until else ""
    match state:
        case State.QUEUED:
            return f"No runner on GitHub has taken the run yet; I wait{by}"
        case State.BEHIND:
            return f"Another run of its concurrency group goes first on GitHub; I wait{by}"
        case State.WAITING:
            return f"GitHub waits for somebody to approve {_places(pending)}: {_who(pending)}; I wait{by}"
        case _:
            return ""


def given_up(state: State, after: timedelta, pending: Sequence[Approval] = ()) -> str:
    """Return why a run was cancelled, and what to do about it."""
    waited = _lasting(after.total_seconds())
    match state:
        case State.QUEUED:
            return (
                f"no runner on GitHub took the run for {waited}, so I cancelled it: see whether runners are online"
                " and minutes are left, then deploy again"
            )
        case State.BEHIND:
            return (
                f"another run of its concurrency group went first for {waited}, so I cancelled it; deploy again later"
            )
        case State.WAITING:
            return f"nobody approved {_places(pending)} on GitHub within {waited}, so I cancelled it: {_who(pending)}"
        case _:
            return f"the run went on for {waited}, and was cancelled"


def cancelled(newer: Run | None) -> str:
    """Return how a run came to be cancelled that we did not cancel."""
    if newer is None:
        return "somebody cancelled the run on GitHub; I did not"
    return (
        f"GitHub cancelled the run, and I did not: {newer.url} came after it,"
        " and only the newest of a concurrency group goes on"
    )


def again(run: Run) -> str:
    """Say that somebody has run it again; empty for a first attempt."""
    return f"Somebody ran it again on GitHub: this is attempt {run.attempt}" if run.attempt > 1 else ""


def progress(run: Run, now: datetime, usual: Mapping[str, float], why: str = "") -> str:
    """Return a run as text: where it is, what holds it up, and a line for each job."""
    lines = (run.url, why, again(run), *(_job(job, now, usual.get(job.name)) for job in run.jobs))
    return "\n".join(filter(None, lines)) + "\n"


def outcome(job: Job) -> str:
    """Return how a job ended, and how long it took; `usual` reads it."""
    took = f" in {(job.ended - job.began).total_seconds():.0f} s" if job.began and job.ended else ""
    return f"{job.name}: {job.conclusion or job.status}{took if job.conclusion == 'success' else ''}"


def usual(outputs: Iterable[str]) -> dict[str, float]:
    """Return how many seconds each job usually takes, from what was written down of runs that went well."""
    seen: dict[str, list[float]] = {}
    for name, seconds in (found for output in outputs for found in _TOOK.findall(output)):
        seen.setdefault(name, []).append(float(seconds))
    return {name: median(every) for name, every in seen.items()}


def _job(job: Job, now: datetime, usually: float | None) -> str:
    often = f"usually {_lasting(usually)}" if usually else ""
    if job.status == "completed":
        bad = job.conclusion not in _FINE
        took = (job.ended - job.began).total_seconds() if job.began and job.ended and not bad else 0
        said = " ".join(filter(None, (job.conclusion, f"in {_lasting(took)}" if took else "")))
        return f"{FAILED if bad else DONE} {job.name}: {said}"
    if job.status == "in_progress":
        since = f"for {_lasting((now - job.began).total_seconds())}" if job.began else ""
        return f"{BUSY} {job.name}: " + ", ".join(filter(None, (*_step(job.steps), since, often)))
    waits = "waits for an approval" if job.status == "waiting" else "has not begun"
    return f"{AHEAD} {job.name}: " + ", ".join(filter(None, (waits, often)))


def _step(steps: Sequence[Step]) -> Iterator[str]:
    """Yield which step of how many runs."""
    for place, step in enumerate(steps, 1):
        if step.status == "in_progress":
            yield f"`{step.name}`, step {place} of {len(steps)}"
            return
    yield "running"


def _places(pending: Sequence[Approval]) -> str:
    return " and ".join(f"`{each.name}`" for each in pending) or "its environment"


def _who(pending: Sequence[Approval]) -> str:
    names = dict.fromkeys(name for each in pending for name in each.reviewers)
    return (
        f"{' or '.join(names)} can, on the run's page there" if names else "its reviewers can, on the run's page there"
    )


def _lasting(seconds: float) -> str:
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    if not minutes:
        return f"{whole} s"
    return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
