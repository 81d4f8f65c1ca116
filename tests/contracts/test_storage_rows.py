"""What is known of steps, targets, locks, leaders and checks, on both databases."""

from datetime import timedelta

import pytest

from storage import checks, leadership, locks, steps, targets
from storage.errors import Conflict, NotFound
from storage.models import CheckRun, StepState
from tests.builders import (
    NOW,
    a_step,
    stored,
)

SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def session(any_store):
    with any_store.begin() as session:
        yield session


def settled(session, operation, state=StepState.SUCCEEDED):
    return steps.settle(session, operation, state, at=SOON, exit_code=0, output="done\n", output_bytes=5)


def test_a_step_is_intended_then_settled_once(session):
    number = stored(session).number
    record = steps.intend(session, a_step(number))
    assert record.state is StepState.INTENDED
    assert steps.open_ones(session) == [record]
    done = settled(session, record.operation)
    assert (done.state, done.exit_code, done.output, done.finished_at) == (StepState.SUCCEEDED, 0, "done\n", SOON)
    assert settled(session, record.operation) is done
    with pytest.raises(Conflict, match="succeeded already"):
        settled(session, record.operation, StepState.FAILED)
    assert steps.open_ones(session, number) == []


def test_an_intent_written_down_again_is_the_same_record(session):
    number = stored(session).number
    first = steps.intend(session, a_step(number))
    assert steps.intend(session, a_step(number)).id == first.id
    assert len(steps.of(session, number)) == 1


def test_the_latest_attempt_is_found(session):
    number = stored(session).number
    for attempt in (1, 2):
        steps.intend(session, a_step(number, 3, attempt=attempt))
    assert steps.latest(session, number, 3, "web1").attempt == 2
    assert steps.latest(session, number, 3, "web2") is None
    assert [record.attempt for record in steps.of(session, number)] == [1, 2]


def test_an_unknown_step_is_resolved_by_a_person_and_no_other_is(session):
    number = stored(session).number
    record = steps.intend(session, a_step(number))
    with pytest.raises(Conflict, match="intended, not unknown"):
        steps.resolve(session, record.operation, StepState.SUCCEEDED, by="U0OMAR", at=SOON)
    settled(session, record.operation, StepState.UNKNOWN)
    resolved = steps.resolve(session, record.operation, StepState.FAILED, by="U0OMAR", at=SOON)
    assert (resolved.state, resolved.resolved_by) == (StepState.FAILED, "U0OMAR")


def test_only_the_end_of_long_or_strange_output_is_kept(session):
    number = stored(session).number
    record = steps.intend(session, a_step(number))
    text = "ü" * steps.KEPT + "\0 end\ud800"
    steps.settle(session, record.operation, StepState.FAILED, at=SOON, output=text, output_bytes=3_000_000_000)
    session.refresh(record)
    assert len(record.output.encode()) <= steps.KEPT
    assert record.output.endswith("ü� end?")
    assert record.output_bytes == 3_000_000_000


def test_a_step_nobody_intended_cannot_be_settled(session):
    with pytest.raises(NotFound, match="there is no step d1"):
        settled(session, "d1.0.web1.1")


def test_a_target_serves_what_was_put_last(session):
    number = stored(session).number
    for release in ("r1", "r2"):
        targets.put(session, "production", "web2", release=release, sha="s", deployment_id=number, at=NOW)
    targets.put(session, "production", "web1", release="r1", sha="s", deployment_id=number, at=NOW)
    assert [(row.name, row.release) for row in targets.serving(session, "production")] == [
        ("web1", "r1"),
        ("web2", "r2"),
    ]
    assert targets.serving(session, "staging") == []


def test_a_lock_is_kept_by_its_owner_handed_over_and_released_only_by_its_owner(session):
    one, two = stored(session).number, stored(session).number
    assert locks.take(session, "production", one, 5, NOW)
    assert locks.take(session, "production", one, 6, SOON)
    assert not locks.take(session, "production", two, 6, NOW)
    assert locks.holder(session, "production").token == 6
    assert not locks.release(session, "production", two)
    assert not locks.hand_over(session, "production", from_=two, to=one)
    assert locks.hand_over(session, "production", from_=one, to=two)
    assert locks.holder(session, "production").deployment_id == two
    assert [lock.environment for lock in locks.held(session)] == ["production"]
    assert locks.release(session, "production", two)
    assert locks.holder(session, "production") is None
    assert not locks.release(session, "production", two)


def test_the_fencing_token_only_rises_and_an_old_leader_hears_that_it_is_over(session):
    first = leadership.lead(session, "host:1", NOW)
    assert leadership.beat(session, first, SOON)
    assert leadership.current(session).beat_at == SOON
    second = leadership.lead(session, "host:2", SOON)
    assert (first, second, leadership.epoch(session)) == (1, 2, 2)
    assert not leadership.beat(session, first, SOON)
    assert leadership.raise_fence(session, "cli:omar", SOON, to=70_000_000_000) == 70_000_000_000
    assert leadership.raise_fence(session, "cli:omar", SOON, to=5) == 70_000_000_001
    assert leadership.current(session).holder == "cli:omar"


def test_an_older_result_of_a_check_never_replaces_a_newer_one(session):
    def run(conclusion, at):
        return CheckRun(sha="s", name="tests", conclusion=conclusion, seen_at=at)

    checks.put(session, run("success", SOON))
    checks.put(session, run("pending", NOW))
    assert [row.conclusion for row in checks.of(session, "s")] == ["success"]
    checks.put(session, run("failure", SOON))
    assert [row.conclusion for row in checks.seen_since(session, SOON)] == ["failure"]
    checks.forget(session, before=SOON)
    assert len(checks.of(session, "s")) == 1
    checks.forget(session, before=SOON + timedelta(seconds=1))
    assert checks.of(session, "s") == []
