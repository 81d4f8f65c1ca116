"""The repository as GitHub knows it: runs, checks, pull requests, deployments, and who may ask."""

import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import RLock

from bot.sandbox.github.entities import (
    Access,
    Check,
    Comment,
    Exchange,
    Place,
    Pull,
    Run,
    Shipment,
    Status,
    Task,
    Workflow,
)
from bot.sandbox.github.faults import Faults, Kind
from bot.sandbox.github.history import Absent, History
from bot.sandbox.github.life import Progress, progress

TOKEN = "github_pat_sandbox"  # noqa: S105  it opens nothing but the sandbox
_NUMBERED = re.compile(r"\(#(\d+)\)$")
_KEPT = 2000


@dataclass(frozen=True, slots=True)
class AppKey:
    """A GitHub App that is installed: who it is, and the public half of its key."""

    id: int
    installation: int
    public_key: str


class Refused(Exception):
    """Something cannot be done: GitHub's status, and its message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Hub:
    """Everything that the stand-in remembers; hold `lock` while looking at more than one thing."""

    def __init__(
        self, repository: Path, owner: str = "askproai", name: str = "call-desk", *, clock: Callable[[], datetime]
    ) -> None:
        self.git = History(repository)
        self.owner, self.name = owner, name
        self.clock = clock
        self.lock = RLock()
        self.faults = Faults()
        self.exchanges: deque[Exchange] = deque(maxlen=_KEPT)
        self.answered = 0
        """How many requests there were, those included that are no longer kept."""
        self.open: list[str] = []
        """The calls that have come in and are not answered yet, by name."""
        self.began = clock()
        self.ids = count(int(self.began.timestamp()))
        self.workflows: list[Workflow] = []
        self.runs: list[Run] = []
        self.hidden: dict[int, datetime] = {}
        """Runs that lists do not show yet, and until when."""
        self.checks: list[Check] = []
        self.statuses: list[Status] = []
        self.places: dict[str, Place] = {}
        self.shipments: list[Shipment] = []
        self.comments: list[Comment] = []
        self.signed: set[str] = set()
        self.releases: dict[str, bool] = {}
        """By tag: whether it is a pre-release."""
        self.tokens: dict[str, Access] = {TOKEN: Access("shipmate[bot]")}
        self.apps: dict[int, AppKey] = {}
        self._pulls: list[Pull] = []
        self._no_runner = False

    # What teams set up

    def add_workflow(
        self,
        path: str,
        *tasks: Task,
        name: str = "",
        inputs: tuple[str, ...] = (),
        run_name: str = "",
    ) -> Workflow:
        """Put a workflow file into the repository, or another in the place of the one of that name."""
        with self.lock:
            self.workflows = [one for one in self.workflows if one.path != _full(path)]
            made = Workflow(next(self.ids), name or path, _full(path), inputs, run_name, tasks or (Task("deploy"),))
            self.workflows.append(made)
            return made

    def protect(self, environment: str, *, may_approve: bool = True) -> None:
        """Let an environment's jobs wait for an approval."""
        with self.lock:
            self.places[environment] = Place(next(self.ids), environment, protected=True, may_approve=may_approve)

    def grant(self, token: str, login: str, permissions: Mapping[str, str] | None = None) -> None:
        """Give somebody a token."""
        self.tokens[token] = Access(login, permissions)

    # What continuous integration and people do

    def check(
        self,
        sha: str,
        name: str,
        conclusion: str | None = "success",
        *,
        app: str = "github-actions",
        after: float = 0,
    ) -> Check:
        """Let an app say how a check went, some seconds after now; None for one that still runs."""
        at = self.clock() + timedelta(seconds=after)
        with self.lock:
            number = next(self.ids)
            status, ended = ("completed", at) if conclusion else ("in_progress", None)
            made = Check(number, sha, name, status, conclusion, at, ended, app, number)
            self.checks.append(made)
            return made

    def status(self, sha: str, context: str, state: str, *, after: float = 0) -> None:
        """Let somebody set a commit status, some seconds after now."""
        with self.lock:
            at = self.clock() + timedelta(seconds=after)
            self.statuses.append(Status(next(self.ids), sha, context, state, at))

    def open_pull(self, pull: Pull) -> None:
        """Open a pull request."""
        with self.lock:
            self._pulls.append(replace(pull, created=pull.created or self.clock()))

    def pulls(self) -> list[Pull]:
        """Return all pull requests, newest first: those that the history's subjects name were merged."""
        with self.lock:
            merged = {}
            for commit in self.git.log(*{ref.peeled for ref in self.git.refs()}):
                if found := _NUMBERED.search(commit.message.splitlines()[0]):
                    merged[int(found[1])] = Pull(
                        number=int(found[1]),
                        title=commit.message.splitlines()[0][: found.start()].strip(),
                        author=commit.author.login,
                        branch=f"{commit.author.login}/{found[1]}",
                        head=commit.sha,
                        merged_as=commit.sha,
                        merged_at=commit.committer.at,
                        created=commit.author.at - timedelta(hours=5),
                        labels=("migration",) if "migrations" in commit.message else (),
                    )
            every = {**merged, **{pull.number: pull for pull in self._pulls}}
            return [every[number] for number in sorted(every, reverse=True)]

    # What runs do, and what is done to them

    def workflow(self, name: str) -> Workflow:
        """Return a workflow by its id or its file's name."""
        for one in self.workflows:
            if name in (str(one.id), one.path.rsplit("/", 1)[-1]):
                return one
        raise Refused(404, "Not Found")

    def dispatch(self, workflow: Workflow, ref: str, inputs: Mapping[str, str], actor: str) -> Run:
        """Start a run on a branch or a tag, as GitHub would, or refuse as GitHub would."""
        if not workflow.dispatchable:
            raise Refused(422, "Workflow does not have 'workflow_dispatch' trigger")
        if strange := [name for name in inputs if name not in workflow.inputs]:
            raise Refused(422, f"Unexpected inputs provided: {strange}".replace("'", '"'))
        if len(inputs) > 25:
            raise Refused(422, "you may only define up to 25 `inputs` for a `workflow_dispatch` event")
        with self.lock:
            named = self._named(ref)
            run = Run(
                id=next(self.ids),
                number=len(self.runs) + 1,
                workflow=workflow,
                branch=named.removeprefix("refs/heads/").removeprefix("refs/tags/"),
                sha=self.git.commit(named).sha,
                inputs=dict(inputs),
                created=self.clock(),
                actor=actor,
                stuck=self._no_runner,
            )
            self.runs.append(run)
            if late := self.faults.hit("create-workflow-dispatch", 0, Kind.LATE):
                self.hidden[run.id] = run.created + timedelta(seconds=float(late.detail))
            return run

    def _named(self, ref: str) -> str:
        known = {one.full for one in self.git.refs()}
        for full in (ref, f"refs/heads/{ref}", f"refs/tags/{ref}"):
            if full in known:
                return full
        raise Refused(422, f"No ref found for: {ref}")

    def lacks_runners(self, on: bool = True) -> None:
        """Take the runners away, so that new runs stay queued; or give them back, and the runs go on."""
        with self.lock:
            self._no_runner = on
            for run in self.runs if not on else ():
                if run.stuck:
                    run.stuck = False
                    run.queued_seconds = (self.clock() - (run.began or run.created)).total_seconds()

    def run(self, number: int) -> Run:
        """Return a run by its id."""
        for one in self.runs:
            if one.id == number:
                return one
        raise Refused(404, "Not Found")

    def progress(self, run: Run) -> Progress:
        """Return how far a run is now."""
        return progress(run, self.clock())

    def listed(self) -> list[Run]:
        """Return the runs that lists show, newest first."""
        now = self.clock()
        return [run for run in reversed(self.runs) if self.hidden.get(run.id, now) <= now]

    def cancel(self, run: Run) -> None:
        """Cancel a run; it stops a little later."""
        with self.lock:
            if self.progress(run).status == "completed":
                raise Refused(409, "Cannot cancel a workflow run that is completed.")
            run.cancelled = run.cancelled or self.clock()

    def answer(self, run: Run, environment: str, *, yes: bool = True) -> None:
        """Let a reviewer answer what a run waits for."""
        with self.lock:
            run.answers[environment] = (self.clock(), yes)

    def again(self, run: Run) -> None:
        """Let somebody run it again on GitHub."""
        with self.lock:
            run.attempt, run.began, run.cancelled = run.attempt + 1, self.clock(), None
            run.answers.clear()

    def delete(self, run: Run) -> None:
        """Let somebody delete it on GitHub."""
        with self.lock:
            self.runs.remove(run)

    def exists(self, sha: str) -> bool:
        """Say whether the repository or one of its forks has a commit of this SHA."""
        try:
            return self.git.kind(sha) == "commit"
        except Absent:
            return False


def utc() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def _full(path: str) -> str:
    return path if "/" in path else f".github/workflows/{path}"
