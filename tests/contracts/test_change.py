"""Who lost the lead in the middle of a transaction writes nothing."""

import pytest

from bot.change import Changes
from deployers.errors import Fenced
from storage import deployments, leadership
from storage.models import Status
from storage.store import Store
from tests.builders import NOW, a_deployment, stored


@pytest.fixture
def store(postgres_url):
    store = Store(postgres_url)
    store.migrate()
    yield store
    store.close()


def test_a_change_that_began_before_somebody_else_led_is_not_committed_behind_it(store):
    """Only where writers do not wait for each other: SQLite has one at a time."""
    with store.begin() as session:
        ours = leadership.lead(session, "ours", NOW)
        number = stored(session, a_deployment(status=Status.QUEUED)).number
    changes = Changes(store, lambda: NOW, lambda: ours, "deployments", "alerts")
    with pytest.raises(Fenced), changes.of(number) as change:  # noqa: PT012 - it is refused at the block's end
        change.deployment.advance(Status.PREPARING, at=NOW)
        with store.begin() as another:
            leadership.raise_fence(another, "another", NOW)
    with store.look() as session:
        assert deployments.get(session, number).status is Status.QUEUED
