"""Raises the fencing token: after a database was restored from a backup, hosts may have seen newer ones."""

from uuid import uuid4

from bot.app import App
from bot.console import services_for
from bot.leader import holder
from commands import permissions
from commands.command import Request
from storage import audit, leadership


def raise_fence(app: App, to: int | None = None, *, glass: str = "") -> str:
    """Raise the token above what the hosts have seen, or to a number; return a sentence for people.

    A bot that leads with an older token refuses to write from then on and ends; start it again. `glass` is the reason
    for going past the roles.

    Raises:
        Refused: who types it is no operator; nothing was raised.
        IdentityUnknown: it could not be asked; nothing was raised.
    """
    person = app.operator()
    asked = Request("fence", person, text="raise" if to is None else f"raise --to {to}", origin="cli", key=uuid4().hex)
    services = services_for(app, asked, glass)
    permissions.require(services, person, "operator", to="raise the fencing token")
    at = app.clock()
    with app.store.begin() as session:
        before = leadership.epoch(session)
        token = leadership.raise_fence(session, holder(), at, to=to)
        detail = {"from": before, "to": token}
        audit.record(session, actor=person.id, action="fence.raised", detail=detail, at=at)
    return f"The fencing token is {token} now (it was {before}). A running bot ends and has to be started again."
