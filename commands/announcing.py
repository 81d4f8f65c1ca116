"""Tells everybody loudly of an emergency when it is asked for."""

from commands.planning import Asked
from commands.services import Services
from commands.views import emergency as view
from deployers import emergency
from storage import outbox
from storage.models import Deployment, OutboxRow, Saying
from storage.store import Session


def emergency_of(session: Session, services: Services, deployment: Deployment, asked: Asked) -> str | None:
    """Have an emergency told in the channel and to the on-call; return what it goes past, None where it is none."""
    allowed = emergency.of(asked.environment, asked.strategy)
    if allowed is None:
        return None
    past = emergency.skipped(asked.environment, asked.strategy, tests=asked.skip_tests)
    text, blocks = view.announced(deployment, past)
    _say(session, services, deployment, Saying.POST, services.deployments_channel, {"text": text, "blocks": blocks})
    if allowed.page:
        _say(session, services, deployment, Saying.ALERT, services.alerts_channel, {"text": text})
    return past


def _say(
    session: Session, services: Services, deployment: Deployment, kind: Saying, channel: str, payload: dict[str, object]
) -> None:
    outbox.say(
        session,
        OutboxRow(
            kind=kind,
            key=f"emergency:{kind}:{deployment.number}",
            deployment_id=deployment.number,
            channel=channel,
            payload=payload,
            next_at=services.now(),
            created_at=services.now(),
        ),
    )
