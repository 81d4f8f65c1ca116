"""The rows that a command writes together: the deployment, its card, the engine's, and the audit entry, last."""

from typing import Any

from commands.command import Request
from commands.services import Services
from storage import audit, deployments, outbox
from storage.models import Deployment, Status
from storage.store import Session


def queue(session: Session, services: Services, deployment: Deployment) -> None:
    """Queue the deployment behind the others of its environment, in the caller's transaction."""
    deployment.advance(Status.QUEUED, at=services.now())
    session.add(deployment)
    session.flush()
    services.engine.start(session, deployment)


def move_up(session: Session, services: Services, environment: str) -> None:
    """Have the cards of what is queued say anew what each begins after, since one before them is gone."""
    for waiting in deployments.waiting_in(session, environment):
        if waiting.status is Status.QUEUED:
            queued = deployments.get_for_change(session, waiting.number)
            queued.version += 1
            show(session, services, queued)


def show(session: Session, services: Services, deployment: Deployment) -> None:
    """Have the card show the deployment as it is now."""
    session.add(deployment)
    session.flush()
    outbox.card(session, deployment, channel=services.deployments_channel, at=services.now())


def note(
    session: Session, services: Services, request: Request, deployment: Deployment, action: str, **detail: Any
) -> None:
    """Chain what was done to a deployment into the audit, with what it is of."""
    about = {
        "environment": deployment.environment,
        "ref": deployment.ref,
        "sha": deployment.sha,
        "plan": deployment.plan_hash,
    }
    record(session, services, request, f"deployment:{deployment.number}", action, **{**about, **detail})


def record(session: Session, services: Services, request: Request, subject: str, action: str, **detail: Any) -> None:
    """Chain what was done into the audit; called when everything else is written, since the head stays locked."""
    audit.record(
        session,
        actor=request.person.id,
        action=action,
        subject=subject,
        detail={"origin": request.origin, "key": request.key, **detail},
        at=services.now(),
    )
