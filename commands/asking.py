"""Ask for a deployment: look, judge, remember, announce."""

from datetime import datetime
from typing import Any

from commands import announcing, permissions, planning, rows
from commands.command import Request
from commands.errors import Refused
from commands.planning import Asked, Look
from commands.replies import Reply
from commands.services import Services
from commands.views import refusal
from commands.views.blocks import escape
from commands.views.words import after, count, release, title, when, who
from deployers import emergency, gates
from storage import deployments, locks, targets
from storage.models import Deployment, Kind, Status, StoredPlan
from storage.store import Session


def ask(request: Request, services: Services, asked: Asked) -> Reply:
    """Ask for a deployment in the name of the one who asked, or join the request that is open already.

    Raises:
        CommandError: it cannot be asked for.
        DeployError: the repository or the targets could not be read.
    """
    _admit(request, services, asked)
    _demand_reason(asked)
    seen = planning.look(services, asked)
    with services.store.look() as session:
        if reply := _begun(session, request) or _on_its_way(session, seen) or _runs_already(session, seen):
            return reply
    findings = services.preflight.inspect(asked.environment)
    ran = services.ask_migrations(asked.environment)
    with services.store.look() as session:
        verdict = gates.judge(planning.snapshot(services, session, seen, findings))
    if isinstance(verdict, gates.Refused):
        text, blocks = refusal.refused(verdict)
        return Reply(text, blocks, ok=False, code=verdict.code)
    with services.store.begin() as session:
        locks.one_at_a_time(session, asked.environment.name)
        if reply := _begun(session, request) or _on_its_way(session, seen):
            return reply
        deployment = _remember(session, services, request, seen, planning.shown(seen, findings, ran))
        _announce(session, services, deployment, approvals=verdict.approvals)
        begins = f"begins{after(deployments.ahead_of(session, deployment))}"
        others = _open_besides(session, seen, deployment)
        past = announcing.emergency_of(session, services, deployment, asked)
        rows.note(session, services, request, deployment, "deployment.requested", approvals=verdict.approvals)
        if asked.skip_tests:
            rows.note(session, services, request, deployment, "deployment.tests_skipped")
        if past is not None:
            rows.note(session, services, request, deployment, "deployment.emergency", past=past, reason=asked.reason)
    if not verdict.approvals:
        return Reply(f"{title(deployment)} {begins}; watch its card in {_channel(services)}.{others}")
    return Reply(f"{_asked_for(services, deployment, asked, verdict.approvals)}{others}")


def _admit(request: Request, services: Services, asked: Asked) -> None:
    """Let the person through who may ask for this; an emergency has a role of its own."""
    allowed = emergency.of(asked.environment, asked.strategy)
    if allowed is None:
        permissions.require(services, request.person, "deployer", to="ask for a deployment")
    else:
        permissions.require(services, request.person, allowed.role, to="ask for an emergency deployment")


def _demand_reason(asked: Asked) -> None:
    if asked.strategy == emergency.STRATEGY and not asked.reason:
        raise Refused(
            "An emergency needs a reason: everybody is told of it, and somebody looks back on it.",
            f"Type `/deploy {asked.environment.name} {escape(asked.ref)} --strategy {emergency.STRATEGY}"
            ' --reason "…"`.',
            "reason",
        )
    if asked.again and not asked.reason:
        raise Refused(
            "Say why it is wanted again although it was taken back: it stands on the card, and is kept.",
            f'Type `/deploy {asked.environment.name} {escape(asked.ref)} --again --reason "…"`.',
            "reason",
        )
    if asked.skip_tests and not asked.reason:
        raise Refused(
            "Say why the tests are to be skipped: it stands on the card, beside the button, and is kept.",
            f"Type `/deploy {asked.environment.name} {escape(asked.ref)} --strategy {asked.strategy} --skip-tests"
            ' --reason "…"`.',
            "reason",
        )


def _begun(session: Session, request: Request) -> Reply | None:
    """Point to what this very request has begun: I was interrupted before I could say so."""
    found = deployments.of_request(session, request.key)
    if found is None:
        return None
    text = f"{title(found)} is asked for. Watch its card, or type `/deploy status {escape(found.environment)}`."
    return Reply(text, code="joined")


def _on_its_way(session: Session, seen: Look) -> Reply | None:
    """Join the open request for the same plan, or point to the release's deployment that runs."""
    place, sha = seen.asked.environment.name, seen.revision.sha
    found = next((it for it in _open(session, seen) if it.plan_hash == seen.plan.hash), None)
    if found is None:
        running = deployments.running_in(session, place)
        found = running if running and running.sha == sha and not _stands_still(running) else None
    if found is None:
        return None
    by = who(found.requested_by, found.requested_name)
    state = {
        Status.AWAITING_APPROVAL: "waits for approval",
        Status.QUEUED: "waits for its turn",
    }.get(found.status, "is on its way")
    text = f"{title(found)} {state} already; {by} asked for it {when(found.requested_at)}. You have joined it."
    text += _otherwise(session, found, seen)
    return Reply(f"{text} Watch its card, or type `/deploy status {escape(place)}`.", code="joined")


def _open(session: Session, seen: Look) -> list[Deployment]:
    """Return the open requests for the same release, newest first."""
    waiting = deployments.waiting_in(session, seen.asked.environment.name)
    return [it for it in reversed(waiting) if it.kind is Kind.DEPLOY and it.sha == seen.revision.sha]


def _open_besides(session: Session, seen: Look, new: Deployment) -> str:
    """Say which request for the same release waits with another plan: an approval of that one is none of this one."""
    other = next((it for it in _open(session, seen) if it.number != new.number), None)
    if other is None:
        return ""
    return f" {title(other)} waits besides, with another plan; to take it back: `/deploy cancel {other.number}`."


def _otherwise(session: Session, found: Deployment, seen: Look) -> str:
    """Say that what is on its way goes another way than was asked."""
    skips = bool(deployments.stored_plan(session, found.number).document.get("skip_tests"))
    if (found.strategy, skips) == (seen.asked.strategy, seen.asked.skip_tests):
        return ""
    tests = "its tests skipped" if skips else "no tests skipped"
    return (
        f" It goes with the strategy `{escape(found.strategy)}` and {tests}, as was asked for then; I changed nothing"
        f" about that. To stop it: `/deploy cancel {found.id}`."
    )


def _stands_still(running: Deployment) -> bool:
    return running.status in (Status.INCOMPLETE, Status.UNKNOWN)


def _runs_already(session: Session, seen: Look) -> Reply | None:
    current, place = seen.current, seen.asked.environment.name
    if current is None or current.sha != seen.revision.sha:
        return None
    serving = targets.serving(session, place)
    held = deployments.running_in(session, place)
    if any(it.sha and it.sha != current.sha for it in serving) or (held and _stands_still(held)):
        return None
    text = (
        f"{escape(place)} already runs {release(current.ref, current.sha)}, since {when(current.served_at)}"
        f" (#{current.id}), so I did nothing. To see what you can put there instead: `/deploy history {escape(place)}`;"
        f" to go back: `/rollback latest {escape(place)}`."
    )
    return Reply(text, ok=False, code="already_runs")


def _remember(session: Session, services: Services, request: Request, seen: Look, shown: dict[str, Any]) -> Deployment:
    asked, at = seen.asked, services.now()
    deployment = Deployment(
        environment=asked.environment.name,
        ref=planning.named_revision(seen.revision),
        sha=seen.revision.sha,
        replaces_sha=seen.current.sha if seen.current else None,
        replaces_ref=seen.current.ref if seen.current else None,
        strategy=asked.strategy,
        deployer=asked.environment.deployer,
        release=seen.plan.release,
        requested_by=request.person.id,
        requested_name=request.person.name,
        reason=asked.reason,
        break_glass=_breaks_glass(asked),
        request_key=request.key or None,
        requested_at=at,
        changed_at=at,
        expires_at=_expiry(seen, at),
    )
    plan = StoredPlan(deployment_id=0, hash=seen.plan.hash, document=seen.plan.document(), seen=shown)
    return deployments.add(session, deployment, plan)


def _breaks_glass(asked: Asked) -> bool:
    """Say whether approvals are gone past that would have been needed."""
    usual = asked.environment.approvals.required
    return bool(usual) and not emergency.judged(asked.environment, asked.strategy).approvals.required


def _expiry(seen: Look, at: datetime) -> datetime | None:
    policy = emergency.judged(seen.asked.environment, seen.asked.strategy).approvals
    return at + policy.expires if policy.required else None


def _announce(session: Session, services: Services, deployment: Deployment, *, approvals: int) -> None:
    if approvals:
        deployment.advance(Status.AWAITING_APPROVAL, at=services.now())
        session.flush()
        services.engine.expires(session, deployment)
    else:
        rows.queue(session, services, deployment)
    rows.show(session, services, deployment)


def _asked_for(services: Services, deployment: Deployment, asked: Asked, approvals: int) -> str:
    role = asked.environment.approvals.role
    approvers = permissions.mentions(services.people, role) or f"somebody with the role `{escape(role)}`"
    return (
        f"{title(deployment)} needs {count(approvals, 'approval')} by {approvers} until {when(deployment.expires_at)}."
        f" Its card is in {_channel(services)}; to take it back: `/deploy cancel {deployment.id}`."
    )


def _channel(services: Services) -> str:
    return f"#{services.deployments_channel.removeprefix('#')}"
