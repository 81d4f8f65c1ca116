import threading

import pytest

from deployers.environment import Approvals
from storage import approvals, audit, deployments
from storage.models import Status
from tests.unit.commands.world import environment


@pytest.fixture
def asked(world):
    world.says("ana", "/deploy production v2.3")
    return world


def test_the_last_approval_needed_queues_the_deployment(asked):
    reply = asked.presses("ben", "approve", asked.value(1))
    assert "it begins" in reply.text
    assert asked.deployment(1).status is Status.QUEUED
    assert asked.engine.told == [("expires", 1), ("start", 1)]
    with asked.store.look() as session:
        assert [it.action for it in audit.about(session, "deployment:1")] == [
            "deployment.requested",
            "deployment.approved",
        ]


def test_nobody_approves_what_they_asked_for(asked):
    asked.people.roles["approver"] = ("U0ANA", "U0BEN")
    reply = asked.presses("ana", "approve", asked.value(1))
    assert reply.code == "own_request"
    assert "<@U0BEN>" in reply.text


def test_an_author_approves_where_the_environment_lets_them(worlds):
    world = worlds(environment(approvals=Approvals(required=1, author_may_approve=True)))
    world.people.roles["approver"] = ("U0ANA",)
    world.says("ana", "/deploy production v2.3")
    assert world.presses("ana", "approve", world.value(1)).ok


def test_only_the_role_decides_and_only_while_it_can_be_told(asked):
    assert asked.presses("gus", "approve", asked.value(1)).code == "role"
    asked.people.away = True
    assert asked.presses("ben", "approve", asked.value(1)).code == "identity"
    assert asked.deployment(1).status is Status.AWAITING_APPROVAL


def test_a_quorum_is_of_distinct_people(worlds):
    world = worlds(environment(approvals=Approvals(required=2)))
    world.says("ana", "/deploy production v2.3")
    assert "1 more approval needed" in world.presses("ben", "approve", world.value(1)).text
    assert world.presses("ben", "approve", world.value(1)).code == "decided"
    assert world.deployment(1).status is Status.AWAITING_APPROVAL
    world.presses("lea", "approve", world.value(1))
    assert world.deployment(1).status is Status.QUEUED


def test_who_comes_too_late_is_told_who_won(asked):
    value = asked.value(1)
    asked.presses("ben", "approve", value)
    late = asked.presses("lea", "approve", value)
    assert late.code == "decided"
    assert "approved by <@U0BEN>" in late.text
    no = asked.submits("lea", "deployment.reject", value, reason="not today")
    assert "approved by <@U0BEN>" in no.text
    assert asked.engine.told.count(("start", 1)) == 1


def test_a_rejection_carries_its_reason_and_ends_it(asked):
    assert asked.submits("ben", "deployment.reject", asked.value(1), reason="  ").code == "arguments"
    assert asked.submits("ben", "deployment.reject", asked.value(1), reason="too\nlate").ok
    assert asked.deployment(1).status is Status.REJECTED
    late = asked.presses("lea", "approve", asked.value(1))
    assert "rejected by <@U0BEN>" in late.text
    assert "too late" in late.text


@pytest.mark.parametrize("value", ["", "1", "1:", "x:y", "1:2:3:4", "-1:abc", "1:" + "0" * 64, "٣:abc", "1:abc:x"])
def test_a_tampered_button_does_nothing(asked, value):
    reply = asked.presses("ben", "approve", value)
    assert not reply.ok
    assert reply.code in {"tampered", "stale"}
    assert asked.deployment(1).status is Status.AWAITING_APPROVAL


def test_a_button_of_a_deployment_that_never_was_says_so(asked):
    assert asked.presses("ben", "approve", "99:abc").code == "not_found"


def test_an_expired_request_is_not_approved_even_before_its_timer(asked):
    asked.later(minutes=31)
    reply = asked.presses("ben", "approve", asked.value(1))
    assert reply.code == "expired"
    assert "/deploy production v2.3" in reply.text


def test_many_decisions_at_once_are_one_transition(asked):
    asked.people.roles["approver"] = ("U0BEN", "U0LEA", "U0OMAR")
    value, replies = asked.value(1), []
    gate = threading.Barrier(6)

    def decide(who, no):
        gate.wait()
        act = (
            asked.submits(who, "deployment.reject", value, reason="no") if no else asked.presses(who, "approve", value)
        )
        replies.append(act)

    threads = [threading.Thread(target=decide, args=it) for it in (("ben", False), ("lea", True), ("omar", False)) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(reply.ok for reply in replies) == 1
    assert {reply.code for reply in replies if not reply.ok} == {"decided"}
    with asked.store.look() as session:
        assert len(approvals.given(session, 1)) == 1
        assert deployments.get(session, 1).status in {Status.QUEUED, Status.REJECTED}
        assert audit.verify(session).broken_at is None
    assert asked.engine.told.count(("start", 1)) <= 1


def test_what_is_queued_says_what_it_begins_after_by_when_it_was_approved(asked):
    asked.says("ana", "/deploy production v2.4")
    asked.says("ana", "/deploy production v2.1")
    told = []
    for number in (3, 1, 2):
        asked.later(seconds=1)
        told.append(asked.presses("ben", "approve", asked.value(number)).text)
    assert told[0].endswith("it begins.")
    assert "it begins after #3" in told[1]
    assert "it begins after #1" in told[2]
    assert ahead(asked, 2) == 1
    assert asked.says("ana", "/deploy cancel 1").ok
    assert ahead(asked, 2) == 3


def test_what_follows_shows_its_card_anew_when_one_before_it_is_cancelled(asked):
    asked.says("ana", "/deploy production v2.4")
    for number in (1, 2):
        asked.presses("ben", "approve", asked.value(number))
    before = asked.deployment(2).version
    asked.says("ana", "/deploy cancel 1")
    assert asked.deployment(2).version > before
    assert ahead(asked, 2) is None


def ahead(world, number):
    with world.store.look() as session:
        found = deployments.ahead_of(session, deployments.get(session, number))
        return found.number if found else None
