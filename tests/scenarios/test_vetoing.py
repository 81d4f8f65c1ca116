"""Time to say no before a release comes back: held, unanswered while the bot is dead, and cut short."""

import pytest

from bot.sandbox.world import World
from tests.scenarios.kit import Scene

pytestmark = pytest.mark.slow

AUTOMATIC = "automatic = true\n"


def with_veto(scene: Scene, veto: str) -> None:
    scene.reconfigures((AUTOMATIC, f'{AUTOMATIC}veto = "{veto}"\n'))


def served(world: World) -> list[str | None]:
    return [world.host(name).serves for name in ("web1", "web2")]


def asked(scene: Scene, number: int) -> tuple[str, str]:
    """Return until when a deployment waits for an answer, once it does, and what was answered."""
    found = scene.until(
        "the question", lambda: scene.rows("SELECT until, answer FROM hold WHERE deployment_id = ?", number)
    )
    return str(found[0][0]), str(found[0][1] or "")


def test_an_approver_holds_a_sick_release_and_a_person_takes_it_back_later(scene):
    with_veto(scene, "5m")
    number = scene.begins("v2.4")
    scene.shows(number, "is not well; I am about to go back", "unless somebody holds me")
    scene.sees("is not well, and I am about to take it back", "alerts")
    scene.presses("ben", "hold.hold")
    scene.comes_to(number, "incomplete")
    scene.shows(number, "It stays as it is, because <@U0BEN> held it")
    assert served(scene.world) == ["v2.4", "v2.2"]
    assert [who for who, _, _ in scene.audited("hold.answered")] == ["U0BEN"]
    scene.goes_back()
    scene.serves("v2.2")


def test_who_may_deploy_cannot_hold_and_can_have_it_go_back_at_once(scene):
    with_veto(scene, "10m")
    number = scene.begins("v2.4")
    scene.shows(number, "unless somebody holds me")
    seen = scene.sees_card(number)
    scene.presses_seen("ana", seen, "hold.hold")
    scene.until("the refusal", lambda: "role" in scene.refusals("ana"))
    scene.presses("ana", "hold.back")
    scene.comes_to(number, "rolled_back")
    scene.serves("v2.2")
    assert asked(scene, number)[1] == "back"


def test_a_bot_that_is_killed_while_it_waits_goes_back_when_the_time_is_over(scene):
    with_veto(scene, "12s")
    number = scene.begins("v2.4")
    until, answer = asked(scene, number)
    assert answer == ""
    scene.world.bot.kill()
    scene.world.bot.start()
    scene.comes_to(number, "rolled_back")
    scene.serves("v2.2")
    assert asked(scene, number) == (until, "back")
    assert scene.ran_twice() == []
    assert len(scene.rows("SELECT id FROM hold WHERE deployment_id = ?", number)) == 1


def test_what_was_answered_while_the_bot_was_dying_is_done_by_the_next(scene):
    with_veto(scene, "10m")
    number = scene.begins("v2.4")
    asked(scene, number)
    scene.world.bot.kill()
    code, printed = scene.shipmate("deploy", "answer", str(number), "hold")
    assert code == 0, printed
    scene.world.bot.start()
    scene.comes_to(number, "incomplete")
    assert served(scene.world) == ["v2.4", "v2.2"]
    assert scene.ran_twice() == []


def test_a_release_that_turns_sick_after_it_was_served_comes_back_by_itself(scene):
    scene.reconfigures(('blame_window = "0s"', 'blame_window = "30m"'))
    number = scene.ships("v2.3")
    scene.world.host("web2").sick()
    begun = "SELECT id FROM deployment WHERE undoes = ? AND requested_by = 'shipmate'"
    scene.until("the way back", lambda: scene.rows(begun, number))
    scene.world.host("web2").sick(False)
    scene.serves("v2.2")
    scene.shows(number, "Taken back by")
    scene.sees("was served", "alerts")
    scene.says("ana", "/deploy production v2.3")
    scene.is_told("ana", "was taken back on production before", "--again")


def test_a_rollback_that_does_not_help_is_not_rolled_back_and_freezes_until_a_person_lifts_it(scene):
    scene.reconfigures(('blame_window = "0s"', 'blame_window = "30m"'))
    number = scene.ships("v2.3")
    scene.world.host("web2").sick()
    begun = "SELECT id FROM deployment WHERE undoes = ? AND requested_by = 'shipmate'"
    [(back,)] = scene.until("the way back", lambda: scene.rows(begun, number))
    scene.comes_to(back, "incomplete")
    scene.world.host("web2").sick(False)
    scene.says("ana", "/deploy production v2.2")
    scene.is_told("ana", "is frozen by Shipmate", "/ops unfreeze production")
    assert len(scene.rows("SELECT id FROM deployment WHERE requested_by = 'shipmate'")) == 1
    scene.says("omar", "/ops unfreeze production")
    scene.is_told("omar", "can be deployed to again")


def test_an_emergency_goes_past_approval_and_is_nagged_about_until_somebody_looks_back(scene):
    table = '[environments.production.emergency]\nrole = "operator"\nskip_approvals = true\n\n'
    scene.reconfigures(
        ('strategies = ["rolling"]', 'strategies = ["rolling", "emergency"]'),
        ("[environments.production.rollback]", f"{table}[environments.production.rollback]"),
    )
    scene.says("ana", "/deploy production v2.3 --strategy emergency --reason the shop is down")
    scene.until("the refusal", lambda: "role" in scene.refusals("ana"))
    scene.says("omar", "/deploy production v2.3 --strategy emergency --reason the shop is down")
    scene.sees("*Emergency*: <@U0OMAR> sends `v2.3` to *production*")
    scene.sees("It goes past approval", "alerts")
    scene.serves("v2.3")
    number = scene.newest()
    scene.shows(number, "Somebody has to look back on this emergency")
    scene.says("ben", f"/ops review {number} the fix holds, and the test is written")
    scene.shows(number, "looked back: the fix holds, and the test is written")


def test_a_frozen_environment_refuses_with_who_and_why_until_it_is_lifted(scene):
    scene.says("omar", "/ops freeze production --for 2h --reason we count the stock")
    scene.is_told("omar", "is frozen")
    scene.says("ana", "/deploy production v2.3")
    scene.is_told("ana", "by omar", "we count the stock", "/ops unfreeze production")
    scene.goes_back()
    scene.serves("v2.1")
    scene.says("omar", "/ops unfreeze production")
    scene.is_told("omar", "can be deployed to again")
    scene.ships("v2.3")
