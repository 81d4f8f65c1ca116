"""What several tables say together, on both databases."""

from datetime import timedelta

import pytest

from storage import deployments, locks, outbox, reports, steps, targets
from storage.errors import NotFound
from storage.models import Kind, Status
from tests.builders import (
    NOW,
    a_deployment,
    a_message,
    a_step,
    an_approval,
    served,
    stored,
    walked,
)

SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def session(any_store):
    with any_store.begin() as session:
        yield session


def test_facts_hold_everything_about_a_deployment(session):
    good = served(session, "v2.2", minute=1)
    sick = stored(session, walked(a_deployment("v2.4"), Status.RUNNING))
    steps.intend(session, a_step(sick.number))
    session.add(an_approval(sick.number))
    sick.advance(Status.ROLLING_BACK, at=SOON)
    child = stored(session, a_deployment("v2.2", kind=Kind.ROLLBACK, automatic=True, undoes=sick.id))
    steps.intend(session, a_step(child.number))
    sick.undone_by = child.id
    session.flush()
    facts = reports.facts(session, sick.number)
    assert (facts.deployment, facts.plan, facts.seen) == (sick, {"steps": []}, {"commits": []})
    assert [one.person for one in facts.approvals] == ["U0BEN"]
    assert [one.deployment_id for one in facts.steps] == [sick.id]
    assert (facts.automatic_rollback, facts.undone_by, facts.undoes) == (child, child, None)
    assert [one.deployment_id for one in facts.child_steps] == [child.id]
    assert facts.typical_seconds == 0
    assert reports.facts(session, child.number).undoes is sick
    assert reports.facts(session, good.number).automatic_rollback is None


def test_an_environment_tells_how_it_is(session):
    good = served(session, "v2.2", minute=1)
    running = stored(session, walked(a_deployment("v2.3"), Status.RUNNING))
    waiting = stored(session)
    locks.take(session, "production", running.number, 1, NOW)
    targets.put(session, "production", "web1", release="a", sha="1", deployment_id=good.id, at=NOW)
    status = reports.environment_status(session, "production")
    assert (status.current, status.running, status.waiting) == (good, running, (waiting,))
    assert status.lock.deployment_id == running.id
    assert status.of_one_mind
    targets.put(session, "production", "web2", release="b", sha="2", deployment_id=good.id, at=NOW)
    assert not reports.environment_status(session, "production").of_one_mind


def test_the_morning_watch_sees_what_happened_and_what_is_left_open(session):
    served(session, "old", minute=0)
    new = served(session, "new", minute=10)
    open_one = stored(session, walked(a_deployment("v2.3"), Status.RUNNING))
    locks.take(session, "production", open_one.number, 1, NOW)
    step = steps.intend(session, a_step(open_one.number))
    message = outbox.say(session, a_message())
    watch = reports.watch(session, SOON)
    assert (watch.finished, watch.unfinished) == ((new,), (open_one,))
    assert [lock.environment for lock in watch.locks] == ["production"]
    assert (watch.open_steps, watch.undelivered) == ((step,), (message,))


def test_a_deployment_without_an_automatic_rollback_says_so(session):
    number = stored(session).number
    assert deployments.automatic_rollback_of(session, number) is None
    with pytest.raises(NotFound, match="automatic rollback"):
        deployments.automatic_rollback(session, number)


def test_people_are_known_by_the_names_under_which_they_asked_or_decided(session):
    made = stored(session, a_deployment(by="U0ANA"))
    stored(session, a_deployment(by="cli:root"))
    session.add(an_approval(made.number, "U0BEN"))
    session.flush()
    assert reports.names(session) == {"U0ANA": "ana", "U0BEN": "ben", "cli:root": "ana"}
