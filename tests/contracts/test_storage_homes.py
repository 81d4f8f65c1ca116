"""Whose App Home has to be drawn, on both databases."""

from datetime import timedelta

import pytest
from sqlmodel import select

from storage import deployments, homes, outbox
from storage.models import HealthSample, OutboxRow, OutboxState, Saying
from tests.builders import NOW, a_deployment, stored

SECOND = timedelta(seconds=1)


@pytest.fixture
def session(any_store):
    with any_store.begin() as session:
        yield session


def row(session, person: str) -> OutboxRow:
    return session.exec(select(OutboxRow).where(OutboxRow.key == homes.key(person))).one()


def drawn(session, person: str, *, shown: int | None = None) -> OutboxRow:
    it = row(session, person)
    return outbox.delivered(session, it.id, ts="", at=NOW, shown=it.wanted if shown is None else shown)


def again(session, at, **more) -> int:
    wanted = {"since": NOW - timedelta(hours=1), "at": at, "apart": SECOND, "most": 30}
    return homes.want_again(session, **{**wanted, **more})


def test_opening_it_twice_is_one_drawing(session):
    for _ in range(2):
        homes.want(session, "U0ANA", NOW)
    it = row(session, "U0ANA")
    assert (it.kind, it.person, it.state, it.wanted) == (Saying.HOME, "U0ANA", OutboxState.WAITING, 2)
    assert drawn(session, "U0ANA").state is OutboxState.DELIVERED


def test_opening_it_while_it_is_on_its_way_draws_it_once_more(session):
    homes.want(session, "U0ANA", NOW)
    homes.want(session, "U0ANA", NOW + SECOND)
    assert drawn(session, "U0ANA", shown=1).state is OutboxState.WAITING


def test_what_changes_is_drawn_again_for_those_who_opened_it_lately_one_after_the_other(session):
    for turn, person in enumerate(("U0ANA", "U0BEN", "U0OLD")):
        homes.want(session, person, NOW - timedelta(hours=2) * (turn == 2) + SECOND * turn)
        drawn(session, person)
    assert again(session, NOW + 10 * SECOND) == 2
    assert (row(session, "U0BEN").next_at, row(session, "U0ANA").next_at) == (NOW + 10 * SECOND, NOW + 11 * SECOND)
    assert row(session, "U0OLD").state is OutboxState.DELIVERED


def test_no_more_than_so_many_are_drawn_again_the_newest_first(session):
    for turn in range(5):
        homes.want(session, f"U{turn}", NOW + turn * SECOND)
        drawn(session, f"U{turn}")
    assert again(session, NOW + timedelta(minutes=1), most=2) == 2
    waiting = [turn for turn in range(5) if row(session, f"U{turn}").state is OutboxState.WAITING]
    assert waiting == [3, 4]


def test_many_changes_keep_one_turn_and_none_is_lost_while_one_is_on_its_way(session):
    homes.want(session, "U0ANA", NOW)
    before = row(session, "U0ANA").wanted
    for turn in range(20):
        again(session, NOW + turn * SECOND)
    assert row(session, "U0ANA").next_at == NOW
    assert drawn(session, "U0ANA", shown=before).state is OutboxState.WAITING
    assert drawn(session, "U0ANA").state is OutboxState.DELIVERED


def test_the_pulse_beats_with_every_change_of_a_deployment_and_of_health(session):
    seen = [homes.pulse(session, ["production"])]
    number = stored(session, a_deployment()).number
    seen.append(homes.pulse(session, ["production"]))
    changed = deployments.get_for_change(session, number)
    changed.version += 1
    session.add(changed)
    session.flush()
    seen.append(homes.pulse(session, ["production"]))
    session.add(HealthSample(environment="production", at=NOW, look="well"))
    session.flush()
    seen.append(homes.pulse(session, ["production"]))
    session.add(HealthSample(environment="production", at=NOW + SECOND, look="sick"))
    session.flush()
    seen.append(homes.pulse(session, ["production"]))
    assert len(set(seen)) == 5
    session.add(HealthSample(environment="production", at=NOW + 2 * SECOND, look="sick"))
    session.flush()
    assert homes.pulse(session, ["production"]) == seen[-1]


def test_the_newest_look_at_an_environment_is_its_health(session):
    assert homes.newest_look(session, "production") is None
    for turn, look in enumerate(("sick", "well")):
        session.add(HealthSample(environment="production", at=NOW + turn * SECOND, look=look))
    session.add(HealthSample(environment="staging", at=NOW + 9 * SECOND, look="blind"))
    session.flush()
    assert homes.newest_look(session, "production").look == "well"
