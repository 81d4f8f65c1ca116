"""Emergencies: who may, what is gone past, and that everybody hears of it and somebody looks back."""

import pytest

from commands.views import reviewing
from deployers.environment import Approvals, Emergency
from storage import audit, deployments, freezes, outbox, reviews
from storage.models import FreezeRecord, Review, Saying
from tests.unit.commands.world import WEEKEND, World, environment

STRATEGIES = ("rolling", "emergency")
EVERYTHING = Emergency(skip_approvals=True, skip_tests=True, skip_freezes=True, skip_order=True)
FIX = "/deploy production v2.3 --strategy emergency --reason checkout is down"


def place(emergency: Emergency | None = EVERYTHING, **settings):
    given = {"required_checks": ("tests",), "after": "staging", "strategies": STRATEGIES, **settings}
    return environment(emergency=emergency, **given)


def the_world(store, emergency: Emergency | None = EVERYTHING, **settings) -> World:
    return World(store, environment("staging", approvals=Approvals(required=0)), place(emergency, **settings))


def newest(world: World):
    with world.store.look() as session:
        return deployments.history(session, "production", 1)[0]


def said(world: World, kind: Saying) -> list[str]:
    with world.store.look() as session:
        return [it.payload.get("text", "") for it in outbox.undelivered(session) if it.kind is kind]


def test_it_goes_past_what_is_configured_and_is_told_loudly_to_everybody_and_the_on_call(store):
    world = the_world(store)
    reply = world.says("omar", "/deploy production v2.3 --strategy emergency --skip-tests --reason checkout is down")
    assert reply.ok, reply.text
    asked = newest(world)
    assert (asked.status.value, asked.break_glass) == ("queued", True)
    [post], [alert] = said(world, Saying.POST), said(world, Saying.ALERT)
    for part in ("*Emergency*", "<@U0OMAR>", "down", "approval", "the required tests", "staging"):
        assert part in post
    assert alert == post
    with world.store.look() as session:
        actions = [it.action for it in audit.about(session, f"deployment:{asked.number}")]
        risks = deployments.stored_plan(session, asked.number).seen["risks"]
    assert "deployment.emergency" in actions
    assert [it for it in risks if it.startswith("an emergency that goes past approval")]


def test_who_does_not_have_the_role_cannot_call_it_an_emergency(store):
    world = the_world(store)
    refused = world.says("ana", FIX)
    assert (refused.ok, refused.code) == (False, "role")
    assert said(world, Saying.POST) == []


def test_the_role_is_the_configured_one(store):
    world = the_world(store, Emergency(role="deployer", skip_approvals=True, skip_order=True), required_checks=())
    assert world.says("ana", FIX).ok


def test_it_never_begins_without_a_reason(store):
    world = the_world(store)
    refused = world.says("omar", "/deploy production v2.3 --strategy emergency")
    assert (refused.ok, refused.code) == (False, "reason")


@pytest.mark.parametrize(
    ("allowed", "code"),
    [
        (Emergency(skip_approvals=True, skip_tests=True, skip_freezes=True), "after"),
        (Emergency(skip_approvals=True, skip_freezes=True, skip_order=True), "checks_unknown"),
    ],
)
def test_what_is_not_configured_to_be_gone_past_still_stops_it(store, allowed, code):
    assert the_world(store, allowed).says("omar", FIX).code == code


def test_without_a_word_of_configuration_nothing_is_gone_past(store):
    world = the_world(store, None, required_checks=(), after="")
    assert world.says("omar", FIX).ok
    assert newest(world).status.value == "awaiting_approval"
    assert not newest(world).break_glass
    assert "It goes past no gate" in said(world, Saying.POST)[0]


def test_a_weekly_freeze_is_gone_past_and_a_persons_is_not(store):
    world = the_world(store, freezes=(WEEKEND,), required_checks=())
    while world.now.weekday() != 5:
        world.later(days=1)
    assert world.says("ana", "/deploy production v2.2").code == "frozen"
    with world.store.begin() as session:
        mine = FreezeRecord(environment="production", by="U0BEN", name="ben", reason="migrating", since=world.now)
        freezes.put(session, mine)
    assert "migrating" in world.says("omar", FIX).text
    world.says("omar", "/ops unfreeze production")
    assert world.says("omar", FIX).ok


def owed(world: World) -> int:
    world.says("omar", FIX)
    number = newest(world).number
    with world.store.begin() as session:
        reviews.want(
            session, Review(deployment_id=number, environment="production", skipped="approval", since=world.now)
        )
        reviews.want(
            session, Review(deployment_id=number, environment="production", skipped="approval", since=world.now)
        )
    return number


def test_it_is_nagged_about_until_somebody_else_says_what_came_of_it(store):
    world = the_world(store, required_checks=())
    number = owed(world)
    assert f"#{number}" in world.says("ana", "/ops review").text
    assert world.says("omar", f"/ops review {number} the fix holds, a test is written").code == "role"
    assert world.says("ben", f"/ops review {number} ok").code == "arguments"
    assert world.says("ben", f"/ops review {number} “the fix holds, a test is written”").ok
    assert world.says("ben", f"/ops review {number} and once more, longer").code == "over"
    assert world.says("ana", "/ops review").text == "Every emergency has been looked back on."
    with world.store.look() as session:
        assert "a test is written" in reviewing.standing(reviews.look(session, number))


def test_what_was_no_emergency_needs_no_look_back(store):
    world = the_world(store)
    number = world.serves("v2.2", "staging")
    assert world.says("ben", f"/ops review {number} there is nothing to say").code == "over"
