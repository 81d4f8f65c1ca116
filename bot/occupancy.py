"""Whether an environment is free for a deployment, and how it is taken; one at a time."""

from datetime import timedelta

from bot import telling
from bot.change import Changes
from deployers.plan import ColourStop
from deployers.runner import DEADLINES
from storage import colours, deployments, locks, maintenance
from storage.models import Deployment, Kind, Status
from storage.store import Session

SWITCHING = timedelta(minutes=5)
"""So long a deployment waits for maintenance that is being switched."""
COOLING = DEADLINES[ColourStop] + timedelta(seconds=30)
"""So long it waits for a side that is being stopped: as long as that may take, and until the hosts were reached."""


def busy(changes: Changes, session: Session, deployment: Deployment) -> bool:
    """Say whether something else works on the hosts; a way back does not wait for maintenance to be switched."""
    now, place = changes.clock(), deployment.environment
    held = deployments.running_in(session, place)
    running = held is not None and held.status not in (Status.INCOMPLETE, Status.UNKNOWN)
    switched = maintenance.under_way(session, place, now - SWITCHING) and deployment.kind is Kind.DEPLOY
    return switched or running or colours.is_cooling(session, place, now - COOLING)


def occupied(changes: Changes, session: Session, deployment: Deployment) -> str:
    """Take the environment's lock; return why it cannot be had. What stands broken there gives way to a way out."""
    place = deployment.environment
    held = deployments.running_in(session, place)
    if held and held.number != deployment.number:
        gives_way = held.status is Status.INCOMPLETE or (
            held.status is Status.UNKNOWN and deployment.kind is Kind.ROLLBACK
        )
        if not gives_way:
            return f"#{held.number} ({held.ref}) holds {place} and is {held.status}. See `/deploy status {place}`."
        _give_way(changes, session, held)
    taken = locks.take(session, place, deployment.number, changes.epoch(), changes.clock())
    return "" if taken else f"{place} is locked by somebody else. See `/deploy status`."


def _give_way(changes: Changes, session: Session, held: Deployment) -> None:
    held.bad = held.kind is Kind.DEPLOY
    held.advance(Status.SUPERSEDED, at=changes.clock())
    session.add(held)
    session.flush()
    locks.release(session, held.environment, held.number)
    telling.card(session, held, channel=changes.channel, at=changes.clock())
