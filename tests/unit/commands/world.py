"""A small world in which commands can be said: real rows, made-up refs, people with roles."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import uuid4

from commands.command import Request
from commands.errors import CommandError, IdentityUnknown
from commands.registry import ACTIONS, COMMANDS, SUBMISSIONS
from commands.replies import Reply
from commands.services import Person, Services
from deployers.environment import Approvals, Environment, Freeze, Host, Place, Recipe
from deployers.errors import RefRefused, RepositoryUnreachable
from deployers.ports import Commit, Difference, Finding, Revision
from storage import deployments, locks
from storage.models import Deployment, Kind, Status
from storage.store import Store
from tests.builders import NOW, sha_of

PEOPLE = {
    "ana": Person("U0ANA", "ana"),
    "ben": Person("U0BEN", "ben"),
    "omar": Person("U0OMAR", "omar"),
    "lea": Person("U0LEA", "lea"),
    "gus": Person("U0GUEST", "gus"),
}
ROLES = {
    "deployer": ("U0ANA", "U0BEN", "U0OMAR"),
    "approver": ("U0BEN", "U0LEA"),
    "operator": ("U0OMAR",),
    "admin": ("U0LEA",),
}
PLACE = Place("deploy", "app", (Host("web1", "127.0.0.1"), Host("web2", "127.0.0.2")), "known_hosts", batch=1)
RECIPE = Recipe("web", migrate=("migrate",), migrations_path="migrations", restart=("restart",))


def environment(name: str = "production", **settings: object) -> Environment:
    """Return an environment with two hosts that asks for one approval."""
    return replace(Environment(name, "shop", "/srv/shop.git", RECIPE, place=PLACE, aliases=(name[:4],)), **settings)  # type: ignore[arg-type]


@dataclass
class Shelf:
    """A repository whose tags are known by heart; `between` counts along their order."""

    tags: list[str] = field(default_factory=lambda: ["v2.0", "v2.1", "v2.2", "v2.3", "v2.4"])
    moved: dict[str, str] = field(default_factory=dict)
    migrations: tuple[str, ...] = ()
    contents: dict[str, str] = field(default_factory=dict)
    away: bool = False

    def resolve(self, ref: str) -> Revision:
        self._demand()
        if ref in self.moved:
            return Revision(ref, f"refs/heads/{ref}", self.moved[ref])
        for tag in self.tags:
            if ref in (tag, sha_of(tag)):
                return Revision(ref, f"refs/tags/{tag}", sha_of(tag))
        raise RefRefused(ref, f"there is no tag or branch `{ref}`", ("v2.3",))

    def between(self, base: str, head: str, *, migrations: str = "") -> Difference:
        self._demand()
        order = [sha_of(tag) for tag in self.tags]
        at, to = (order.index(base) if base else -1), order.index(head)
        ahead, behind = self._commits(at + 1, to + 1), self._commits(to + 1, at + 1)
        return Difference(ahead, len(ahead), behind, len(behind), self.migrations, 3, 40, 2, ("src/app.py",))

    def read(self, sha: str, paths: Sequence[str]) -> dict[str, str]:
        self._demand()
        return {path: self.contents[path] for path in paths if path in self.contents}

    def refs(self, beginning: str = "", *, limit: int = 100) -> tuple[Revision, ...]:
        return tuple(self.resolve(tag) for tag in self.tags if beginning in tag)[:limit]

    def _commits(self, begin: int, end: int) -> tuple[Commit, ...]:
        return tuple(Commit(sha_of(tag), f"Release {tag}", "Ana", NOW) for tag in reversed(self.tags[begin:end]))

    def _demand(self) -> None:
        if self.away:
            raise RepositoryUnreachable("/srv/shop.git", "it is not there")


@dataclass
class Looks:
    """A preflight that finds what it is told to find."""

    findings: tuple[Finding, ...] = (Finding("web1", "reachable", good=True), Finding("web2", "reachable", good=True))

    def inspect(self, place: Environment) -> tuple[Finding, ...]:
        return self.findings


@dataclass
class Roles:
    """Who has which role; may be unable to tell."""

    roles: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(ROLES))
    away: bool = False

    def holds(self, person: Person, role: str) -> bool:
        if self.away:
            raise IdentityUnknown("Slack does not answer")
        return person.id in (*self.roles.get(role, ()), *self.roles.get("admin", ()))

    def holders(self, role: str) -> tuple[str, ...]:
        return tuple(f"<@{it}>" for it in self.roles.get(role, ()))


@dataclass
class Started:
    """An engine that writes down what it was told, and does nothing."""

    told: list[tuple[str, int]] = field(default_factory=list)

    def expires(self, session: object, deployment: Deployment) -> None:
        self.told.append(("expires", deployment.number))

    def start(self, session: object, deployment: Deployment) -> None:
        self.told.append(("start", deployment.number))

    def nudge(self, session: object, deployment: Deployment) -> None:
        self.told.append(("nudge", deployment.number))


class World:
    """Services over a real store, and people who say things."""

    def __init__(self, store: Store, *places: Environment) -> None:
        self.store, self.now = store, NOW
        self.shelf, self.people, self.engine, self.looks = Shelf(), Roles(), Started(), Looks()
        every = places or (environment("staging", approvals=Approvals(required=0)), environment())
        self.services = Services(
            store=store,
            environments={place.name: place for place in every},
            repository=self.shelf,
            preflight=self.looks,
            people=self.people,
            engine=self.engine,
            now=lambda: self.now,
            timezone="Europe/Berlin",
        )

    def says(self, who: str, text: str, *, origin: str = "slack", key: str = "") -> Reply:
        name, _, rest = text.removeprefix("/").partition(" ")
        handler = next(it for it in COMMANDS if it.name == name)
        return self._run(handler, Request(name, PEOPLE[who], text=rest, key=key or uuid4().hex, origin=origin))  # type: ignore[arg-type]

    def presses(self, who: str, action: str, value: str) -> Reply:
        handler = next(it for it in ACTIONS if it.name in (action, f"deployment.{action}"))
        return self._run(handler, Request(handler.name, PEOPLE[who], value=value, key=uuid4().hex))

    def submits(self, who: str, form: str, value: str = "", **fields: str) -> Reply:
        handler = next(it for it in SUBMISSIONS if it.name == form)
        return self._run(handler, Request(form, PEOPLE[who], value=value, fields=fields))

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def deployment(self, number: int) -> Deployment:
        with self.store.look() as session:
            return deployments.get(session, number)

    def value(self, number: int) -> str:
        return f"{number}:{self.deployment(number).plan_hash}"

    def serves(self, ref: str, place: str = "production", *, kind: Kind = Kind.DEPLOY) -> int:
        """Let a deployment have served well, as the engine would leave it."""
        reply = self.says("ana", f"/deploy {place} {ref}")
        assert reply.ok, reply.text
        with self.store.begin() as session:
            newest = deployments.history(session, place, 1)[0]
            self.walk(newest, Status.SUCCEEDED, at=self.now)
            newest.served_at = self.now
            session.add(newest)
        self.later(minutes=1)
        return newest.number

    def walk(self, deployment: Deployment, to: Status, *, at: datetime | None = None) -> None:
        way = {
            Status.AWAITING_APPROVAL: Status.QUEUED,
            Status.QUEUED: Status.PREPARING,
            Status.PREPARING: Status.RUNNING,
        }
        while deployment.status is not to:
            deployment.advance(way.get(deployment.status, to), at=at or self.now)

    def runs(self, ref: str, place: str = "production", *, to: Status = Status.RUNNING) -> int:
        """Let a deployment be on its way, as the engine would have it."""
        self.says("ana", f"/deploy {place} {ref}")
        with self.store.begin() as session:
            newest = deployments.history(session, place, 1)[0]
            self.walk(newest, to)
            session.add(newest)
            session.flush()
            locks.take(session, place, newest.number, 1, self.now)
        return newest.number

    def _run(self, handler: object, request: Request) -> Reply:
        try:
            return handler(request, self.services)  # type: ignore[operator,no-any-return]
        except CommandError as error:
            return Reply(str(error), ok=False, code=error.code)


WEEKEND = Freeze(("fri",), "16:00", "mon 07:00", "weekend")
