"""Told to stop at any point of a deployment's life it ends in order, and the next start goes on as if nothing was."""

import pytest

from tests.scenarios.held import migrating

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

AUTOMATIC = "automatic = true\n"
VETO = f'{AUTOMATIC}veto = "10m"\n'


@pytest.fixture
def hesitant(calm):
    """Give the world whose bot asks before it takes a release back."""
    calm.reconfigures((AUTOMATIC, VETO))
    yield calm
    calm.reconfigures((VETO, AUTOMATIC))


def restarts(scene) -> None:
    """Stop the bot as a service manager does, and start it again."""
    assert scene.world.bot.stop() == 0
    scene.world.bot.start()


def told_of(scene, number: int) -> int:
    """Return how often the thread of a deployment was told that the bot restarts, once all is said."""
    said = "SELECT state FROM outbox WHERE deployment_id = ? AND key LIKE 'restarting:%'"
    scene.until("all to be said", lambda: all(state.lower() == "delivered" for (state,) in scene.rows(said, number)))
    return len(scene.rows(said, number))


def test_what_waits_for_people_or_for_its_turn_or_builds_waits_on_through_a_restart(calm):
    calm.pushes_held("patient")
    number = calm.asks("patient")
    restarts(calm)
    calm.world.connected()
    calm.shows(number, "Approve")
    calm.presses("ben", "Approve")
    calm.holds()
    assert calm.status(number) == "preparing"
    second = calm.asks("v2.3")
    calm.presses("ben", "Approve")
    calm.comes_to(second, "queued")
    restarts(calm)
    calm.world.connected()
    assert (calm.status(number), calm.status(second)) == ("preparing", "queued")
    calm.says("ana", f"/deploy cancel {second}")
    calm.comes_to(second, "cancelled")
    calm.lets_go()
    calm.comes_to(number, "succeeded")
    calm.shows(number, "deployed `patient` to *production*")
    assert (told_of(calm, number), told_of(calm, second)) == (1, 0)
    assert calm.ran_twice() == []


def test_stopped_while_a_release_is_watched_and_while_it_goes_back_it_comes_back_all_the_same(calm):
    number = calm.asks("v2.4")
    calm.presses("ben", "Approve")
    stops = 0
    for status in ("verifying", "rolling_back"):
        stops += calm.comes_to(number, status, "rolled_back") == status
        restarts(calm)
    calm.comes_to(number, "rolled_back")
    calm.shows(number, "I went back", "web1 is not healthy")
    assert told_of(calm, number) == stops
    assert calm.world.host("web1").serves == calm.world.host("web2").serves
    assert calm.ran_twice() == []


def test_stopped_while_it_asks_and_when_somebody_has_held_it_the_question_and_the_answer_stay(hesitant):
    number = hesitant.asks("v2.4")
    hesitant.presses("ben", "Approve")
    hesitant.shows(number, "is not well; I am about to go back", "unless somebody holds me")
    asked = "SELECT id, until, answer FROM hold WHERE deployment_id = ?"
    question = hesitant.rows(asked, number)
    restarts(hesitant)
    hesitant.world.connected()
    hesitant.shows(number, "is not well; I am about to go back", "unless somebody holds me")
    assert (hesitant.status(number), hesitant.rows(asked, number)) == ("holding", question)
    hesitant.presses("ben", "hold.hold")
    hesitant.comes_to(number, "incomplete")
    said = hesitant.shows(number, "stopped half way, and needs somebody", "because <@U0BEN> held it")
    restarts(hesitant)
    hesitant.world.connected()
    assert (hesitant.status(number), hesitant.card(number)) == ("incomplete", said)
    assert told_of(hesitant, number) == 1, "what waits for a person does not continue by itself"
    hesitant.goes_back()
    hesitant.shows(number, "gave way to another deployment")
    assert hesitant.ran_twice() == []


def test_stopped_while_it_cannot_tell_of_a_step_it_asks_on_and_stopped_in_that_step_it_runs_it_once(calm):
    calm.pushes("unsure", migrating(calm, "unsure"))
    number = calm.begins("unsure")
    calm.holds("web1")
    web1 = calm.world.host("web1")
    web1.goes_away()
    web1.comes_back()
    calm.comes_to(number, "unknown")
    asks = ("I cannot tell what became of a step", "It ran on web1", "It did not run on web1")
    calm.shows(number, *asks)
    restarts(calm)
    calm.world.connected()
    calm.shows(number, *asks)
    assert (calm.status(number), told_of(calm, number)) == ("unknown", 0)
    (web1.home / "held").unlink()
    calm.presses("omar", "It did not run on web1")
    calm.holds("web1")
    assert calm.status(number) == "running"
    restarts(calm)
    calm.lets_go()
    calm.comes_to(number, "succeeded")
    calm.shows(number, "deployed `unsure` to *production*")
    assert told_of(calm, number) == 1
    assert calm.rows("SELECT max(attempt) FROM step WHERE deployment_id = ? AND kind = 'migrate'", number) == [(2,)]
    assert calm.ran_twice() == []
