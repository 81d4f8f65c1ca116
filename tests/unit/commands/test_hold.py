"""Answering what a deployment waits on: who may, once, in time, and to the question that was shown."""

from datetime import timedelta

import pytest

from commands.deploys.hold import LOSES_DATA
from storage import audit, deployments, holds
from storage.models import ANSWERS, Hold, HoldKind, Status
from tests.unit.commands.world import World


@pytest.fixture
def world(store):
    made = World(store)
    made.serves("v2.2")
    return made


def held(world: World, kind: HoldKind = HoldKind.VETO, *, seconds: float | None = 30) -> Hold:
    number = world.runs("v2.3")
    with world.store.begin() as session:
        deployment = deployments.get_for_change(session, number)
        until = world.now + timedelta(seconds=seconds) if seconds else None
        return holds.open_(session, deployment, kind, key="one", why="it is sick", at=world.now, until=until)


def press(world: World, who: str, hold: Hold, word: str):
    return world.presses(who, f"hold.{word}", f"{world.value(hold.deployment_id)}:{hold.id}:{word}")


def now(world: World, hold: Hold) -> Hold:
    with world.store.look() as session:
        return holds.numbered(session, hold.number)


def test_what_waits_for_an_answer_is_holding_and_is_asked_once(world):
    hold = held(world)
    with world.store.begin() as session:
        deployment = deployments.get_for_change(session, hold.deployment_id)
        again = holds.open_(session, deployment, HoldKind.VETO, key="one", why="another", at=world.now)
        assert deployment.status is Status.HOLDING
    assert (again.id, again.why) == (hold.id, "it is sick")


def test_an_approver_holds_and_it_is_audited(world):
    hold = held(world)
    reply = press(world, "ben", hold, "hold")
    assert reply.ok, reply.text
    assert "stays as it is" in reply.text
    after = now(world, hold)
    assert (after.answer, after.answered_by) == ("hold", "U0BEN")
    with world.store.look() as session:
        newest = audit.about(session, f"deployment:{hold.deployment_id}")[-1]
    assert (newest.action, newest.detail["answer"]) == ("hold.answered", "hold")


def test_the_first_answer_stays_and_the_second_is_told_who_was_first(world):
    hold = held(world)
    assert press(world, "ben", hold, "hold").ok
    late = press(world, "omar", hold, "back")
    assert (late.ok, late.code) == (False, "decided")
    assert "<@U0BEN>" in late.text
    assert now(world, hold).answer == "hold"


def test_who_may_only_deploy_may_go_back_and_may_not_hold(world):
    hold = held(world)
    refused = press(world, "ana", hold, "hold")
    assert (refused.ok, refused.code) == (False, "role")
    assert press(world, "ana", hold, "back").ok


def test_going_back_waits_for_no_look_up_and_holding_does(world):
    hold = held(world)
    world.people.away = True
    assert press(world, "ben", hold, "hold").code == "identity"
    assert press(world, "ben", hold, "back").ok


def test_what_is_not_an_answer_to_this_question_is_refused_with_those_that_are(world):
    refused = press(world, "ben", held(world), "promote")
    assert (refused.ok, refused.code) == (False, "arguments")
    assert "`back`" in refused.text


def test_a_button_beside_another_plan_or_of_another_deployment_does_nothing(world):
    hold = held(world)
    assert world.presses("ben", "hold.back", f"{hold.deployment_id}:other:{hold.id}:back").code == "stale"
    other = world.serves("v2.1", "staging")
    assert world.presses("ben", "hold.back", f"{world.value(other)}:{hold.id}:back").code == "tampered"
    assert now(world, hold).open


def test_holding_when_the_time_is_over_is_refused(world):
    hold = held(world)
    world.later(seconds=31)
    assert press(world, "ben", hold, "hold").code == "over"
    assert now(world, hold).open


def test_a_question_without_an_end_is_answered_on_the_command_line_however_late(world):
    hold = held(world, HoldKind.DATABASE, seconds=None)
    world.later(days=3)
    assert world.says("omar", f"/deploy answer #{hold.deployment_id} step-back --confirm production").ok
    assert now(world, hold).answer == "step_back"


def test_where_nothing_waits_for_an_answer_that_is_said(world):
    number = world.runs("v2.3")
    assert world.says("omar", f"/deploy answer {number} hold").code == "over"
    assert world.says("omar", "/deploy answer").code == "arguments"


@pytest.mark.parametrize("kind", HoldKind)
def test_an_answer_to_another_kind_of_question_is_refused_however_it_comes(world, kind):
    hold = held(world, kind, seconds=None)
    others = {word for words in ANSWERS.values() for word in words} - set(ANSWERS[kind])
    for word in sorted(others):
        typed = world.says("omar", f"/deploy answer {hold.deployment_id} {word} --confirm production")
        assert (typed.ok, typed.code) == (False, "arguments")
        assert all(f"`{known}`" in typed.text for known in ANSWERS[kind])
        if word not in LOSES_DATA:
            assert press(world, "omar", hold, word).code == "arguments"
        with pytest.raises(ValueError, match="no answer to a question"), world.store.begin() as session:
            holds.answer(session, hold.number, word, by="shipmate", at=world.now)
    assert now(world, hold).open
