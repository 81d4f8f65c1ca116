"""Choose what to go back to, from the ledger alone, and begin it."""

from dataclasses import dataclass

from commands import planning, rows
from commands.command import Request
from commands.errors import Refused
from commands.services import Services
from commands.views.blocks import code, escape
from commands.views.choices import named
from commands.views.words import title
from deployers import rollback
from deployers.environment import Environment
from deployers.errors import DeployError
from deployers.plan import Plan
from deployers.ports import Difference, Revision
from deployers.rollback import Way
from deployers.strategies import plan_for
from storage import deployments, locks, targets
from storage.errors import NotFound
from storage.models import HOLDS, Deployment, Kind, Status, StoredPlan
from storage.store import Session

LATEST = "latest"
STANDS_STILL = frozenset({Status.INCOMPLETE, Status.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Choice:
    """One way back, with everything that is shown before it is gone."""

    environment: Environment
    head: Deployment
    """What the ledger says runs: the plan is bound to it."""
    undoes: Deployment
    """What is taken back: the head, or what failed on top of it."""
    target: Deployment
    plan: Plan
    difference: Difference
    way: Way


def choose(services: Services, environment: Environment, wanted: str) -> Choice:
    """Return the way back to the latest good release, or to the one that was named; needs neither Slack nor GitHub.

    Raises:
        Refused: there is none; lists what there is.
    """
    with services.store.look() as session:
        head = deployments.current(session, environment.name)
        if head is None:
            raise Refused(
                f"Nothing has been deployed to {environment.name} through me yet, so there is nothing to go back to.",
                f"See `/deploy history {environment.name}`.",
                "no_way_back",
            )
        undoes = _undone(session, environment.name, head)
        target = _target(session, environment.name, wanted, head=head, undoes=undoes)
        lie = _ledger_migrations(session, environment.name, undoes, target)
    difference, known = _difference(services, environment, undoes, target, lie)
    plan = plan_for(
        environment,
        kind="rollback",
        revision=Revision(target.ref, "", target.sha),
        replaces=head.sha,
        release=target.release,
        difference=difference,
        strategy=environment.strategy,
    )
    way = Way(
        environment.name,
        named(undoes),
        named(target),
        migrations=difference.migrations,
        known=known,
        policy=environment.rollback.migrations,
    )
    return Choice(environment, head, undoes, target, plan, difference, way)


def begin(request: Request, services: Services, choice: Choice, *, reason: str = "") -> Deployment:
    """Queue the rollback, before every deployment that waits; the same one asked twice is one.

    Raises:
        Refused: something else runs there by now.
    """
    place = choice.environment.name
    with services.store.begin() as session:
        locks.one_at_a_time(session, place)
        begun = deployments.of_request(session, request.key)
        if joined := begun or deployments.open_request(session, place, choice.target.sha, Kind.ROLLBACK):
            return joined
        _demand_unchanged(session, choice)
        overtaken = [_overtake(session, services, it) for it in _queued(session, place)]
        deployment = _remember(session, services, request, choice, reason)
        rows.queue(session, services, deployment)
        rows.show(session, services, deployment)
        for it in overtaken:
            rows.note(session, services, request, it, "deployment.superseded", by=deployment.number)
        rows.note(
            session,
            services,
            request,
            deployment,
            "rollback.requested",
            undoes=choice.undoes.number,
            migrations=list(choice.plan.migrations),
            reason=reason,
        )
    return deployment


def active(session: Session, environment: str) -> Deployment | None:
    """Return what is on its way there right now; what stands still gives way to a rollback."""
    held = deployments.running_in(session, environment)
    return held if held and held.status not in STANDS_STILL else None


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


def _ledger_migrations(session: Session, place: str, undoes: Deployment, target: Deployment) -> tuple[str, ...] | None:
    """Return the migrations that were brought since the target, from stored plans; None if a plan is lost."""
    since = [it for it in deployments.served(session, place) if it.number > target.number]
    wanted = {it.number: it for it in (*since, undoes)}
    try:
        return rollback.between(deployments.stored_plan(session, number).document for number in wanted)
    except NotFound:
        return None


def _difference(
    services: Services, environment: Environment, undoes: Deployment, target: Deployment, lie: tuple[str, ...] | None
) -> tuple[Difference, bool]:
    """Return what going back changes, and whether the migrations are known; the repository may be away."""
    try:
        found = services.repository.between(undoes.sha, target.sha, migrations=environment.recipe.migrations_path)
        return found, True
    except DeployError:
        return Difference((), 0, (), 0, lie or ()), lie is not None


def _demand_unchanged(session: Session, choice: Choice) -> None:
    place = choice.environment.name
    if held := active(session, place):
        raise Refused(
            f"{title(held)} is on its way there now, so I did not begin.",
            f"To stop it and go back: `/deploy cancel {held.id} --back`.",
            "running",
        )
    head = deployments.current(session, place)
    if head is None or head.number != choice.head.number:
        raise Refused(f"{place} runs something else by now.", f"Look again: `/rollback latest {place}`.", "stale")


def _queued(session: Session, place: str) -> list[Deployment]:
    waiting = deployments.waiting_in(session, place)
    return [it for it in waiting if it.status is Status.QUEUED and it.kind is Kind.DEPLOY]


def _overtake(session: Session, services: Services, waiting: Deployment) -> Deployment:
    """Let a queued deployment give way: it was approved for what ran before."""
    overtaken = deployments.get_for_change(session, waiting.number)
    overtaken.advance(Status.SUPERSEDED, at=services.now())
    rows.show(session, services, overtaken)
    return overtaken


def _remember(session: Session, services: Services, request: Request, choice: Choice, reason: str) -> Deployment:
    at, target = services.now(), choice.target
    deployment = Deployment(
        kind=Kind.ROLLBACK,
        environment=choice.environment.name,
        ref=target.ref,
        sha=target.sha,
        replaces_sha=choice.undoes.sha,
        replaces_ref=choice.undoes.ref,
        strategy=choice.plan.strategy,
        deployer=choice.environment.deployer,
        release=target.release,
        requested_by=request.person.id,
        requested_name=request.person.name,
        reason=reason,
        request_key=request.key or None,
        undoes=choice.undoes.number,
        requested_at=at,
        changed_at=at,
    )
    plan = StoredPlan(deployment_id=0, hash=choice.plan.hash, document=choice.plan.document(), seen=_shown(choice))
    return deployments.add(session, deployment, plan)


def _shown(choice: Choice) -> dict[str, object]:
    difference = choice.difference
    caution = rollback.caution(choice.way)
    return {
        "commits": planning.commits(difference.behind),
        "commits_count": difference.behind_count,
        "files_changed": difference.files_changed,
        "insertions": difference.insertions,
        "deletions": difference.deletions,
        "migrations": list(difference.migrations),
        "risks": [caution] if caution else [],
        "preflight": [],
        "way_back": None,
    }
