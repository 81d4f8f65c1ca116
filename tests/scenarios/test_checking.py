"""The morning check, on demand and by the clock, from the slash command to the card; and what people tick on it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.slack.entities import Channel, Message
from tests.scenarios.kit import PATIENCE, Scene

HOURLY = '[[schedules]]\nname = "hourly"\nchecklist = "daily"\ncron = "0 * * * *"\n\n'
MORNINGS = '[[schedules]]\nname = "m"\nchecklist = "daily"\ncron = "0 9 * * *"\nchannel = "mornings"\n\n'


def checks(scene: Scene, title: str = "Morning check") -> list[Message]:
    return [it for it in scene.world.slack.messages() if it.words.startswith(title)]


def checked(scene: Scene, *texts: str, count: int = 1, title: str = "Morning check") -> str:
    """Wait for the newest card of a check to say all these texts; there must be so many cards."""

    def found() -> str:
        cards = checks(scene, title)
        return cards[-1].words if len(cards) >= count and all(text in cards[-1].words for text in texts) else ""

    told: str = scene.until(f"{texts} on the card of a check", found)
    assert len(checks(scene, title)) == count
    return told


def box(message: Message, text: str) -> str:
    """Return the id of the box beside a text."""
    rows = [block for block in message.blocks if block["type"] == "actions"]
    return next(row["block_id"] for row in rows if row["elements"][0]["options"][0]["text"]["text"] == text)


def writes(scene: Scene, statement: str, *values: object) -> None:
    """Change the database of a bot that is not running."""
    with closing(sqlite3.connect(scene.world.state / "shipmate.db", timeout=10)) as database, database:
        database.execute(statement, values)


def test_a_check_on_demand_is_promised_at_once_and_told_on_a_card(scene):
    scene.says("ana", "/ops chekc")
    scene.is_told("ana", "Did you mean `/ops check`?")
    scene.says("gus", "/ops check")
    scene.is_told("gus", "I take nothing from guests")
    assert checks(scene) == []
    scene.says("ana", "/ops check")
    scene.is_told("ana", "I am looking at the daily checklist. The card comes in #deployments within seconds.")
    card = checked(scene, "Morning check", "Asked for by <@U0ANA>")
    assert "*Health* · " in card
    assert "*Log errors* · production · web1: 4 error lines" in card
    assert "ERROR call 4790: the carrier hung up after 8 s (×3)" in card
    assert "“the queue runs” on both hosts" in card
    assert "*Backup* · production: the newest is" in card
    assert "*Versions* · staging and production: v2.2" in card
    assert "*Deployments* · 3 succeeded" in card


def test_what_is_sick_gone_or_different_is_told_with_what_to_do(scene):
    scene.world.host("web1").sick()
    scene.world.host("web2").goes_away()
    scene.says("ana", "/ops check production")
    card = checked(scene, "Morning check of production")
    assert ":red_circle: *Queue* · production · web1: “the queue is not running” (exit code 1)" in card
    assert "→ Look at the queue workers on the host, and restart them." in card
    assert ":red_circle: *Health* · production" in card
    assert "web2: it cannot be reached" in card
    assert "→ See whether it is up: `shipmate check`." in card
    assert ":large_green_circle: *Backup*" in card, "the rest appears all the same"


def test_a_bot_that_is_killed_while_it_looks_posts_the_card_once_after_its_restart(scene):
    scene.world.host("web2").freezes()
    scene.says("ana", "/ops check")
    scene.is_told("ana", "I am looking")
    scene.until("the look to begin", lambda: scene.rows("SELECT id FROM checklist_run WHERE attempts > 0"))
    scene.world.bot.kill()
    assert checks(scene) == []
    scene.world.host("web2").thaws()
    scene.world.bot.start()
    checked(scene, "Asked for by <@U0ANA>", "“the queue runs” on both hosts")
    scene.says("ana", "/deploy status")
    scene.is_told("ana", "*production* runs")
    assert len(checks(scene)) == 1


def test_a_bot_that_was_down_over_several_slots_posts_the_newest_once_and_says_what_was_missed(scene):
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    scene.world.bot.stop()
    scene.configures(("[recipes.web]", f"{HOURLY}[recipes.web]"))
    begun = (hour - timedelta(hours=3, minutes=-1)).strftime("%Y-%m-%d %H:%M:%S.000000")
    writes(scene, "INSERT INTO schedule_slot VALUES ('hourly', 'begin', ?, ?)", begun, begun)
    scene.world.bot.start()
    checked(scene, "I missed 2 checks before it")
    scene.world.bot.kill()
    scene.world.bot.start()
    scene.world.connected()
    scene.says("ana", "/ops check")
    checked(scene, "Asked for by <@U0ANA>", count=2)
    assert len(scene.rows("SELECT id FROM checklist_run WHERE schedule = 'hourly'")) == 1


def test_people_tick_on_the_weekly_card_what_they_have_done_and_all_see_who_and_when(scene):
    scene.says("ana", "/ops check weekly")
    checked(scene, "For people* · 5 left", title="Weekly check")
    (card,) = checks(scene, "Weekly check")
    task = "Review the pull requests that wait"
    scene.world.slack.chooses("ana", box(card, task), "done", timeout=PATIENCE)
    checked(scene, "For people* · 4 left", title="Weekly check")
    (card,) = checks(scene, "Weekly check")
    (row,) = (block for block in card.blocks if block.get("block_id") == box(card, task))
    assert row["elements"][0]["initial_options"][0]["description"]["text"].startswith("ana, ")
    scene.world.slack.chooses("gus", box(card, "Plan this week's deployments"), "done", timeout=PATIENCE)
    scene.is_told("gus", "I take nothing from guests")
    scene.world.slack.chooses("ben", box(card, task), "", timeout=PATIENCE)
    checked(scene, "For people* · 5 left", title="Weekly check")
    done = scene.rows("SELECT action, actor FROM audit WHERE action LIKE 'checklist.%' ORDER BY number")
    assert done == [("checklist.asked", "U0ANA"), ("checklist.ticked", "U0ANA"), ("checklist.unticked", "U0BEN")]


def test_a_card_whose_channel_is_not_there_is_told_where_it_can_be(scene):
    scene.reconfigures(("[recipes.web]", f"{MORNINGS}[recipes.web]"))
    scene.says("ana", "/ops check")
    scene.is_told("ana", "The card comes in #mornings")
    told = scene.sees("This belongs in #mornings, where I cannot post")
    assert "Log errors" in told.words


@pytest.fixture
def deployments_channel(scene) -> Iterator[Channel]:
    """Give the channel of the cards, and put it right afterwards."""
    channel = next(it for it in scene.world.workspace.channels.values() if it.name == "deployments")
    yield channel
    channel.name, channel.archived = "deployments", False


def test_a_card_whose_channel_was_renamed_or_archived_is_told_where_it_can_be(scene, deployments_channel):
    def elsewhere() -> list[str]:
        said = [it.words for it in scene.world.slack.messages("alerts")]
        return [it for it in said if "This belongs in #deployments, where I cannot post" in it and "Log errors" in it]

    deployments_channel.name = "what-goes-live"
    scene.world.slack.says("ana", "/ops check", channel="general")
    scene.until("the card where it can be", lambda: len(elsewhere()) == 1)
    deployments_channel.name, deployments_channel.archived = "deployments", True
    scene.world.slack.says("ana", "/ops check", channel="general")
    scene.until("the second one as well", lambda: len(elsewhere()) == 2)
