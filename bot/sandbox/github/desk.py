"""What the page shows of GitHub: the newest runs with jobs and logs, what people can do to them, and what can break."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.sandbox.github.entities import Json, Run
from bot.sandbox.github.faults import Kind
from bot.sandbox.github.hub import Refused
from bot.sandbox.github.life import Job, Progress, Span
from bot.sandbox.github.team import ENVIRONMENT, REPOSITORY, Team

SHOWN = 5
_LOG_LINES = 12
_DISPATCH = "create-workflow-dispatch"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that can be broken about GitHub."""

    name: str
    label: str
    note: str
    switch: Callable[[Team, bool], None]


def _fault(kind: Kind, *calls: str, page: int = 0, detail: str = "") -> Callable[[Team, bool], None]:
    def switch(team: Team, on: bool) -> None:
        faults = team.hub.faults
        faults.add(kind, *calls, page=page, detail=detail) if on else faults.clear(kind, page=page)

    return switch


TROUBLES = (
    Trouble(
        "accepted",
        "Accept, then 502",
        "A run is started, and the answer is an error page.",
        _fault(Kind.BROKEN_AFTER, _DISPATCH),
    ),
    Trouble(
        "silent",
        "Name no run",
        "A run is started, and GitHub does not say which: 204, as older servers do.",
        _fault(Kind.NO_DETAILS, _DISPATCH),
    ),
    Trouble("away", "Down", "Every request is answered 502.", _fault(Kind.BROKEN)),
    Trouble("reset", "Reset", "Every connection is broken off.", _fault(Kind.RESET)),
    Trouble("hang", "Hang", "Requests are taken and never answered.", _fault(Kind.HANG)),
    Trouble(
        "limit",
        "Secondary limit",
        "Too much at once: 403, and to come back in half a minute.",
        _fault(Kind.SECONDARY_LIMIT, detail="30"),
    ),
    Trouble("page3", "Page 3 fails", "Of long lists, the third page cannot be had.", _fault(Kind.BROKEN, page=3)),
    Trouble(
        "fails",
        "Failing job",
        "Runs that begin now find no space left when they ship.",
        lambda team, on: team.breaks(on),
    ),
    Trouble(
        "runners",
        "No runner",
        "Runs stay queued until it is switched off.",
        lambda team, on: team.hub.lacks_runners(on),
    ),
    Trouble(
        "guarded",
        "Ask Ben first",
        "Runs that begin now wait until Ben approves staging on GitHub: here, below the run.",
        lambda team, on: team.protects(on, may_approve=False),
    ),
    Trouble(
        "hooks",
        "No webhooks",
        "GitHub tells nothing by itself; Shipmate finds out by asking.",
        lambda team, on: setattr(team.server.webhooks, "muted", on),
    ),
)
_WORDS = {"in_progress": "running", "pending": "queued"}


class Desk:
    """GitHub as somebody in front of the page sees and troubles it."""

    def __init__(self, team: Team) -> None:
        """Know the team whose repository it is."""
        self._team = team
        self._on: set[str] = set()

    def told(self) -> Json:
        """Return the newest runs, newest first."""
        hub = self._team.hub
        with hub.lock:
            now, newest = hub.clock(), hub.runs[: -SHOWN - 1 : -1]
            return {"repository": REPOSITORY, "runs": [_run(run, hub.progress(run), now) for run in newest]}

    def faults(self) -> Iterator[Json]:
        """Yield what can be broken, and whether it is."""
        for it in TROUBLES:
            on = it.name in self._on
            yield {
                "name": f"github.{it.name}",
                "where": "github",
                "label": it.label,
                "note": it.note,
                "on": on,
                "once": False,
            }

    def switch(self, name: str, on: bool) -> None:
        """Break something, or mend it; ValueError if there is no such thing."""
        trouble = next((it for it in TROUBLES if it.name == name), None)
        if trouble is None:
            raise ValueError(f"nothing about GitHub can be broken as “{name}”")
        trouble.switch(self._team, on)
        (self._on.add if on else self._on.discard)(name)

    def act(self, number: int, act: str) -> None:
        """Do to a run what somebody does on GitHub; ValueError if that cannot be done."""
        hub = self._team.hub
        acts: dict[str, Callable[[Run], None]] = {
            "approve": lambda run: hub.answer(run, ENVIRONMENT),
            "reject": lambda run: hub.answer(run, ENVIRONMENT, yes=False),
            "cancel": hub.cancel,
            "again": hub.again,
            "delete": hub.delete,
        }
        if act not in acts:
            raise ValueError(f"nobody can “{act}” a run")
        try:
            acts[act](hub.run(number))
        except Refused as error:
            raise ValueError(error.message) from error


def _run(run: Run, seen: Progress, now: datetime) -> Json:
    return {
        "id": run.id,
        "number": run.number,
        "workflow": run.workflow.name,
        "ref": run.branch,
        "sha": (run.inputs.get("ref") or run.sha)[:7],
        "environment": run.inputs.get("environment", ""),
        "actor": run.actor,
        "attempt": run.attempt,
        "state": _state(seen.status, seen.conclusion),
        "began": (run.began or run.created).timestamp(),
        "seconds": round((seen.updated - (run.began or run.created)).total_seconds(), 1),
        "waits": any(job.waits for job in seen.jobs) and seen.status == "waiting",
        "jobs": [_job(job, now) for job in seen.jobs],
    }


def _job(job: Job, now: datetime) -> Json:
    log = job.log.splitlines()[-_LOG_LINES:] if job.span.ended(now) else []
    waits = job.waits and not job.span.ended(now)
    steps = [{"name": step.name, "state": _span(step, now)} for step in job.steps]
    state = "waiting" if waits else _span(job.span, now)
    return {"name": job.span.name, "state": state, "took": _took(job.span, now), "steps": steps, "log": log}


def _span(span: Span, now: datetime) -> str:
    return _state(span.status(now), span.conclusion)


def _took(span: Span, now: datetime) -> float | None:
    if span.begins is None or span.ends is None or not span.ended(now):
        return None
    return round((span.ends - span.begins).total_seconds(), 1)


def _state(status: str, conclusion: str | None) -> str:
    return conclusion or "" if status == "completed" else _WORDS.get(status, status)
