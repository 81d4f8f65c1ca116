"""The App Home: who opens it sees what runs, what waits for them, and does from there what they may."""

import pytest

from bot.sandbox.slack import words

pytestmark = pytest.mark.slow


def home(scene, person: str) -> str:
    """Return what somebody's App Home says; empty while nothing was published."""
    view = scene.world.slack.home(person)
    return words.of(view.content["blocks"]) if view else ""


def opens_home(scene, person: str, *texts: str) -> str:
    """Have somebody open the App Home, and demand that it comes to say all these texts."""
    scene.world.slack.opens_home(person)
    return shows(scene, person, *texts)


def shows(scene, person: str, *texts: str) -> str:
    """Demand that somebody's App Home comes to say all these texts, without their opening it again."""
    scene.until(f"{texts} on {person}'s home", lambda: all(text in home(scene, person) for text in texts))
    return home(scene, person)


def test_who_opens_it_first_is_told_what_it_is_for_and_sees_what_runs_where(scene):
    told = opens_home(scene, "omar", "*production* runs `v2.2`", "*staging* runs `v2.2`", "Recent deployments")
    assert "Hello, omar!" in told
    assert "Deploy…" in told
    assert "Roll back production to v2.1" in told
    assert "Hello" not in opens_home(scene, "ana", "*production* runs `v2.2`"), "ana has asked for deployments before"


def test_guests_and_strangers_see_nothing_of_it_and_are_not_written_to(scene):
    for person in ("gus", "sam"):
        told = opens_home(scene, person, "full members only")
        assert "production" not in told
        assert "v2" not in told
        assert scene.world.slack.private(person) == []


def test_what_waits_is_approved_from_it_and_it_follows_by_itself(scene):
    opens_home(scene, "ben", "*production* runs `v2.2`")
    opens_home(scene, "ana", "*production* runs `v2.2`")
    number = scene.asks("v2.3")
    shows(scene, "ben", "Waits for you", "wants to deploy `v2.3`", "Risks")
    shows(scene, "ana", "You asked for", f"#{number}")
    scene.presses("ben", "Approve", within="home")
    scene.is_told("ben", f"You approved #{number}")
    scene.shows(number, "deployed `v2.3` to *production*")
    told = shows(scene, "ben", "*production* runs `v2.3`")
    assert "Waits for you" not in told
    shows(scene, "ana", "*production* runs `v2.3`", "Roll back production to v2.2")


def test_a_form_opens_from_it(scene):
    slack = scene.world.slack
    opens_home(scene, "ana", "Deploy…")
    scene.presses("ana", "Deploy…", within="home")
    scene.until("the form", lambda: slack.modal("ana"))
    assert slack.submits("ana", {"environment": "production", "ref": "v2.3"}) == {}
    scene.is_told("ana", "v2.3", "needs 1 approval")


def test_going_back_from_it_asks_once_more_and_then_does_it(scene):
    opens_home(scene, "ana", "Roll back production to v2.1")
    scene.presses("ana", "Roll back production to v2.1", within="home")
    scene.is_told("ana", "Roll back production to v2.1?", "It served well since")
    scene.presses("ana", "deployment.rollback", within="private")
    scene.sees("production serves `v2.1` again")
    scene.serves("v2.1")
    shows(scene, "ana", "*production* runs `v2.1`")


def test_who_may_not_approve_finds_no_button_for_it(scene):
    scene.asks("v2.3")
    assert "Approve" not in opens_home(scene, "omar", "waits for approval")


def test_many_changes_do_not_storm_slack(scene):
    opens_home(scene, "ana", "Recent deployments")
    before = len(scene.world.slack.calls("views.publish"))
    scene.ships("v2.3")
    shows(scene, "ana", "*production* runs `v2.3`")
    drawn = len(scene.world.slack.calls("views.publish")) - before
    changes = scene.rows("SELECT sum(version) FROM deployment WHERE ref = 'v2.3'")[0][0]
    assert 0 < drawn < changes


def test_who_writes_to_it_instead_of_typing_a_command_is_told_what_to_type(scene):
    scene.world.slack.says("ana", "hello?", channel="dm")
    scene.is_told("ana", "I ship your releases", "/deploy status")
    scene.world.slack.says("ana", "deploy production v2.3", channel="dm")
    scene.is_told("ana", "You probably mean `/deploy production v2.3`")
    assert scene.newest() == 3


def test_help_is_for_the_one_who_asks(scene):
    scene.says("omar", "/deploy help")
    scene.is_told("omar", "/deploy resolve", "Your roles: `deployer`, `operator`")
    scene.says("ana", "/deploy statsu")
    scene.is_told("ana", "Did you mean `/deploy status`?")
