"""Ends requests that nobody approved in time."""

from bot.change import Changes
from storage.models import Status


def expire(changes: Changes, number: int) -> str:
    """Expire a request that still waits for approval; anything else is left as it is."""
    with changes.of(number) as change:
        deployment = change.deployment
        if deployment.status is Status.AWAITING_APPROVAL:
            deployment.advance(Status.EXPIRED, at=change.at)
            change.note("deployment.expired", asked_by=deployment.requested_by)
        return deployment.status.value
