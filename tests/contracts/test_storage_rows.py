"""What the query modules answer, on both databases."""

from datetime import timedelta

import pytest

from storage import checks, deployments, inbox, leadership, locks, outbox, reports, steps, targets
from storage.errors import Conflict, NotFound
from storage.models import CheckRun, InboxState, Kind, OutboxState, Status, StepState
from tests.builders import (
    NOW,
    a_deployment,
    a_message,
    a_request,
    a_step,
    an_approval,
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


def settled(session, operation, state=StepState.SUCCEEDED):
    return steps.settle(session, operation, state, at=SOON, exit_code=0, output="done\n", output_bytes=5)


# deployments


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


# steps


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


# targets, locks, leadership, checks


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


# inbox


def test_a_request_runs_only_after_its_acknowledgement(session):
    row = inbox.receive(session, a_request("k", text="production\0 v2.3"))
    assert row.text == "production� v2.3"
    assert inbox.receive(session, a_request("k")) is None
    assert inbox.next_eligible(session) is None
    assert inbox.acked(session, row.id, SOON)
    assert inbox.backlog(session) == [row]
    claimed = inbox.next_eligible(session)
    assert (claimed.id, claimed.state, claimed.attempts) == (row.id, InboxState.RUNNING, 1)
    assert inbox.next_eligible(session) is None
    inbox.done(session, row.id, "ok", SOON)
    assert (row.state, row.outcome, row.finished_at) == (InboxState.DONE, "ok", SOON)


def test_a_void_request_never_runs_even_if_its_acknowledgement_comes_late(session):
    row = inbox.receive(session, a_request())
    assert inbox.void(session, row.id, "too_late", SOON)
    assert not inbox.acked(session, row.id, SOON)
    assert inbox.next_eligible(session) is None
    assert not inbox.void(session, row.id, "again", SOON)
    assert row.outcome == "too_late"


def test_requests_are_run_oldest_first_and_again_after_a_crash(session):
    rows = [inbox.receive(session, a_request()) for _ in range(3)]
    for row in reversed(rows):
        inbox.acked(session, row.id, NOW)
    assert inbox.next_eligible(session).id == rows[0].id
    assert [row.id for row in inbox.resume_running(session)] == [rows[0].id]
    again = inbox.next_eligible(session)
    assert (again.id, again.attempts) == (rows[0].id, 2)


def test_requests_without_an_acknowledgement_are_void_after_a_restart(session):
    old, young = inbox.receive(session, a_request()), inbox.receive(session, a_request(at=SOON))
    acked = inbox.receive(session, a_request())
    inbox.acked(session, acked.id, NOW)
    assert inbox.void_unacked(session, SOON, older_than=timedelta(seconds=3)) == [old]
    assert inbox.void_unacked(session, SOON) == [young]
    assert acked.state is InboxState.ELIGIBLE


def test_an_unknown_request_is_named(session):
    with pytest.raises(NotFound, match="there is no request 9"):
        inbox.done(session, 9, "ok", NOW)


# outbox


def test_a_card_waits_again_with_every_change_and_rests_when_the_newest_is_shown(session):
    deployment = stored(session)
    card = outbox.card(session, deployment, channel="deployments", at=NOW)
    assert (card.key, card.wanted, card.state) == (f"card:{deployment.number}", 1, OutboxState.WAITING)
    outbox.delivered(session, card.id, ts="1.1", at=NOW, shown=1)
    assert card.state is OutboxState.DELIVERED
    deployment.advance(Status.QUEUED, at=SOON)
    assert outbox.card(session, deployment, channel="deployments", at=SOON) is card
    assert (card.wanted, card.state, card.ts) == (2, OutboxState.WAITING, "1.1")
    deployment.advance(Status.PREPARING, at=SOON)
    outbox.card(session, deployment, channel="deployments", at=SOON)
    outbox.delivered(session, card.id, ts="", at=SOON, shown=2)
    assert (card.shown, card.wanted, card.state, card.ts) == (2, 3, OutboxState.WAITING, "1.1")
    outbox.delivered(session, card.id, ts="1.1", at=SOON, shown=3)
    assert outbox.card_of(session, deployment.number).state is OutboxState.DELIVERED


def test_a_message_is_due_at_its_time_and_comes_back_after_a_failure(session):
    first, second = outbox.say(session, a_message()), outbox.say(session, a_message(at=SOON))
    assert outbox.due(session, NOW) == [first]
    assert outbox.due(session, SOON, limit=1) == [first]
    assert outbox.trying(session, first.id).attempts == 1
    outbox.failed(session, first.id, error="slack is \0 away", next_at=SOON + timedelta(minutes=1))
    assert (first.attempts, first.error) == (2, "slack is � away")
    assert outbox.due(session, SOON) == [second]
    assert outbox.next_due(session) == SOON
    outbox.delivered(session, first.id, ts="1.2", at=SOON)
    assert (first.state, first.attempts, first.error, first.delivered_at) == (OutboxState.DELIVERED, 0, "", SOON)


def test_a_card_that_was_given_up_comes_back_with_the_next_change(session):
    deployment = stored(session)
    card = outbox.card(session, deployment, channel="gone", at=NOW)
    outbox.give_up(session, card.id, error="channel_not_found", at=NOW)
    assert outbox.due(session, SOON) == []
    assert outbox.undelivered(session) == [card]
    deployment.advance(Status.QUEUED, at=SOON)
    outbox.card(session, deployment, channel="gone", at=SOON)
    assert (card.state, card.error) == (OutboxState.WAITING, "")


def test_a_change_does_not_cut_short_how_long_a_card_has_to_wait(session):
    deployment = stored(session)
    card = outbox.card(session, deployment, channel="deployments", at=NOW)
    outbox.failed(session, card.id, error="ratelimited", next_at=SOON)
    deployment.advance(Status.QUEUED, at=NOW)
    outbox.card(session, deployment, channel="deployments", at=NOW)
    assert (card.next_at, card.wanted) == (SOON, 2)


def test_an_unknown_message_is_named(session):
    with pytest.raises(NotFound, match="there is no message 9"):
        outbox.get(session, 9)
    with pytest.raises(NotFound, match="there is no message 9"):
        outbox.delivered(session, 9, ts="", at=NOW)


# reports


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
