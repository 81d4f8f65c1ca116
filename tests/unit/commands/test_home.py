"""The App Home shows each person what concerns them."""

from datetime import timedelta

import pytest

from bot.sandbox.slack import limits
from commands import home
from commands.command import Request
from commands.errors import IdentityUnknown
from commands.views import home as view
from commands.views.words import ago
from storage import locks
from storage.models import Asking, HealthSample, InboxRow, Status
from tests.builders import NOW, a_request
from tests.unit.commands.test_views import fleet
from tests.unit.commands.world import PEOPLE, environment


def shows(world, who: str) -> str:
    """Return what is on somebody's home, after making sure that Slack would take it."""
    return str(limits.view(view.shown(home.look(world.services, PEOPLE[who]))))


def actions(text: str) -> set[str]:
    return {name for name in ("home.deploy", "deployment.rollback", "deployment.approve") if f"'{name}'" in text}


def asks(world, who: str, kind: Asking = Asking.COMMAND) -> None:
    row = a_request(f"{who}:{kind}")
    with world.store.begin() as session:
        session.add(InboxRow(**{**row.model_dump(exclude={"id"}), "kind": kind, "person": PEOPLE[who].id}))


def test_it_says_what_runs_where_since_when_and_by_whom(world):
    number = world.serves("v2.2")
    told = shows(world, "gus")
    assert "*production* runs `v2.2`" in told
    assert f"by ana, #{number}" in told
    assert "*staging* has nothing that I deployed" in told


def test_a_developer_may_deploy_and_roll_back_from_it_and_who_has_no_role_may_not(world):
    world.serves("v2.1")
    world.serves("v2.2")
    assert actions(shows(world, "ana")) == {"home.deploy", "deployment.rollback"}
    assert "Roll back production to v2.1" in shows(world, "ana")
    assert actions(shows(world, "gus")) == set()
    assert "To deploy, ask <@U0ANA>" in shows(world, "gus")


def test_a_request_waits_for_those_who_may_decide_about_it_and_is_its_authors_own(world):
    world.says("ana", "/deploy production v2.3")
    ben, ana, omar = (shows(world, who) for who in ("ben", "ana", "omar"))
    assert "Waits for you" in ben
    assert "deployment.approve" in ben
    assert "Commits that go live" in ben
    assert "Risks" in ben
    assert "Waits for you" not in ana + omar
    assert "You asked for" in ana
    assert "You asked for" not in ben + omar


def test_the_one_who_asked_is_not_asked_to_approve_unless_the_policy_lets_them(worlds):
    world = worlds(environment())
    world.says("ben", "/deploy production v2.3")
    assert "deployment.approve" not in shows(world, "ben")
    assert "deployment.approve" in shows(world, "lea")


def test_what_was_decided_waits_for_nobody(world):
    world.says("ana", "/deploy production v2.3")
    world.presses("ben", "approve", world.value(1))
    assert "Waits for you" not in shows(world, "ben")


def test_while_something_runs_it_is_shown_with_its_lock_and_not_rolled_back_from_here(world):
    world.serves("v2.1")
    world.serves("v2.2")
    number = world.runs("v2.3")
    told = shows(world, "ana")
    assert f"held by #{number}" in told
    assert "and I are deploying `v2.3`" in told
    assert "Roll back production" not in told


def test_what_stopped_half_way_can_be_rolled_back_from_here(world):
    world.serves("v2.1")
    world.serves("v2.2")
    world.runs("v2.3", to=Status.INCOMPLETE)
    assert "Roll back production to v2.2" in shows(world, "ana")


@pytest.mark.parametrize(("look", "told"), [("well", "well just now"), ("sick", "*sick* just now: 503 &lt;b&gt;")])
def test_it_tells_the_newest_health_and_how_old_it_is(world, look, told):
    world.serves("v2.2")
    assert "health not looked at yet" in shows(world, "gus")
    now = world.services.now()
    with world.store.begin() as session:
        session.add(HealthSample(environment="production", at=now - timedelta(hours=1), look="blind"))
        session.add(HealthSample(environment="production", at=now, look=look, why="503 <b>"))
    assert told in shows(world, "gus")


def test_where_nothing_was_deployed_nothing_is_sick(world):
    with world.store.begin() as session:
        session.add(HealthSample(environment="staging", at=NOW, look="sick", why="nobody listens"))
    assert "sick" not in shows(world, "gus")
    assert "not looked at" not in shows(world, "gus")


def test_it_explains_itself_until_one_has_asked_for_something(world):
    assert "Hello, ana!" in shows(world, "ana")
    asks(world, "ana", Asking.OPENED)
    asks(world, "ana", Asking.MESSAGE)
    assert "Hello, ana!" in shows(world, "ana")
    asks(world, "ana")
    assert "Hello" not in shows(world, "ana")
    assert "Hello, gus!" in shows(world, "gus")


def test_who_somebody_is_has_to_be_known_before_anything_is_shown(world):
    world.people.away = True
    with pytest.raises(IdentityUnknown):
        shows(world, "ana")


def test_opening_it_wants_it_drawn_and_answers_nothing(world):
    reply = home.opened(Request("app_home_opened", PEOPLE["ana"]), world.services)
    assert (reply.text, reply.blocks) == ("", ())


def test_a_home_of_many_environments_and_requests_keeps_slacks_limits_and_its_small_print(world):
    world.runs("v2.3")
    seen = fleet(Status.AWAITING_APPROVAL)
    running = fleet(Status.RUNNING)
    place = home.look(world.services, PEOPLE["ana"]).places[1]
    crowded = view.Home(
        view.Viewer("U0ANA", "x" * 500, frozenset({"deployer"}), may_deploy=True, may_roll_back=True, new=True),
        NOW,
        places=(view.Place(place.now, None, running, "v2.1"),) * 60,
        to_decide=(seen,) * 40,
        mine=(seen.deployment,) * 40,
        recent=(seen.deployment,) * 8,
    )
    shown = limits.view(view.shown(crowded))
    assert len(shown["blocks"]) <= view.MOST_BLOCKS
    assert "As of" in str(shown["blocks"][-1])


def test_locks_that_are_gone_are_not_told(world):
    number = world.runs("v2.3")
    with world.store.begin() as session:
        locks.release(session, "production", number)
    assert "held by" not in shows(world, "gus")


@pytest.mark.parametrize(
    ("passed", "told"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=119), "1 hour ago"),
        (timedelta(days=3), "3 days ago"),
    ],
)
def test_how_long_ago_is_told_roughly(passed, told):
    assert ago(passed) == told
