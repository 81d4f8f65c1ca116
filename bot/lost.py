"""Takes up deployments that are not finished while no workflow runs them."""

import logging
from threading import Event

from bot import telling
from bot.engine import Engine, Queue
from deployers.ports import Clock
from storage import deployments
from storage.models import HOLDS, Status
from storage.store import Store

log = logging.getLogger(__name__)

GOES_ON = HOLDS - {Status.INCOMPLETE, Status.UNKNOWN}
"""What a workflow is at work on; the others wait for people."""
NEEDS_A_WORKFLOW = GOES_ON | {Status.QUEUED}
SETTLES = 5.0
"""Seconds in which a workflow that was taken from the queue, or is resumed after a start, begins to run."""


def take_up(store: Store, engine: Engine, queue: Queue, clock: Clock) -> None:
    """Queue again what the engine has lost."""
    with store.look() as session:
        open_ones = [one for one in deployments.unfinished(session) if not one.automatic]
    for deployment in open_ones:
        if deployment.status in NEEDS_A_WORKFLOW and _is_lost(engine, deployment.number):
            engine.drop(deployment.number)
            log.error("a deployment had lost its workflow", extra={"deployment": deployment.number})
            with store.begin() as session:
                found = deployments.get_for_change(session, deployment.number)
                if found.status in NEEDS_A_WORKFLOW:
                    telling.taken_up(session, found, at=clock())
                    queue.again(session, found)


def _is_lost(engine: Engine, number: int) -> bool:
    """Say whether nobody runs a deployment, and nobody is just about to."""
    if engine.runs(number):
        return False
    Event().wait(SETTLES)
    return not engine.runs(number)
