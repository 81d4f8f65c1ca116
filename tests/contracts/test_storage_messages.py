"""What came in and what goes out, on both databases."""

from datetime import timedelta

import pytest

from storage import inbox, outbox
from storage.errors import ClaimLost, NotFound
from storage.models import InboxState, OutboxRow, OutboxState, Saying, Status
from tests.builders import (
    NOW,
    a_message,
    a_request,
    stored,
    undone,
)

SOON = NOW + timedelta(minutes=1)


LATER = timedelta(seconds=1)


def claimed(session, owner="somebody", *, now=NOW, until=SOON):
    return inbox.claim(session, owner, now=now, until=until)


def acknowledged(session, *people: str):
    rows = []
    for person in people:
        row = a_request()
        row.person = person
        rows.append(inbox.receive(session, row))
        inbox.acked(session, rows[-1].id, NOW)
    return rows


@pytest.fixture
def session(any_store):
    with any_store.begin() as session:
        yield session


def test_a_request_runs_only_after_its_acknowledgement(session):
    row = inbox.receive(session, a_request("k", text="production\0 v2.3"))
    assert row.text == "production� v2.3"
    assert inbox.receive(session, a_request("k")) is None
    assert claimed(session) is None
    assert inbox.acked(session, row.id, SOON)
    assert inbox.backlog(session) == [row]
    mine = claimed(session)
    assert (mine.id, mine.state, mine.attempts) == (row.id, InboxState.RUNNING, 1)
    assert claimed(session) is None
    inbox.done(session, row.id, "ok", SOON)
    assert (row.state, row.outcome, row.finished_at) == (InboxState.DONE, "ok", SOON)


def test_a_void_request_never_runs_even_if_its_acknowledgement_comes_late(session):
    row = inbox.receive(session, a_request())
    assert inbox.void(session, row.id, "too_late", SOON)
    assert not inbox.acked(session, row.id, SOON)
    assert claimed(session) is None
    assert not inbox.void(session, row.id, "again", SOON)
    assert row.outcome == "too_late"


def test_requests_are_run_oldest_first(session):
    rows = acknowledged(session, "ana", "ben", "lea")
    assert [claimed(session).id for _ in rows] == [row.id for row in rows]


def test_what_a_process_was_running_is_run_by_another_once_its_promise_has_lapsed(session):
    [row] = acknowledged(session, "ana")
    claimed(session, "first", until=SOON)
    assert claimed(session, "second", now=SOON) is None
    assert claimed(session, "first", now=SOON + LATER) is None, "it would run beside itself"
    again = claimed(session, "second", now=SOON + LATER)
    assert (again.id, again.owner, again.attempts) == (row.id, "second", 2)


def test_a_promise_that_is_renewed_does_not_lapse(session):
    [row] = acknowledged(session, "ana")
    claimed(session, "first", until=SOON)
    inbox.renew(session, "second", [row.id], SOON + 9 * LATER)
    inbox.renew(session, "first", [row.id], SOON + LATER)
    assert claimed(session, "second", now=SOON + LATER) is None
    assert claimed(session, "second", now=SOON + 2 * LATER)


def test_a_person_s_requests_keep_their_order_whoever_runs_them(session):
    older, younger, other = acknowledged(session, "ana", "ana", "ben")
    assert claimed(session, "first").id == older.id
    assert claimed(session, "second").id == other.id
    assert claimed(session, "second") is None
    assert claimed(session, "first").id == younger.id, "its own worker keeps them apart"


def test_who_lost_a_request_writes_nothing_for_it_any_more(session):
    [row] = acknowledged(session, "ana")
    claimed(session, "first", until=SOON)
    inbox.hold(session, row.id, "first")
    claimed(session, "second", now=SOON + LATER)
    with pytest.raises(ClaimLost, match="has taken"):
        inbox.hold(session, row.id, "first")
    inbox.done(session, row.id, "ok", SOON)
    with pytest.raises(ClaimLost):
        inbox.hold(session, row.id, "second")


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


def test_where_not_all_fit_alerts_go_first_and_then_what_has_waited_longest(session):
    late, early = outbox.say(session, a_message(at=SOON)), outbox.say(session, a_message())
    alert = a_message(at=SOON)
    alert.kind = Saying.ALERT
    alert = outbox.say(session, alert)
    assert outbox.due(session, SOON, limit=2) == [alert, early]
    assert outbox.due(session, SOON) == [alert, early, late]


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


def waiting(store):
    with store.look() as session:
        return len(outbox.due(session, SOON))


def test_who_listens_hears_of_what_was_said_once_it_is_there(any_store):
    heard = []
    any_store.listen(lambda: heard.append(waiting(any_store)), OutboxRow)
    with any_store.begin() as session:
        stored(session)
    with any_store.begin() as session:
        outbox.say(session, a_message("one"))
        outbox.say(session, a_message("two"))
    undone(any_store, lambda session: outbox.say(session, a_message("never")))
    assert heard == [2]
