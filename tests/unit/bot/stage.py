"""A stage to conduct deployments on: a real SQLite file, a rehearsed remote, and a process that can die."""

import atexit
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import httpx

from bot.alone import Alone
from bot.change import Changes
from bot.conductor import Conductor
from bot.crew import Crew
from bot.opening import Opening
from commands.errors import IdentityUnknown
from deployers.destructive import understood
from deployers.environment import Approvals, Environment
from deployers.plan import Plan
from deployers.ports import Difference, Revision
from deployers.rehearsal import Rehearsal
from deployers.strategies import plan_for, release_name
from storage import deployments, leadership, steps
from storage.errors import StoreUnavailable
from storage.models import Deployment, Kind, Status, StepRecord, StoredPlan
from storage.store import Session, Store
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
class Rows:
    """The store as the conductor sees it: the process may die before or after any transaction; it may be away."""

    store: Store
    crash_at: int = -1
    after: bool = False
    """Whether it dies after that transaction was committed, or before it was begun."""
    away: bool = False
    stuck: Event | None = None
    """What a transaction waits for before it answers."""
    asked: int = 0

    def begin(self) -> AbstractContextManager[Session]:
        return self._through(self.store.begin)

    def look(self) -> AbstractContextManager[Session]:
        return self._through(self.store.look)

    @contextmanager
    def _through(self, way: Callable[[], AbstractContextManager[Session]]) -> Iterator[Session]:
        place, self.asked = self.asked, self.asked + 1
        if place == self.crash_at and not self.after:
            raise Crash
        if self.stuck:
            self.stuck.wait(60)
        if self.away:
            raise StoreUnavailable("stage.db", "it is away")
        with way() as session:
            yield session
        if place == self.crash_at and self.after:
            raise Crash


class Repo:
    """A repository that knows v2.2 and v2.3."""

    def __init__(self) -> None:
        self.tags = {"v2.2": GOOD, "v2.3": NEW}
        self.migrations: tuple[str, ...] = ()
        self.contents: dict[str, str] = {}

    def resolve(self, ref: str) -> Revision:
        return Revision(ref, f"refs/tags/{ref}", self.tags[ref])

    def between(self, base: str, head: str, *, migrations: str = "") -> Difference:
        return Difference((), 0, (), 0, self.migrations)

    def read(self, sha: str, paths: Sequence[str]) -> dict[str, str]:
        return {path: self.contents[path] for path in paths if path in self.contents}

    def refs(self, beginning: str = "", *, limit: int = 100) -> tuple[Revision, ...]:
        return ()


class Everybody:
    """People who have every role, as long as they can be asked."""

    away = False

    def holds(self, person, role: str) -> bool:
        if self.away:
            raise IdentityUnknown("Slack could not be reached")
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
        self.people = Everybody()
        self.paused: list[float] = []
        """Seconds that it waited before it judged again."""
        self.spooled: list[tuple[str, dict[str, Any]]] = []
        self.on_spool: Callable[[str], object] = lambda _: None
        self.rows = Rows(self.store)
        self.start()
        self.good = self._served("v2.2", GOOD)

    def start(self) -> None:
        """Start a process that leads; whoever led before is dead."""
        with self.store.begin() as session:
            epoch = leadership.lead(session, "stage", self.clock())
        self.rows.away = False  # a thread of the one that died may still ask
        self.rows = Rows(self.store)
        self.changes = Changes(self.rows, self.clock, lambda: epoch, "deployments", "alerts")
        places = {self.where.name: self.where}
        self.crew = Crew(self.changes, places, lambda _: self.remote, pause=lambda _: Event().wait(0.0005))
        opening = Opening(self.changes, places, self.repo, self.people, "UTC", pause=self.paused.append)
        self.conductor = Conductor(self.crew, opening, Alone(self.crew, self._spool))

    def _spool(self, action: str, number: int, detail: dict[str, Any], entry_id: str = "") -> None:
        self.spooled.append((action, detail))
        self.on_spool(action)

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=700)
        return self.now

    def asks(
        self, ref: str = "v2.3", *, kind: str = "deploy", undoes: int | None = None, workflow_file: str = ""
    ) -> Deployment:
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
            difference=understood(self.repo, self.repo.between("", revision.sha), revision.sha),
            strategy=self.where.strategy,
            workflow_file=workflow_file,
        )
        with self.store.begin() as session:
            return self._add(session, plan, Status.QUEUED, undoes=undoes)

    def conduct(self, deployment: Deployment) -> str:
        """Conduct it in one go."""
        return self.conductor.conduct(deployment.number)

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
            strategy=plan.strategy,
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
