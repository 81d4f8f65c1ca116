"""A clock that is set an hour on, and back again, while something is under way: what people see stays right."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.sandbox.bot_process import Wanted
from tests.scenarios.clocked import SET
from tests.scenarios.kit import Scene

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).resolve().parents[2]
HOUR = 3600


def clocked(wanted: Wanted) -> subprocess.Popen[bytes]:
    """Start the bot with the clock that the tests here set."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.scenarios.clocked"],
        cwd=wanted.folder,
        env={**wanted.variables, "PYTHONPATH": str(ROOT)},
        stdout=wanted.out,
        stderr=wanted.err,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def scene(opens: Callable[..., Scene]) -> Scene:
    return opens(launch=clocked)


def sets_on(scene: Scene, seconds: float) -> None:
    """Set the bot's clock on, from the time that it really is."""
    fresh = scene.world.state / f"{SET}.next"
    fresh.write_text(str(seconds))
    os.replace(fresh, scene.world.state / SET)


def test_a_deployment_under_way_goes_on_and_ends_well(scene):
    scene.pushes_held("long")
    number = scene.begins("long")
    scene.holds()
    sets_on(scene, HOUR)
    scene.shows(number, "Abort")
    scene.lets_go()
    scene.serves("long", "web1")
    sets_on(scene, 0)
    scene.comes_to(number, "succeeded")
    scene.serves("long")
    card = scene.shows(number, "deployed `long` to *production*")
    assert " -" not in card
    assert len(scene.cards(number)) == 1
    assert not [it for it in scene.world.slack.messages() if "I could not reach Slack" in it.words]
    assert scene.ran_twice() == []
    scene.goes_back()
    scene.serves("v2.2")
