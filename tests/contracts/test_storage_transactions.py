"""Transactions on both databases: all or nothing, looks that cannot write, one winner of every race."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlmodel import select

from storage import approvals, deployments, inbox, leadership, locks, outbox
from storage.errors import Conflict, EnvironmentHeld, NotFound, StorageError
from storage.models import Approval, Decision, Deployment, Kind, Status
from tests.builders import (
    NOW,
    a_deployment,
    a_message,
    a_plan,
    a_request,
    an_approval,
    stored,
    undone,
    walked,
)

RACERS = 6


def race(store, act):
    """Let several threads do the same at the same moment, each in a transaction of its own; return what each got."""
    start = Barrier(RACERS)

    def run(number):
        start.wait(30)
        try:
            with store.begin() as session:
                return act(session, number)
        except StorageError as error:
            return error

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


def test_who_asks_for_an_environment_waits_for_who_asked_just_before(any_store):
    def asks(session, number):
        locks.one_at_a_time(session, "production")
        found = deployments.open_request(session, "production", a_deployment().sha, Kind.DEPLOY)
        return found.number if found else stored(session, a_deployment(status=Status.QUEUED)).number

    assert len(set(race(any_store, asks))) == 1


def several(store, count=RACERS, *, status=Status.QUEUED):
    with store.begin() as session:
        return [stored(session, a_deployment(f"v2.{n}", status=status)).number for n in range(count)]


def test_what_is_written_is_there_after_the_transaction(any_store):
    with any_store.begin() as session:
        number = stored(session).number
    with any_store.look() as session:
        found = deployments.get(session, number)
        assert (found.ref, found.requested_at, found.status) == ("v2.3", NOW, Status.REQUESTED)
    assert found.plan_hash == "h" * 64


def test_nothing_is_written_when_something_is_raised(any_store):
    undone(any_store, stored)
    with any_store.look() as session:
        assert session.exec(select(Deployment)).all() == []


def test_a_row_can_be_read_after_its_session_is_gone(any_store):
    with any_store.begin() as session:
        deployment = stored(session)
    assert deployment.number == 1
    assert deployment.environment == "production"


def test_a_look_cannot_write(any_store):
    with pytest.raises(Exception, match=r"read-only|may not be written"), any_store.look() as session:
        stored(session)
    with any_store.look() as session:
        assert deployments.history(session) == []


def test_a_look_sees_one_moment(any_store):
    several(any_store, 1)
    with any_store.look() as session:
        assert len(deployments.history(session)) == 1
        several(any_store, 1)
        assert len(deployments.history(session)) == 1


def test_a_writer_works_after_a_look_on_the_same_connection(any_store):
    for _ in range(3):
        with any_store.look() as session:
            deployments.history(session)
        several(any_store, 1)
    with any_store.look() as session:
        assert len(deployments.history(session)) == 3


def test_a_row_that_refers_to_nothing_is_refused(any_store):
    with pytest.raises(Conflict, match="nothing was changed"), any_store.begin() as session:
        session.add(an_approval(4711))


def test_what_does_not_exist_is_named(any_store):
    with any_store.look() as session:
        with pytest.raises(NotFound, match="there is no deployment 7"):
            deployments.get(session, 7)
        with pytest.raises(NotFound, match="there is no plan of deployment 7"):
            deployments.stored_plan(session, 7)
    with any_store.begin() as session, pytest.raises(NotFound, match="there is no deployment 7"):
        deployments.get_for_change(session, 7)


def test_of_those_who_enter_preparing_at_once_exactly_one_holds_the_environment(any_store):
    numbers = several(any_store)

    def prepare(session, racer):
        deployments.get_for_change(session, numbers[racer]).advance(Status.PREPARING, at=NOW)
        return racer

    results = race(any_store, prepare)
    winners = [result for result in results if isinstance(result, int)]
    assert len(winners) == 1
    assert {type(result) for result in results} == {int, EnvironmentHeld}
    with any_store.look() as session:
        assert deployments.running_in(session, "production").number == numbers[winners[0]]


def test_of_those_who_take_the_lock_at_once_exactly_one_gets_it(any_store):
    numbers = several(any_store)
    results = race(any_store, lambda session, n: locks.take(session, "production", numbers[n], 1, NOW))
    assert sorted(results) == [False] * (RACERS - 1) + [True]
    with any_store.look() as session:
        assert locks.holder(session, "production").deployment_id == numbers[results.index(True)]


def test_an_automatic_rollback_lives_inside_its_parents_hold(any_store):
    with any_store.begin() as session:
        parent = stored(session, walked(a_deployment(), Status.RUNNING))
        parent.advance(Status.ROLLING_BACK, at=NOW)
        child = stored(session, a_deployment("v2.2", automatic=True, undoes=parent.number, status=Status.PREPARING))
    with any_store.look() as session:
        assert deployments.running_in(session, "production").number == parent.number
        assert deployments.automatic_rollback(session, parent.number).number == child.number


def test_two_environments_are_held_independently(any_store):
    with any_store.begin() as session:
        stored(session, a_deployment(environment="staging", status=Status.RUNNING))
        stored(session, a_deployment(environment="production", status=Status.RUNNING))
    with any_store.look() as session:
        assert deployments.running_in(session, "staging").environment == "staging"


@pytest.mark.parametrize("finished", [Status.FAILED, Status.SUCCEEDED, Status.ROLLED_BACK])
def test_a_finished_deployment_lets_the_next_one_in(any_store, finished):
    with any_store.begin() as session:
        stored(session, a_deployment(status=finished))
        stored(session, a_deployment(status=Status.RUNNING))


def test_of_two_who_change_a_deployment_at_once_the_second_sees_what_the_first_did(any_store):
    """Approve and cancel at once: one transition, and the loser knows who won."""
    with any_store.begin() as session:
        number = stored(session, a_deployment(status=Status.AWAITING_APPROVAL)).number

    def decide(session, racer):
        deployment = deployments.get_for_change(session, number)
        if deployment.status is not Status.AWAITING_APPROVAL:
            return "late"
        deployment.advance(Status.QUEUED if racer % 2 else Status.CANCELLED, at=NOW)
        return "won"

    assert sorted(race(any_store, decide)) == ["late"] * (RACERS - 1) + ["won"]
    with any_store.look() as session:
        assert deployments.get(session, number).version == 2


def test_a_person_decides_once_however_often_the_button_is_pressed(any_store):
    with any_store.begin() as session:
        number = stored(session).number
    kinds = [Decision.APPROVED, Decision.REJECTED]
    results = race(any_store, lambda session, n: approvals.decide(session, an_approval(number, decision=kinds[n % 2])))
    assert sorted(results) == [False] * (RACERS - 1) + [True]
    with any_store.look() as session:
        assert len(approvals.given(session, number)) == 1


def test_several_people_are_counted_in_their_order(any_store):
    with any_store.begin() as session:
        number = stored(session).number
        assert approvals.decide(session, an_approval(number, "U0BEN"))
        assert approvals.decide(session, an_approval(number, "U0LEA"))
        assert not approvals.decide(session, an_approval(number, "U0BEN", decision=Decision.REJECTED))
        assert [one.person for one in approvals.given(session, number)] == ["U0BEN", "U0LEA"]


def test_a_request_is_received_once_and_claimed_once(any_store):
    received = race(any_store, lambda session, _: inbox.receive(session, a_request("trigger-1")) is not None)
    assert sorted(received) == [False] * (RACERS - 1) + [True]
    with any_store.begin() as session:
        row = session.exec(select(inbox.InboxRow)).one()
        inbox.acked(session, row.id, NOW)
    claimed = race(any_store, lambda session, who: inbox.claim(session, str(who), now=NOW, until=NOW))
    assert len([row for row in claimed if row is not None]) == 1


def test_the_same_thing_is_said_once(any_store):
    said = race(any_store, lambda session, _: outbox.say(session, a_message("alert-1")) is not None)
    assert sorted(said) == [False] * (RACERS - 1) + [True]


def test_a_card_raised_by_many_at_once_wants_the_newest_version(any_store):
    with any_store.begin() as session:
        number = stored(session).number

    def change(session, _):
        deployment = deployments.get_for_change(session, number)
        deployment.version += 1
        outbox.card(session, deployment, channel="deployments", at=NOW)

    race(any_store, change)
    with any_store.look() as session:
        assert outbox.card_of(session, number).wanted == 1 + RACERS


def test_each_who_leads_gets_a_fencing_token_of_its_own(any_store):
    tokens = race(any_store, lambda session, n: leadership.lead(session, f"host:{n}", NOW + timedelta(seconds=n)))
    assert sorted(tokens) == list(range(1, RACERS + 1))


def test_a_plan_stays_with_its_deployment(any_store):
    document = {"steps": [{"do": "activate", "targets": ["web1"]}], "ref": "v2.3 – “ü”"}
    with any_store.begin() as session:
        number = deployments.add(session, a_deployment(), a_plan(hash_="f" * 64, document=document)).number
    with any_store.look() as session:
        plan = deployments.stored_plan(session, number)
        assert (plan.hash, plan.document, plan.seen) == ("f" * 64, document, {"commits": []})


def test_a_time_without_a_zone_is_refused(any_store):
    with pytest.raises(Exception, match="without a zone"), any_store.begin() as session:
        session.add(
            Approval(deployment_id=1, person="U", decision="approved", plan_hash="", at=NOW.replace(tzinfo=None))
        )
