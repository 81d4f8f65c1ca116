"""A stage to conduct deployments on: a real SQLite file, a rehearsed remote, and durable steps that can crash."""

import atexit
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import httpx

from bot.change import Changes
from bot.conductor import Conductor
from bot.crew import Crew
from bot.endings import Endings
from bot.opening import Opening
from deployers.environment import Approvals, Environment
from deployers.plan import Plan
from deployers.ports import Difference, Revision
from deployers.rehearsal import Rehearsal
from deployers.strategies import plan_for, release_name
from storage import deployments, leadership, steps
from storage.models import Deployment, Kind, Status, StepRecord, StoredPlan
from storage.store import Store
from tests.unit.deployers.worlds import NOON, environment

GOOD, NEW = "a" * 40, "b" * 40


@cache
def _template() -> Path:
    """Return a migrated, empty database to begin from."""
    folder = Path(tempfile.mkdtemp(prefix="stage-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    store = Store(f"sqlite:///{folder}/template.db")
    store.migrate()
    store.close()
    return folder / "template.db"


class Crash(BaseException):
    """The process dies here."""


@dataclass
class Steps:
    """Durable steps: what was done is not done again; a crash comes before or after a step is remembered."""

    remembered: list[tuple[str, str]] = field(default_factory=list)
    crash_at: int = -1
    before_remembering: bool = True
    waited: float = 0.0
    _place: int = 0

    def begin(self, crash_at: int = -1, *, before_remembering: bool = True) -> "Steps":
        """Start again from the top, as after a restart."""
        self._place, self.crash_at, self.before_remembering = 0, crash_at, before_remembering
        return self

    def step(self, name: str, do: Callable[[], str]) -> str:
        place, self._place = self._place, self._place + 1
        if place < len(self.remembered):
            assert self.remembered[place][0] == name, "a replay took another way"
            return self.remembered[place][1]
        done = do()
        if place == self.crash_at and self.before_remembering:
            raise Crash
        self.remembered.append((name, done))
        if place == self.crash_at:
            raise Crash
        return done

    def wait(self, seconds: float) -> None:
        self.waited += seconds


class Repo:
    """A repository that knows v2.2 and v2.3."""

    def __init__(self) -> None:
        self.tags = {"v2.2": GOOD, "v2.3": NEW}
        self.migrations: tuple[str, ...] = ()

    def resolve(self, ref: str) -> Revision:
        return Revision(ref, f"refs/tags/{ref}", self.tags[ref])

    def between(self, base: str, head: str, *, migrations: str = "") -> Difference:
        return Difference((), 0, (), 0, self.migrations)

    def refs(self, beginning: str = "", *, limit: int = 100) -> tuple[Revision, ...]:
        return ()


class Everybody:
    """People who have every role."""

    def holds(self, person, role: str) -> bool:
        return True

    def holders(self, role: str) -> tuple[str, ...]:
        return ()


class Stage:
    """One environment with v2.2 in the ledger, and whatever v2.3 comes to."""

    def __init__(self, folder: Path, where: Environment | None = None) -> None:
        self.now = NOON
        shutil.copy(_template(), folder / "stage.db")
        self.store = Store(f"sqlite:///{folder}/stage.db")
        self.where = replace(where or environment(2), approvals=Approvals(required=0))
        self.serving: dict[str, str] = {}
        self.sick: set[str] = set()
        self.remote = Rehearsal(wire=self._answer)
        self.remote._act = self._act  # the host remembers what it was switched to
        self.repo = Repo()
        with self.store.begin() as session:
            self.epoch = leadership.lead(session, "stage", self.clock())
        self.changes = Changes(self.store, self.clock, lambda: self.epoch, "deployments", "alerts")
        self.crew = Crew(self.changes, {self.where.name: self.where}, lambda _: self.remote)
        opening = Opening(self.changes, {self.where.name: self.where}, self.repo, Everybody(), "UTC")
        self.conductor = Conductor(self.crew, Endings(self.crew), opening)
        self.steps = Steps()
        self.good = self._served("v2.2", GOOD)

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=700)
        return self.now

    def asks(self, ref: str = "v2.3", *, kind: str = "deploy", undoes: int | None = None) -> Deployment:
        """Queue a deployment, as commands do."""
        with self.store.look() as session:
            current = deployments.current(session, self.where.name)
        revision = self.repo.resolve(ref)
        plan = plan_for(
            self.where,
            kind=kind,
            revision=revision,
            replaces=current.sha if current else "",
            release=release_name(revision.sha, self.now),
            difference=self.repo.between("", revision.sha),
            strategy="rolling",
        )
        with self.store.begin() as session:
            return self._add(session, plan, Status.QUEUED, undoes=undoes)

    def conduct(self, deployment: Deployment) -> str:
        """Conduct it in one go."""
        return self.conductor.conduct(deployment.number, self.steps.begin())

    def get(self, deployment: Deployment | int) -> Deployment:
        with self.store.look() as session:
            return deployments.get(session, deployment if isinstance(deployment, int) else deployment.number)

    def records(self, deployment: Deployment) -> list[StepRecord]:
        with self.store.look() as session:
            return steps.of(session, deployment.number)

    def rollback_of(self, deployment: Deployment) -> Deployment | None:
        with self.store.look() as session:
            return deployments.automatic_rollback_of(session, deployment.number)

    def performed_twice(self) -> list[tuple[str, str]]:
        """Return what was really begun more than once."""
        return [it for it in set(self.remote.performed) if self.remote.performed.count(it) > 1]

    def _add(self, session, plan: Plan, status: Status, *, undoes: int | None = None) -> Deployment:
        at = self.now
        deployment = Deployment(
            kind=Kind(plan.kind),
            environment=plan.environment,
            ref=plan.ref,
            sha=plan.sha,
            strategy="rolling",
            release=plan.release,
            requested_by="U0ANA",
            requested_at=at,
            changed_at=at,
            status=status,
            undoes=undoes,
        )
        return deployments.add(session, deployment, StoredPlan(hash=plan.hash, document=plan.document()))

    def _served(self, ref: str, sha: str) -> Deployment:
        plan = plan_for(
            self.where,
            kind="deploy",
            revision=Revision(ref, "", sha),
            replaces="",
            release=f"old-{ref}",
            difference=None,
            strategy="rolling",
        )
        self.serving = {host.name: sha for host in self.where.hosts}
        with self.store.begin() as session:
            deployment = self._add(session, plan, Status.SUCCEEDED)
            deployment.served_at = self.now - timedelta(days=1)
            return deployment

    def _act(self, host, script: str):
        from deployers.rehearsal import Outcome

        if "mv -T -- current.next current" in script:
            self.serving[host.name] = NEW if "old-" not in script else GOOD
        if "cat current/REVISION" in script:
            return Outcome(output=f"{self.serving[host.name]} some-release\n")
        return Outcome()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        name = request.extensions["host"]
        candidate = 9000 <= (request.url.port or 0) < 9100
        sha = NEW if candidate else self.serving[name]
        if name in self.sick and sha == NEW:
            return httpx.Response(503)
        return httpx.Response(200, text=json.dumps({"sha": sha}))
