"""Raises the fencing token: after a database was restored from a backup, hosts may have seen newer ones."""

from bot.app import App
from bot.leader import holder
from storage import audit, leadership


def raise_fence(app: App, to: int | None = None) -> str:
    """Raise the token above what the hosts have seen, or to a number; return a sentence for people.

    A bot that leads with an older token refuses to write from then on and ends; start it again.
    """
    at = app.clock()
    with app.store.begin() as session:
        before = leadership.epoch(session)
        token = leadership.raise_fence(session, holder(), at, to=to)
        audit.record(
            session,
            actor=app.operator().id,
            action="fence.raised",
            detail={"from": before, "to": token},
            at=at,
        )
    return f"The fencing token is {token} now (it was {before}). A running bot ends and has to be started again."
