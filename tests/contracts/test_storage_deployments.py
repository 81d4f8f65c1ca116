"""What is asked about deployments, on both databases."""

from datetime import timedelta

import pytest

from storage import deployments
from storage.models import Kind, Status
from tests.builders import (
    NOW,
    a_deployment,
    served,
    sha_of,
    stored,
    walked,
)

SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def session(any_store):
    with any_store.begin() as session:
        yield session


def refs(rows):
    return [row.ref for row in rows]


def test_an_open_request_is_found_whoever_made_it_until_it_runs(session):
    deployment = stored(session)
    assert deployments.open_request(session, "production", deployment.sha, Kind.DEPLOY) is deployment
    assert deployments.open_request(session, "staging", deployment.sha, Kind.DEPLOY) is None
    assert deployments.open_request(session, "production", deployment.sha, Kind.ROLLBACK) is None
    walked(deployment, Status.PREPARING)
    assert deployments.open_request(session, "production", deployment.sha, Kind.DEPLOY) is None


def test_waiting_and_unfinished_and_history_have_their_order(session):
    for ref, status in [("a", Status.SUCCEEDED), ("b", Status.RUNNING), ("c", Status.QUEUED), ("d", Status.REQUESTED)]:
        stored(session, a_deployment(ref, status=status))
    stored(session, a_deployment("e", environment="staging"))
    assert refs(deployments.waiting_in(session, "production")) == ["c", "d"]
    assert refs(deployments.unfinished(session)) == ["b", "c", "d", "e"]
    assert refs(deployments.history(session, "production", limit=3)) == ["d", "c", "b"]
    assert refs(deployments.history(session)) == ["e", "d", "c", "b", "a"]


def test_requests_are_overdue_once_their_time_is_over(session):
    stored(session, a_deployment("early", status=Status.AWAITING_APPROVAL, expires_at=NOW))
    stored(session, a_deployment("later", status=Status.AWAITING_APPROVAL, expires_at=SOON))
    stored(session, a_deployment("never", status=Status.AWAITING_APPROVAL))
    stored(session, a_deployment("approved", status=Status.QUEUED, expires_at=NOW))
    assert refs(deployments.overdue(session, NOW)) == ["early"]
    assert refs(deployments.overdue(session, SOON)) == ["early", "later"]


def test_typical_time_is_the_median_of_the_last_ten_that_succeeded(session):
    assert deployments.typical_seconds(session, "production", Kind.DEPLOY) is None
    for minute, seconds in enumerate([999, 999, 60, 60, 60, 60, 60, 80, 80, 80, 80, 80]):
        deployment = served(session, f"v{minute}", minute=minute)
        deployment.finished_at = deployment.started_at + timedelta(seconds=seconds)
        deployment.started_at, deployment.finished_at = (
            deployment.started_at + timedelta(hours=minute),
            deployment.finished_at + timedelta(hours=minute),
        )
    session.flush()
    assert deployments.typical_seconds(session, "production", Kind.DEPLOY) == 70
    assert deployments.typical_seconds(session, "production", Kind.ROLLBACK) is None


def test_a_revision_has_succeeded_until_it_is_found_bad(session):
    good = served(session, "v2.3", minute=1, environment="staging")
    assert deployments.succeeded(session, "staging", good.sha)
    assert not deployments.succeeded(session, "production", good.sha)
    assert not deployments.succeeded(session, "staging", sha_of("v9"))
    good.bad = True
    session.flush()
    assert not deployments.succeeded(session, "staging", good.sha)
    served(session, "v2.3", minute=2, environment="staging")
    assert deployments.succeeded(session, "staging", good.sha)


def test_what_finished_since_is_found(session):
    served(session, "old", minute=0)
    served(session, "new", minute=5)
    served(session, "other", minute=6, environment="staging")
    assert refs(deployments.since(session, SOON)) == ["new", "other"]
    assert refs(deployments.since(session, SOON, "staging")) == ["other"]


def test_the_last_good_release_is_found_for_one_that_never_served(session):
    served(session, "v2.1", minute=1)
    good = served(session, "v2.2", minute=2)
    sick = stored(session, walked(a_deployment("v2.4"), Status.VERIFYING))
    assert deployments.last_good(session, "production", before=sick) is good
    assert deployments.current(session, "production") is good


def test_going_back_twice_goes_back_twice_and_then_says_that_nothing_is_left(session):
    for minute, ref in enumerate(["v2.1", "v2.2", "v2.3"]):
        served(session, ref, minute=minute)
    seen = []
    for minute in range(10, 13):
        running = deployments.current(session, "production")
        target = deployments.last_good(session, "production", before=running)
        if target is None:
            break
        back = served(session, target.ref, minute=minute, kind=Kind.ROLLBACK, undoes=running.id)
        deployments.undo(session, running, by=back.number)
        session.flush()
        seen.append(target.ref)
    assert seen == ["v2.2", "v2.1"]
    assert deployments.candidates(session, "production") == []
    assert deployments.current(session, "production").ref == "v2.1"


def test_candidates_are_never_bad_partial_undone_or_current(session):
    served(session, "v1", minute=1)
    served(session, "v2", minute=2).bad = True
    stored(session, a_deployment("v3", status=Status.INCOMPLETE))
    served(session, "v4", minute=4).undone_by = 99
    served(session, "v5", minute=5)
    served(session, "v6", minute=6)
    session.flush()
    assert refs(deployments.candidates(session, "production")) == ["v5", "v1"]
    assert refs(deployments.candidates(session, "production", limit=1)) == ["v5"]
    assert refs(deployments.served(session, "production")) == ["v6", "v5", "v4", "v2", "v1"]
    assert deployments.candidates(session, "staging") == []


def test_releases_worth_keeping_begin_with_the_current_and_the_last_good_one(session):
    assert deployments.releases_to_keep(session, "production", 3) == ()
    rows = {ref: served(session, ref, minute=n) for n, ref in enumerate(["v1", "v2", "v3", "v4"])}
    rows["v3"].bad = True
    session.flush()
    kept = deployments.releases_to_keep(session, "production", 2)
    assert kept == (rows["v4"].release, rows["v2"].release)
    assert deployments.releases_to_keep(session, "production", 0) == kept
    assert deployments.releases_to_keep(session, "production", 5) == (*kept, rows["v1"].release)
