"""The engine runs what is queued over each database, and keeps no more of it than it has to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from time import monotonic

import pytest
from sqlalchemy import text

from bot import engine
from bot.engine import Engine, Queue
from storage import deployments
from storage.models import Status
from storage.store import Store
from tests.builders import a_deployment, a_plan, walked

LATER = timedelta(days=1)


@contextmanager
def running(store: Store, conduct: Callable[[int], str]) -> Iterator[Engine]:
    """Run an engine that conducts so."""
    engine.migrate(store.url)
    one = Engine(store.url, conduct=conduct, expire=str, lost=pytest.fail)
    one.launch()
    try:
        yield one
    finally:
        one.stop()


def queued(store: Store) -> int:
    """Queue a deployment, and return its number."""
    queue = Queue(store)
    with store.begin() as session:
        one = deployments.add(session, walked(a_deployment(), Status.QUEUED), a_plan())
        queue.start(session, one)
        number = one.number
    queue.close()
    return number


def comes(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    until = monotonic() + 60
    while not holds():
        assert monotonic() < until
        Event().wait(0.02)


def test_what_ended_long_ago_is_forgotten_and_what_runs_is_not(any_store):
    asked, may_end = list[int](), Event()

    def conduct(number: int) -> str:
        asked.append(number)
        may_end.wait(60)
        return "succeeded"

    with running(any_store, conduct) as one:
        number = queued(any_store)
        comes(lambda: asked)
        assert one.forget(datetime.now(UTC) + LATER) == 0
        assert one.runs(number)
        may_end.set()
        comes(lambda: not one.runs(number))
        assert one.forget(datetime.now(UTC) - LATER) == 0
        assert one.forget(datetime.now(UTC) + LATER) == 1
        assert one.forget(datetime.now(UTC) + LATER) == 0
    assert asked == [number]


def test_what_a_deposed_leader_took_from_the_queue_runs_nowhere_and_can_be_taken_up(store):
    asked = list[int]()

    def conduct(number: int) -> str:
        asked.append(number)
        return "succeeded"

    with running(store, conduct) as one:
        queue = Queue(store)
        with store.begin() as session:
            taken = deployments.add(session, walked(a_deployment(), Status.QUEUED), a_plan())
            queue.start(session, taken)
            session.execute(text("UPDATE workflow_status SET status = 'PENDING'"))
            number = taken.number
        assert not one.runs(number)
        one.drop(number)
        with store.begin() as session:
            queue.again(session, deployments.get_for_change(session, number))
        comes(lambda: asked == [number])
        queue.close()
