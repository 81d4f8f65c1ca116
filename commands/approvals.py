"""Say yes or no to a plan: by role, not by the one who asked, one decision a person, one transition."""

from datetime import datetime

from commands import buttons, permissions, rows
from commands.auditing import audited
from commands.buttons import Pressed
from commands.command import Request
from commands.errors import Refused
from commands.replies import Reply
from commands.services import Services
from commands.views.decided import decided
from commands.views.words import after, count, title
from deployers.environment import Approvals
from storage import approvals, deployments
from storage.models import Approval, Decision, Deployment, Status
from storage.store import Session

MOST_REASON = 500


@audited
def approve(request: Request, services: Services) -> Reply:
    """Agree to the plan that the button was shown beside; at quorum it is queued."""
    pressed = buttons.read(request.value)
    policy = _admit(request, services, pressed)
    with services.store.begin() as session:
        deployment = _waiting(session, pressed, at=services.now())
        _decide(session, request, deployment, Decision.APPROVED, at=services.now())
        agreed = _agreed(session, deployment)
        missing = policy.required - agreed
        if missing > 0:
            deployment.version += 1
            rest = f"{count(missing, 'more approval')} needed."
        else:
            rows.queue(session, services, deployment)
            rest = f"That was the last one needed: it begins{after(deployments.ahead_of(session, deployment))}."
        rows.show(session, services, deployment)
        rows.note(session, services, request, deployment, "deployment.approved", agreed=agreed, of=policy.required)
    return Reply(f"You approved {title(deployment)}. {rest}")


@audited
def reject(request: Request, services: Services) -> Reply:
    """Say no, with a reason, to the plan that the form was opened beside."""
    pressed = buttons.read(request.value)
    reason = " ".join(request.fields.get("reason", "").split())[:MOST_REASON]
    if not reason:
        raise Refused("A rejection needs a reason.", "Press Reject again and write why.", "arguments")
    _admit(request, services, pressed, own=True)
    with services.store.begin() as session:
        deployment = _waiting(session, pressed, at=services.now())
        _decide(session, request, deployment, Decision.REJECTED, at=services.now(), reason=reason)
        deployment.advance(Status.REJECTED, at=services.now())
        rows.show(session, services, deployment)
        rows.note(session, services, request, deployment, "deployment.rejected", reason=reason)
    return Reply(f"You rejected {title(deployment)}. Nothing was done.")


def _admit(request: Request, services: Services, pressed: Pressed, *, own: bool = False) -> Approvals:
    """Return the environment's policy if this person may decide; asks live who they are, outside any transaction."""
    with services.store.look() as session:
        deployment = deployments.get(session, pressed.deployment)
    place = services.environments.get(deployment.environment)
    if place is None:
        raise Refused(
            f"{deployment.environment} is no longer configured, so nobody can decide about it.", "", "environment"
        )
    policy = place.approvals
    if not own and not policy.author_may_approve and deployment.requested_by == request.person.id:
        who = permissions.mentions(services.people, policy.role)
        raise Refused(
            "You asked for this, so somebody else has to approve it.", f"Ask {who}." if who else "", "own_request"
        )
    permissions.require(services, request.person, policy.role, to="decide about it")
    return policy


def _waiting(session: Session, pressed: Pressed, *, at: datetime) -> Deployment:
    """Return the deployment, locked, if it still waits for exactly this plan; else tell who won, and when."""
    deployment = deployments.get_for_change(session, pressed.deployment)
    if deployment.status is not Status.AWAITING_APPROVAL:
        said = decided(deployment, approvals.given(session, deployment.number))
        raise Refused(said, "I did nothing.", "decided")
    buttons.demand_same(pressed, deployment)
    if deployment.expires_at and deployment.expires_at <= at:
        raise Refused(
            f"{title(deployment)} has expired, so I did nothing.",
            f"Ask again: `/deploy {deployment.environment} {deployment.ref}`.",
            "expired",
        )
    return deployment


def _decide(
    session: Session,
    request: Request,
    deployment: Deployment,
    decision: Decision,
    *,
    at: datetime,
    reason: str = "",
) -> None:
    given = Approval(
        deployment_id=deployment.number,
        person=request.person.id,
        name=request.person.name,
        decision=decision,
        plan_hash=deployment.plan_hash,
        reason=reason,
        at=at,
    )
    if not approvals.decide(session, given):
        raise Refused(f"You have decided about {title(deployment)} already, so I did nothing.", "", "decided")


def _agreed(session: Session, deployment: Deployment) -> int:
    """Return how many distinct people agreed to this very plan."""
    return len(
        {
            given.person
            for given in approvals.given(session, deployment.number)
            if given.decision is Decision.APPROVED and given.plan_hash == deployment.plan_hash
        }
    )
