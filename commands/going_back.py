"""Choose what to go back to, from the ledger alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from commands.errors import Refused
from commands.services import Services
from commands.views.blocks import code, escape
from commands.views.choices import named
from commands.views.words import short
from commands.wanted_back import LATEST
from deployers import rollback
from deployers.destructive import MOST_FILES, understood
from deployers.environment import Environment
from deployers.errors import DeployError
from deployers.plan import MigrateBack, Plan
from deployers.ports import Difference, Revision
from deployers.rollback import Extent, Way
from deployers.schema import newest
from deployers.strategies import plan_for
from storage import colours, deployments, targets
from storage.errors import NotFound
from storage.models import HOLDS, Deployment, Kind, Status
from storage.store import Session

STANDS_STILL = frozenset({Status.INCOMPLETE, Status.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Target:
    """The release that serves again."""

    ref: str
    sha: str
    release: str
    number: int | None = None
    """The deployment that once brought it; None where a backup alone knows it."""
    served_at: datetime | None = None

    @classmethod
    def of(cls, deployment: Deployment) -> "Target":
        """Return the release of a deployment."""
        return cls(deployment.ref, deployment.sha, deployment.release, deployment.number, deployment.served_at)

    @property
    def name(self) -> str:
        """Return the release in plain text."""
        return short(self.sha) if self.ref == self.sha else self.ref


@dataclass(frozen=True, slots=True)
class Choice:
    """One way back, with everything that is shown before it is gone."""

    environment: Environment
    head: Deployment
    """What the ledger says runs: the plan is bound to it."""
    undoes: Deployment
    """What is taken back: the head, or what failed on top of it."""
    target: Target
    plan: Plan
    difference: Difference
    way: Way
    remarks: Sequence[str] = field(default=())
    """What else has to be known before it is agreed to."""


def choose(services: Services, environment: Environment, wanted: str, *, migrations_back: bool = False) -> Choice:
    """Return the way back to the latest good release, or to the one that was named; needs neither Slack nor GitHub.

    Raises:
        Refused: there is none; lists what there is.
    """
    with services.store.look() as session:
        head, undoes = standing(session, environment.name)
        sides = colours.standing(session, environment.name)
        target = Target.of(_target(session, environment.name, wanted, head=head, undoes=undoes))
    difference, known = between(services, environment, undoes, target)
    undoing: MigrateBack | None = None
    remarks: tuple[str, ...] = ()
    if migrations_back:
        undoing, difference, remarks = _taken_back(services, environment, undoes, target, difference, known=known)
    plan = plan_for(
        environment,
        kind="rollback",
        revision=Revision(target.ref, "", target.sha),
        replaces=head.sha,
        release=target.release,
        difference=difference,
        strategy=environment.strategy,
        live=sides.live,
        spread=sides.spread,
        undoing=undoing,
    )
    way = way_of(environment, undoes, target, difference, Extent.MIGRATIONS if undoing else Extent.CODE, known=known)
    return Choice(environment, head, undoes, target, plan, difference, way, remarks)


def way_of(  # noqa: PLR0913 - each is another fact of the same way
    environment: Environment,
    undoes: Deployment,
    target: Target,
    difference: Difference,
    extent: Extent,
    *,
    known: bool,
    since: datetime | None = None,
) -> Way:
    """Return what going back means."""
    return Way(
        environment.name,
        named(undoes),
        target.name,
        migrations=difference.migrations,
        known=known,
        policy=environment.rollback.migrations,
        compatible=difference.compatible,
        extent=extent,
        since=since,
    )


def standing(session: Session, place: str) -> tuple[Deployment, Deployment]:
    """Return what the ledger says runs, and what would be taken back.

    Raises:
        Refused: nothing was ever deployed there.
    """
    head = deployments.current(session, place)
    if head is None:
        raise Refused(
            f"Nothing has been deployed to {place} through me yet, so there is nothing to go back to.",
            f"See `/deploy history {place}`.",
            "no_way_back",
        )
    return head, _undone(session, place, head)


def between(
    services: Services, environment: Environment, undoes: Deployment, target: Target
) -> tuple[Difference, bool]:
    """Return what going back changes, and whether the migrations are known; the repository may be away."""
    try:
        found = services.repository.between(undoes.sha, target.sha, migrations=environment.recipe.migrations_path)
        return understood(services.repository, found, undoes.sha), True
    except DeployError:
        pass
    if target.number is None:
        return Difference((), 0, (), 0, ()), False
    with services.store.look() as session:
        return _ledger_difference(session, environment.name, undoes, target.number)


def demand_reached(environment: Environment) -> None:
    """Refuse to take data back where a workflow deploys: nobody says that it keeps visitors and workers out.

    Raises:
        Refused: it does.
    """
    if environment.deployer == "github" or not environment.machines:
        raise Refused(
            f"{environment.name} is deployed to by a workflow, so I can take back its code alone.",
            f"Type `/rollback latest {environment.name}`, and take its data back by hand.",
            "deployer",
        )


def active(session: Session, environment: str) -> Deployment | None:
    """Return what is on its way there right now; what stands still gives way to a rollback."""
    held = deployments.running_in(session, environment)
    return held if held and held.status not in STANDS_STILL else None


def _taken_back(
    services: Services,
    environment: Environment,
    undoes: Deployment,
    target: Target,
    difference: Difference,
    *,
    known: bool,
) -> tuple[MigrateBack, Difference, tuple[str, ...]]:
    """Return the step that takes the migrations back, the difference with those alone, and what else to know."""
    place, only_code = environment.name, f"Without them: `/rollback {target.name} {environment.name}`."
    demand_reached(environment)
    if not environment.recipe.migrate_back:
        raise Refused(
            f"The recipe {code(environment.recipe.name)} does not say how migrations are taken back.",
            f"Add `migrate_back` to it, or go back without: `/rollback {target.name} {place}`.",
            "no_migrate_back",
        )
    if not known or len(difference.migrations) > MOST_FILES:
        raise Refused("I cannot tell which migrations would have to be taken back.", only_code, "unknown_migrations")
    brought, changed = _brought(services, undoes, target, difference)
    if changed:
        raise Refused(
            f"{code(changed[0], 150)} was changed after it had run, so nobody knows what taking it back would do.",
            only_code,
            "changed_migrations",
        )
    ran = services.ask_migrations(environment)
    brought = tuple(path for path in brought if ran.has(path) is not False)
    if not brought:
        raise Refused(f"No migration lies between, so there is none to take back on {place}.", only_code, "none")
    if other := newest(ran, brought):
        raise Refused(
            f"Taking back the newest {len(brought)} would not be taking back those that lie between: {escape(other)}.",
            f"Take them back by hand, or go back to a backup: `/rollback backup {place}`.",
            "other_migrations",
        )
    remarks = (f"Which migrations have run could not be asked: {ran.why}",) if ran.why else ()
    step = MigrateBack((environment.machines[0].name,), count=len(brought), release=undoes.release)
    return step, replace(difference, migrations=brought, dangers=()), remarks


def _brought(
    services: Services, undoes: Deployment, target: Target, difference: Difference
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the migrations that the newer release alone has, and those that were changed in between."""
    try:
        here = services.repository.read(undoes.sha, difference.migrations)
        there = services.repository.read(target.sha, difference.migrations)
    except DeployError:
        return difference.migrations, ()
    return rollback.added(difference.migrations, here, there)


def _undone(session: Session, place: str, head: Deployment) -> Deployment:
    """Return what would be taken back: what failed on top of the ledger's head and is still served, or the head."""
    held = deployments.running_in(session, place)
    if held and held.status in HOLDS:
        return held
    served = [it.deployment_id for it in targets.serving(session, place) if it.sha and it.sha != head.sha]
    strays = [it for it in served if it is not None and it > head.number]
    return deployments.get(session, max(strays)) if strays else head


def _target(session: Session, place: str, wanted: str, *, head: Deployment, undoes: Deployment) -> Deployment:
    fallen = undoes.number != head.number
    offered = deployments.candidates(session, place)
    if fallen and undoes.kind is Kind.DEPLOY:
        offered = [head, *offered]
    if wanted.casefold() == LATEST:
        found = _latest(session, place, head=head, undoes=undoes)
    else:
        found = _named(wanted, offered)
    if found is None:
        raise Refused(_none(place, wanted, head, fallen=fallen), _listed(offered, place), "no_way_back")
    return found


def _latest(session: Session, place: str, *, head: Deployment, undoes: Deployment) -> Deployment | None:
    if undoes.number == head.number:
        return deployments.last_good(session, place, before=head)
    if undoes.kind is Kind.DEPLOY:
        return head
    return next((it for it in deployments.served(session, place) if it.sha == undoes.sha), None)


def _named(wanted: str, offered: list[Deployment]) -> Deployment | None:
    """Return the release that is meant: by its name, by its directory, by the start of its SHA, or by its number."""
    lower = wanted.casefold()
    for it in offered:
        if wanted in (it.ref, it.release):
            return it
    digits = lower.removeprefix("#")
    for it in offered:
        if (len(lower) >= 7 and it.sha.startswith(lower)) or (digits.isdigit() and digits == str(it.id)):
            return it
    return None


def _none(place: str, wanted: str, head: Deployment, *, fallen: bool) -> str:
    if wanted.casefold() == LATEST:
        return f"{escape(place)} has no earlier release that served well: {named(head)} is all there is."
    if not fallen and wanted in (head.ref, head.sha, str(head.id), f"#{head.id}"):
        return f"{escape(place)} runs {code(named(head))} already."
    return f"{code(wanted)} is not a release that served well on {escape(place)} and may serve again."


def _listed(offered: list[Deployment], place: str) -> str:
    if not offered:
        return f"See `/deploy history {escape(place)}`."
    names = ", ".join(f"{code(named(it))} (#{it.id})" for it in offered[:10])
    return f"You can go back to {names}: `/rollback {escape(named(offered[0]))} {escape(place)}`."


def _ledger_difference(session: Session, place: str, undoes: Deployment, target: int) -> tuple[Difference, bool]:
    """Return the migrations that were brought since the target, from stored plans; not known if a plan is lost."""
    since = [it for it in deployments.served(session, place) if it.number > target]
    wanted = {it.number: it for it in (*since, undoes)}
    try:
        plans = [deployments.stored_plan(session, number).document for number in wanted]
    except NotFound:
        return Difference((), 0, (), 0, ()), False
    migrations, compatible = rollback.between(plans), rollback.declared(plans)
    return Difference((), 0, (), 0, migrations, compatible=compatible), True
