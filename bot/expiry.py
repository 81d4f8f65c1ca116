"""Ends requests that nobody approved in time."""

from dataclasses import dataclass

from bot.change import Changes
from storage import deployments
from storage.models import Status


def expire(changes: Changes, number: int) -> str:
    """Expire a request that still waits for approval and whose time is over; anything else is left as it is."""
    with changes.of(number) as change:
        deployment = change.deployment
        over = deployment.expires_at is None or deployment.expires_at <= change.at
        if over and deployment.status is Status.AWAITING_APPROVAL:
            deployment.advance(Status.EXPIRED, at=change.at)
            change.note("deployment.expired", asked_by=deployment.requested_by)
        return deployment.status.value


@dataclass(frozen=True, slots=True)
class Expiries:
    """Expires what the engine's timers leave: they go by the clock on the wall, and that may have been set."""

    changes: Changes

    def tick(self) -> None:
        """Expire every request whose time is over."""
        with self.changes.store.look() as session:
            overdue = [it.number for it in deployments.overdue(session, self.changes.clock())]
        for number in overdue:
            expire(self.changes, number)
