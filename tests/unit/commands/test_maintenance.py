"""`/ops maintenance`: who may, where it can be, until when, and what is asked once more."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from commands import home
from commands.views import home as view
from deployers.environment import Approvals, Recipe
from storage import audit, maintenance
from storage.models import MaintenanceSwitch, Status, SwitchState
from tests.unit.commands.world import PEOPLE, environment

RECIPE = Recipe("web", maintenance_on=("down {message}",), maintenance_off=("up",))


@pytest.fixture
def world(worlds):
    return worlds(
        environment("staging", recipe=RECIPE, approvals=Approvals(required=0)),
        environment("production", recipe=RECIPE),
        environment("legacy", recipe=RECIPE, deployer="github"),
        environment("plain", recipe=Recipe("plain")),
    )


def newest(world, place: str = "production") -> MaintenanceSwitch | None:
    with world.store.look() as session:
        return maintenance.newest(session, place)


def made(world, place: str = "production", state: SwitchState = SwitchState.DONE) -> int:
    """Let a switch have been made, as the leader would."""
    number = newest(world, place).number
    with world.store.begin() as session:
        maintenance.get_for_change(session, number).state = state
    return number


def button(reply) -> str:
    (value,) = [it["value"] for block in reply.blocks for it in block.get("elements", ()) if "value" in it]
    return str(value)


def test_production_is_asked_about_once_more_and_then_switched_as_the_question_said(world):
    asked = world.says("omar", "/ops maintenance on production --for 45m --message We're back at noon: really")
    assert (asked.code, newest(world)) == ("confirm", None)
    assert "45 min" in asked.text
    assert "“We're back at noon: really”" in asked.text
    assert '`/ops maintenance on production --for 45m --message "We\'re back at noon: really" --yes`' in asked.text
    told = world.presses("omar", "maintenance.on", button(asked))
    assert told.ok, told.text
    switch = newest(world)
    assert (switch.keeps_out, switch.state, switch.by) == (True, SwitchState.WANTED, "U0OMAR")
    assert (switch.message, switch.until) == ("We're back at noon: really", world.now + timedelta(minutes=45))
    with world.store.look() as session:
        (entry,) = [it for it in audit.about(session, "environment:production") if it.action == "maintenance.asked"]
    assert (entry.actor, entry.detail["on"], entry.detail["message"]) == ("U0OMAR", True, "We're back at noon: really")


def test_where_nothing_needs_approval_nothing_is_asked_and_half_an_hour_is_meant(world):
    assert world.says("omar", "/ops maintenance staging ON").ok
    assert newest(world, "staging").until == world.now + timedelta(minutes=30)


def test_the_configuration_says_how_long_is_meant(world):
    world.services = replace(world.services, maintenance=timedelta(hours=2))
    world.says("omar", "/ops maintenance on prod --yes")
    assert newest(world).until == world.now + timedelta(hours=2)


def test_on_again_prolongs_it_and_keeps_what_visitors_read(world):
    world.says("omar", "/ops maintenance on production --yes --message “Back soon”")
    first = made(world)
    world.later(minutes=20)
    told = world.says("lea", "/ops maintenance on production --for 1h30m")
    assert told.ok, told.text
    switch = newest(world)
    assert switch.number > first
    assert (switch.until, switch.message, switch.by) == (world.now + timedelta(minutes=90), "Back soon", "U0LEA")


def test_off_ends_it(world):
    world.says("omar", "/ops maintenance on production --yes")
    made(world)
    assert world.says("omar", "/ops maintenance off production").ok
    assert (newest(world).keeps_out, newest(world).until) == (False, None)


def test_off_where_it_is_not_on_says_so_and_how_to_insist(world):
    told = world.says("omar", "/ops maintenance off production")
    assert (told.code, "`/ops maintenance off production --yes`" in told.text) == ("not_on", True)
    assert world.says("omar", "/ops maintenance off production --yes").ok


@pytest.mark.parametrize("who", ["ana", "ben", "gus"])
def test_only_operators_switch_it(world, who):
    told = world.says(who, "/ops maintenance on production --yes")
    assert (told.code, "<@U0OMAR>" in told.text, newest(world)) == ("role", True, None)


def test_the_button_is_for_operators_too_and_says_what_was_shown(world):
    value = button(world.says("omar", "/ops maintenance on production"))
    assert world.presses("ana", "maintenance.on", value).code == "role"
    world.says("omar", "/ops maintenance on production --yes")
    assert world.presses("omar", "maintenance.on", value).code == "stale"


@pytest.mark.parametrize("value", ["", "production", "0:x:production:", "-1:60:production:", "0:9999999:production:"])
def test_a_tampered_button_does_nothing(world, value):
    assert not world.presses("omar", "maintenance.on", value).ok
    assert newest(world) is None


def test_nothing_is_switched_under_a_deployment_and_it_says_which_and_what_to_type(world):
    number = world.runs("v2.2")
    for text in ("on production --yes", "off production --yes"):
        told = world.says("omar", f"/ops maintenance {text}")
        assert (told.code, f"`/deploy cancel {number}`" in told.text) == ("running", True)
    assert newest(world) is None


def test_a_deployment_that_stands_still_is_in_nobodys_way(world):
    world.runs("v2.2", to=Status.INCOMPLETE)
    assert world.says("omar", "/ops maintenance on production --yes").ok


@pytest.mark.parametrize(
    ("place", "says"), [("legacy", "deployed through GitHub"), ("plain", "`maintenance_on` and `maintenance_off`")]
)
def test_where_it_cannot_be_it_says_why_and_what_to_do(world, place, says):
    told = world.says("omar", f"/ops maintenance on {place} --yes")
    assert (told.code, says in told.text) == ("no_maintenance", True)


@pytest.mark.parametrize("length", ["30", "soon", "10s", "13h", "99999h", "0m", "-5m", "m", "٣m"])
def test_a_length_that_is_none_or_too_long_is_refused(world, length):
    assert world.says("omar", f"/ops maintenance on production --yes --for {length}").code == "option"
    assert newest(world) is None


@pytest.mark.parametrize("text", ["", "production", "on off production", "on production staging", "on"])
def test_who_says_too_little_or_too_much_is_told_what_to_type(world, text):
    told = world.says("omar", f"/ops maintenance {text}")
    assert (told.code, "`/ops maintenance" in told.text) == ("arguments", True)


def test_a_message_that_is_too_long_is_refused_and_one_that_pings_does_not(world):
    assert world.says("omar", f'/ops maintenance on production --message "{"x" * 201}"').code == "option"
    told = world.says("omar", '/ops maintenance on production --message "<!channel> *x*"')
    assert "<!channel>" not in told.text + json.dumps(told.blocks[0])


def test_a_message_that_the_recipe_cannot_say_is_said_to_be_unread(worlds):
    deaf = Recipe("web", maintenance_on=("down",), maintenance_off=("up",))
    world = worlds(environment("staging", recipe=deaf, approvals=Approvals(required=0)))
    assert "take no" not in world.says("omar", "/ops maintenance on staging").text
    assert "take no `{message}`" in world.says("omar", "/ops maintenance on staging --message hello").text


def test_status_and_home_say_who_until_when_why_and_how_to_end_it(world):
    world.says("omar", "/ops maintenance on production --yes --message “Back soon”")
    assert "being switched on, asked for by omar" in world.says("gus", "/deploy status production").text
    made(world)
    told = world.says("gus", "/deploy status production").text
    for text in ("*In maintenance* until", "by omar", "“Back soon”", "`/ops maintenance off production`"):
        assert text in told
    seen = str(view.shown(home.look(world.services, PEOPLE["gus"])))
    assert "*In maintenance* until" in seen
