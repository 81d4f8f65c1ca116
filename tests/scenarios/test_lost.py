"""A deployment whose place in the engine is gone is not left running for ever."""

import sqlite3
from contextlib import closing

import pytest

pytestmark = pytest.mark.slow


def test_what_has_lost_its_workflow_is_taken_up_and_its_thread_says_so(scene):
    number = scene.begins("v2.3")
    scene.world.bot.kill()
    with closing(sqlite3.connect(scene.world.state / "shipmate.db")) as engine, engine:
        engine.execute("DELETE FROM workflow_status WHERE workflow_uuid LIKE ?", (f"deployment-{number}%",))
    scene.world.bot.start()
    scene.comes_to(number, "succeeded")
    card = scene.cards(number)[-1]
    scene.until("the thread to say so", lambda: _told(scene, card))
    assert not scene.ran_twice()


def _told(scene, card) -> list[str]:
    return [said.words for said in scene.world.slack.thread(card) if "lost track" in said.words]
