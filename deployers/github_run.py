"""A workflow run as GitHub tells it, and what that means; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from deployers.refs import short

_MARK = re.compile(r"\bd\d+-\d{9,}\b")
"""How the operations of any deployment of ours begin."""
DISPATCHED = "workflow_dispatch"
SKEW = timedelta(minutes=1)
"""How far GitHub's clock and ours may be apart."""


class State(StrEnum):
    """What a run does now."""

    QUEUED = "queued"
    """No runner has taken it yet."""
    BEHIND = "behind"
    """Another run of its concurrency group goes first."""
    RUNNING = "running"
    WAITING = "waiting"
    """Somebody has to approve the environment on GitHub."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """By a person, or by a newer run of its concurrency group."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run that is to be started, once."""

    workflow: str
    """The name of the workflow's file: `deploy.yml`."""
    ref: str
    """The tag or the branch to run on, by full name."""
    sha: str
    """What the ref was resolved to, and what the run has to report."""
    operation: str
    """Names this start and no other; it begins with the deployment's mark."""
    asked_at: datetime
    inputs: Mapping[str, str] = field(default_factory=dict)
    sent_by: datetime | None = None
    """When it was sent at the latest, if it was; when it was asked for unless somebody knows better."""
    file: str = ""
    """Git's hash of the workflow's file that was approved; empty when none was."""
    taken: frozenset[int] = frozenset()
    """Runs that are known to belong to other deployments."""

    @property
    def since(self) -> datetime:
        """Return when the run can have been created at the earliest, as GitHub's clock may have it."""
        return self.asked_at.replace(microsecond=0) - SKEW


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a job."""

    name: str
    status: str
    conclusion: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job of a run."""

    id: int
    name: str
    status: str
    conclusion: str
    url: str
    began: datetime | None = None
    ended: datetime | None = None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A run, as it was at one moment."""

    id: int
    url: str
    sha: str
    branch: str
    title: str
    status: str
    conclusion: str
    created: datetime
    event: str = DISPATCHED
    attempt: int = 1
    """More than 1 once somebody ran it again."""
    jobs: tuple[Job, ...] = ()

    @property
    def finished(self) -> bool:
        """Say whether it will do no more."""
        return self.status == "completed"

    @property
    def state(self) -> State:
        """Return what it does now."""
        if self.finished:
            known = {"success": State.SUCCEEDED, "cancelled": State.CANCELLED}
            return known.get(self.conclusion, State.FAILED)
        if self.status in ("waiting", "action_required"):
            return State.WAITING
        return {"in_progress": State.RUNNING, "pending": State.BEHIND}.get(self.status, State.QUEUED)

    def goes_on(self, jobs: Sequence[Mapping[str, Any]]) -> bool:
        """Say whether GitHub's answer about its jobs alone shows that it goes on."""
        runs = any(job["status"] == "in_progress" for job in jobs)
        return runs and all(int(job.get("run_attempt") or self.attempt) == self.attempt for job in jobs)

    def still_waits_as(self, now: "Run") -> bool:
        """Say whether it waits for its turn, as it did before, so that its jobs are as they were."""
        told = (now.state, now.attempt)
        return self.state in (State.QUEUED, State.BEHIND) and told == (self.state, self.attempt)

    def failing(self) -> tuple[Job, Step | None] | None:
        """Return the first job that did not end well, and its step that failed."""
        for job in self.jobs:
            if job.status == "completed" and job.conclusion not in ("success", "skipped", "neutral"):
                bad = (step for step in job.steps if step.conclusion in ("failure", "timed_out", "cancelled"))
                return job, next(bad, None)
        return None


@dataclass(frozen=True, slots=True)
class Approval:
    """An environment on GitHub that a run waits for."""

    environment: int
    name: str
    ours: bool
    """Whether GitHub takes the answer from us."""
    reviewers: tuple[str, ...] = ()


def candidates(runs: Iterable[Run], wanted: Wanted) -> tuple[Run, ...]:
    """Return the runs that could be the one that was wanted: those that carry its operation, or else look like it.

    A run that carries another deployment's mark, or is known to belong to one, is never among them.
    """
    since = [run for run in runs if run.created >= wanted.since and run.event == DISPATCHED]
    whole = re.compile(rf"(?<![\w.-]){re.escape(wanted.operation)}(?![\w-]|\.\w)")
    named = tuple(run for run in since if whole.search(run.title))
    return named or tuple(run for run in since if _looks_like(run, wanted))


def _looks_like(run: Run, wanted: Wanted) -> bool:
    same = run.sha == wanted.sha and run.branch == short(wanted.ref)
    return same and run.id not in wanted.taken and not _MARK.search(run.title)


def read(told: Mapping[str, Any]) -> Run:
    """Return a run from GitHub's answer about it, without its jobs."""
    return Run(
        id=int(told["id"]),
        url=str(told["html_url"]),
        sha=str(told["head_sha"]),
        branch=str(told.get("head_branch") or ""),
        title=str(told.get("display_title") or told.get("name") or ""),
        status=str(told.get("status") or "queued"),
        conclusion=str(told.get("conclusion") or ""),
        created=datetime.fromisoformat(told["created_at"]),
        event=str(told.get("event") or ""),
        attempt=int(told.get("run_attempt") or 1),
    )


def read_jobs(jobs: Iterable[Mapping[str, Any]]) -> tuple[Job, ...]:
    """Return the jobs of a run from GitHub's answer about them."""
    return tuple(map(_job, jobs))


def _job(told: Mapping[str, Any]) -> Job:
    steps = (
        Step(str(step["name"]), str(step["status"]), str(step.get("conclusion") or ""))
        for step in told.get("steps") or ()
    )
    return Job(
        id=int(told["id"]),
        name=str(told["name"]),
        status=str(told["status"]),
        conclusion=str(told.get("conclusion") or ""),
        url=str(told.get("html_url") or ""),
        began=_instant(told.get("started_at")),
        ended=_instant(told.get("completed_at")),
        steps=tuple(steps),
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def approval(told: Mapping[str, Any]) -> Approval:
    """Return an environment that a run waits for from GitHub's answer."""
    reviewers = (each.get("reviewer") or {} for each in told.get("reviewers") or ())
    names = tuple(str(one.get("login") or one.get("slug") or one.get("name")) for one in reviewers)
    about = told["environment"]
    return Approval(int(about["id"]), str(about["name"]), bool(told["current_user_can_approve"]), names)
