"""Begin a rollback that was chosen: queue it before every deployment that waits."""

from commands import planning, rows
from commands.command import Request
from commands.errors import Refused
from commands.going_back import Choice, active
from commands.services import Services
from commands.views.words import title
from commands.wanted_back import Wanted
from deployers import rollback
from storage import deployments, locks
from storage.models import Deployment, Kind, Status, StoredPlan
from storage.store import Session


def begin(request: Request, services: Services, choice: Choice, wanted: Wanted) -> Deployment:
    """Queue the rollback, before every deployment that waits; the same one asked twice is one.

    Raises:
        Refused: something else runs there by now.
    """
    place = choice.environment.name
    with services.store.begin() as session:
        locks.one_at_a_time(session, place)
        if begun := deployments.of_request(session, request.key):
            return begun
        if joined := _joined(session, choice):
            return joined
        _demand_unchanged(session, choice)
        overtaken = [_overtake(session, services, it) for it in _queued(session, place)]
        deployment = _remember(session, services, request, choice, wanted)
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
            extent=choice.way.extent.value,
            backup=choice.plan.restores.get("backup", ""),
            confirmed=bool(wanted.confirmed),
            migrations=list(choice.plan.migrations),
            reason=wanted.reason,
        )
    return deployment


def _joined(session: Session, choice: Choice) -> Deployment | None:
    """Return the open rollback to the same release, if it goes just as far."""
    found = deployments.open_request(session, choice.environment.name, choice.target.sha, Kind.ROLLBACK)
    if found is None or found.plan_hash == choice.plan.hash:
        return found
    raise Refused(f"{title(found)} is about to begin, and it goes another way.", "Watch its card first.", "running")


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


def _remember(session: Session, services: Services, request: Request, choice: Choice, wanted: Wanted) -> Deployment:
    at, target, undoes = services.now(), choice.target, choice.undoes
    deployment = Deployment(
        kind=Kind.ROLLBACK,
        environment=choice.environment.name,
        ref=target.ref,
        sha=target.sha,
        replaces_sha=undoes.sha,
        replaces_ref=undoes.ref,
        strategy=choice.plan.strategy,
        deployer=choice.environment.deployer,
        release=target.release,
        requested_by=request.person.id,
        requested_name=request.person.name,
        reason=wanted.reason,
        request_key=request.key or None,
        # Where the same release serves again over another database, nothing of the ledger is taken back.
        undoes=undoes.number if undoes.sha != target.sha else None,
        requested_at=at,
        changed_at=at,
    )
    seen = _shown(services, choice, wanted)
    plan = StoredPlan(deployment_id=0, hash=choice.plan.hash, document=choice.plan.document(), seen=seen)
    return deployments.add(session, deployment, plan)


def _shown(services: Services, choice: Choice, wanted: Wanted) -> dict[str, object]:
    difference = choice.difference
    caution = rollback.caution(choice.way, services.now())
    return {
        "commits": planning.commits(difference.behind),
        "commits_count": difference.behind_count,
        "files_changed": difference.files_changed,
        "insertions": difference.insertions,
        "deletions": difference.deletions,
        "migrations": list(difference.migrations),
        "risks": [*([caution] if caution else []), *choice.remarks],
        "preflight": [],
        "way_back": None,
        "extent": choice.way.extent.value,
        "quiet": wanted.quiet,
    }
