"""A past and a queue: finished deployments, and some that wait for approval, written down while the bot is away."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from storage import deployments
from storage.models import Deployment, OutboxRow, OutboxState, Saying, Status
from storage.store import Store
from tests.builders import a_deployment, a_plan, a_step, walked

LONG = timedelta(days=30)


# None of the finished ones was served: what is served has to be in the repository.
def crowd(url: str, *, done: int, waiting: int) -> None:
    """Add so many finished deployments of production, and so many that wait, each with its plan, steps and card."""
    store, now = Store(url), datetime.now(UTC)
    with store.begin() as session:
        for number in range(done):
            at = now - LONG + timedelta(minutes=number)
            one = walked(a_deployment(f"old{number}", at=at), Status.SUCCEEDED, at=at)
            _with_card(session, deployments.add(session, one, a_plan()))
        for number in range(waiting):
            one = a_deployment(f"wait{number}", at=now, expires_at=now + LONG)
            one.advance(Status.AWAITING_APPROVAL, at=now)
            _with_card(session, deployments.add(session, one, a_plan()))
    store.close()


def _with_card(session: Session, one: Deployment) -> None:
    if one.finished:
        session.add_all(a_step(one.number, step) for step in range(4))
    session.add(
        OutboxRow(
            kind=Saying.CARD,
            key=f"card:{one.number}",
            deployment_id=one.number,
            channel="deployments",
            ts="1.0",
            wanted=one.version,
            shown=one.version,
            state=OutboxState.DELIVERED,
            next_at=one.changed_at,
            created_at=one.requested_at,
        )
    )
