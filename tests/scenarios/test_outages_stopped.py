"""Told to stop at any point of a deployment's life it ends in order, and the next start goes on as if nothing was."""

import pytest

pytestmark = pytest.mark.timeout(300)


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
