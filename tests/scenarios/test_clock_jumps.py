"""A clock that is set hours on, or hours back, while something is under way: what people see stays right."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox.bot_process import Wanted, launched
from bot.sandbox.configuration import Pace
from tests.scenarios.clocked import SET
from tests.scenarios.kit import Scene

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
HOURS = 3 * 3600
WATCHED = 3
ON, BACK = HOURS, -HOURS
WAYS = pytest.mark.parametrize("way", [ON, BACK], ids=["on", "back"])


def clocked(wanted: Wanted) -> subprocess.Popen[bytes]:
    """Start the bot with the clock that the tests here set; the command line beside it has the right one."""
    if wanted.words != ("run",):
        return launched(wanted)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.scenarios.clocked"],
        cwd=wanted.folder,
        env={**wanted.variables, "PYTHONPATH": str(ROOT)},
        stdout=wanted.out,
        stderr=wanted.err,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def shared_launch():
    return clocked


@pytest.fixture(scope="module")
def shared_pace() -> Pace:
    return Pace(window=f"{WATCHED}s", interval="200ms", expires="30m")


@pytest.fixture(scope="module")
def hesitant(shared_world) -> None:
    """Let the file's world ask before it takes a release back."""
    Scene(shared_world).reconfigures(("automatic = true\n", 'automatic = true\nveto = "10m"\n'))


@pytest.fixture
def scene(calm, hesitant) -> Iterator[Scene]:
    """Give the world that the stories share, its clock set right at the beginning and at the end."""
    assert not set_by(calm)
    yield calm
    sets_on(calm, 0)
    calm.clears_away()
    comes_to_time(calm, 0)


def sets_on(scene: Scene, seconds: float) -> None:
    """Set the bot's clock on, from the time that it really is."""
    fresh = scene.world.state / f"{SET}.next"
    fresh.write_text(str(seconds))
    os.replace(fresh, scene.world.state / SET)


def set_by(scene: Scene) -> int:
    """Return by how many hours the bot's time is another than ours, as its heart tells it."""
    ahead = "SELECT round((julianday(beat_at) - julianday('now')) * 24) FROM leadership"
    return int(scene.rows(ahead)[0][0])


def comes_to_time(scene: Scene, seconds: int) -> None:
    """Wait until the bot has taken over how its clock was set."""
    scene.until("the time to be taken over", lambda: set_by(scene) == seconds // 3600)


def beats_on(scene: Scene, times: int = 3) -> None:
    """Wait for some beats of the bot's heart: each of its jobs has looked again by then."""
    beats = "SELECT beat_at FROM leadership"
    for _ in range(times):
        last = scene.rows(beats)
        scene.until("a beat", lambda last=last: scene.rows(beats) != last)


def said_of_the_clock(scene: Scene) -> list[str]:
    """Return what was said of the clock since the story began."""
    said = (it for it in scene.world.slack.messages("alerts") if it.ts > scene.since)
    return [it.words for it in said if "My clock was set" in it.words]


@WAYS
def test_a_request_waits_as_long_as_was_said_and_people_are_told_of_the_clock(scene, way):
    number = scene.asks("v2.3")
    before = scene.card(number)
    sets_on(scene, way)
    comes_to_time(scene, way)
    said = scene.sees("My clock was set", "alerts").words
    assert f"set {'on' if way > 0 else 'back'} by 3 h. What waits for approval waits as long as before" in said
    assert scene.status(number) == "awaiting_approval"
    left = "SELECT (julianday(expires_at) - julianday('now')) * 1440 FROM deployment WHERE id = ?"
    assert 0 < scene.rows(left, number)[0][0] - way / 60 <= 30
    scene.until("the card to say until when", lambda: scene.card(number) != before)
    scene.shows(number, "Approve", "Needs 1 approval")
    scene.says("ana", f"/deploy cancel {number}")
    scene.shows(number, "was cancelled")


@WAYS
def test_a_deployment_whose_step_runs_goes_on_by_the_time_that_has_passed(scene, way):
    branch = f"long-{'on' if way > 0 else 'back'}"
    scene.pushes_held(branch)
    number = scene.begins(branch)
    scene.holds()
    sets_on(scene, way)
    scene.shows(number, "Abort")
    scene.lets_go()
    scene.comes_to(number, "succeeded")
    scene.serves(branch)
    card = scene.shows(number, f"deployed `{branch}` to *production*")
    assert " -" not in card
    assert " h " not in card, "nothing has taken hours"
    assert not [it for it in scene.world.slack.messages() if "I could not reach Slack" in it.words]
    comes_to_time(scene, way)
    scene.goes_back()
    scene.serves("v2.2")
    assert scene.ran_twice() == []


@WAYS
def test_a_release_is_watched_as_long_as_ever_and_no_longer(scene, way):
    number = scene.begins("v2.3")
    scene.comes_to(number, "verifying")
    sets_on(scene, way)
    scene.comes_to(number, "succeeded")
    scene.shows(number, "deployed `v2.3` to *production*")
    scene.serves("v2.3")
    watched = "SELECT (julianday(finished_at) - julianday(started_at)) * 86400 FROM step WHERE deployment_id = ?"
    took = [seconds for (seconds,) in scene.rows(f"{watched} AND kind = 'verify' ORDER BY id", number)]
    assert took[0] >= WATCHED, "the first host is under watch before anybody else gets it"
    assert max(took) < 600
    scene.goes_back()
    scene.serves("v2.2")
    assert scene.ran_twice() == []


@WAYS
def test_people_have_their_time_to_say_no_to_a_way_back(scene, way):
    number = scene.begins("v2.4")
    scene.shows(number, "is not well; I am about to go back", "unless somebody holds me")
    sets_on(scene, way)
    beats_on(scene)
    assert scene.status(number) == "holding"
    scene.shows(number, "unless somebody holds me")
    assert not said_of_the_clock(scene), "nothing is taken over while people are waited for"
    scene.presses("ben", "hold.back")
    scene.comes_to(number, "rolled_back")
    scene.shows(number, "I went back")
    comes_to_time(scene, way)
    scene.until("people to be told of it", lambda: len(said_of_the_clock(scene)) == 1)
    scene.serves("v2.2")
    assert scene.ran_twice() == []


def test_who_leads_goes_on_leading_and_the_command_line_hears_its_heart(scene):
    led = scene.rows("SELECT epoch, holder FROM leadership")
    sets_on(scene, BACK)
    comes_to_time(scene, BACK)
    scene.ships("v2.3")
    code, printed = scene.shipmate("rollback", "latest", "production")
    assert (code, "No bot is running" in printed) == (0, False), printed
    scene.serves("v2.2")
    assert scene.world.bot.runs
    assert scene.rows("SELECT epoch, holder FROM leadership") == led
    assert scene.ran_twice() == []
