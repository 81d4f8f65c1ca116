"""Maintenance on real hosts: visitors read the message, and are let in again by themselves, also after a crash."""

import re
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing

import pytest

from tests.scenarios.kit import HOSTS, Scene

pytestmark = pytest.mark.slow


def visit(scene: Scene, name: str) -> tuple[int, str]:
    """Return what a visitor of a host gets to see."""
    host = scene.world.host(name)
    try:
        with urllib.request.urlopen(f"http://{host.address}:{host.port}/", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def are_told(scene: Scene, status: int, text: str) -> None:
    for name in HOSTS:
        scene.until(f"{name} to say {text}", lambda name=name: _says(visit(scene, name), status, text))


def _says(seen: tuple[int, str], status: int, text: str) -> bool:
    return seen[0] == status and text in seen[1]


def makes_earlier(scene: Scene, by: str) -> None:
    """Have the maintenance end earlier than it was said, while nobody looks."""
    with closing(sqlite3.connect(scene.world.state / "shipmate.db")) as database, database:
        database.execute("UPDATE maintenance SET until = strftime('%Y-%m-%d %H:%M:%f000', until, ?)", (by,))


def test_visitors_read_why_they_are_kept_out_until_somebody_lets_them_in(scene):
    """A message with everything that a shell could trip over arrives as it was typed; a deployment leaves it on."""
    scene.says("omar", "/ops maintenance on production --message “It's $(late) & `id`”")
    scene.presses("omar", "Maintenance on", within="private")
    scene.sees("*production* is in maintenance, switched on by <@U0OMAR>")
    are_told(scene, 503, "It's $(late) & `id`")
    scene.ships("v2.3")
    scene.sees("It leaves that as it is")
    are_told(scene, 503, "It's $(late) & `id`")
    scene.says("omar", "/ops maintenance off production")
    scene.sees("Maintenance of *production* is over: <@U0OMAR> ended it")
    are_told(scene, 200, "v2.3")


def test_it_ends_right_after_the_start_when_the_bot_was_dead_at_its_time(scene):
    scene.says("omar", "/ops maintenance on production --for 1m --yes")
    scene.sees("*production* is in maintenance")
    are_told(scene, 503, "We are working on it")
    scene.world.bot.kill()
    makes_earlier(scene, "-2 minutes")
    assert visit(scene, "web1")[0] == 503
    scene.world.bot.start()
    scene.sees("is over: its time was up")
    are_told(scene, 200, "v2.2")
    actions = [(who, what) for who, what, _ in scene.audited() if re.match("maintenance", what)]
    assert actions[-2:] == [("U0OMAR", "maintenance.on"), ("shipmate", "maintenance.off")]
