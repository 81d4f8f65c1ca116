"""After hours without Slack a channel is told in one message what it missed, and not in thirty."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.sandbox.slack import Kind, SlackThread
from bot.slack.digest import fold
from storage import outbox
from storage.models import OutboxRow, OutboxState, Saying
from storage.store import Store
from tests.builders import NOW
from tests.contracts.slack_house import world
from tests.contracts.slack_outbox import delivered, delivering, row, say

HOURS = timedelta(hours=3).total_seconds()


@pytest.fixture
def slack() -> Iterator[SlackThread]:
    with world() as thread:
        yield thread


def waiting(store: Store) -> list[OutboxRow]:
    with store.look() as session:
        return list(session.exec(select(OutboxRow).where(OutboxRow.state == OutboxState.WAITING)))


def fails(house: Any, number: int, kind: Saying = Saying.POST, channel: str = "deployments") -> None:
    text = f"production v2.{number} failed: web1 is not healthy. Rolled back to v2.2."
    say(house, kind, f"{kind}:{number}", channel=channel, payload={"text": f"{text}\nwith details"})


async def is_tried(house: Any, key: str) -> None:
    await house.until(lambda: row(house, key).error, f"a try of {key}")


async def test_what_was_to_be_said_in_three_hours_is_one_message_a_channel(store, slack):
    slack.server.faults.add(Kind.REFUSE)
    async with delivering(store, slack) as it:
        for number in range(15):
            fails(it, number)
            fails(it, number, Saying.ALERT, "alerts")
        await is_tried(it, "post:0")
        it.time.ahead += HOURS
        await it.until(lambda: len(waiting(store)) == 2, "one message a channel")
        slack.server.faults.clear()
        await it.until(lambda: not waiting(store), "all to be said")
    (said,) = slack.driver.messages("deployments")
    (alert,) = slack.driver.messages("alerts")
    assert said.text.startswith("*Late, because I could not reach Slack since <!date^")
    assert alert.text.startswith("🚨 *Late, because")
    told = re.findall(r"production v2\.(\d+) failed", said.text)
    assert told == [str(number) for number in range(15)]
    assert "details" not in said.text


async def test_what_comes_while_a_digest_waits_joins_it_and_the_newest_are_kept(store, slack):
    slack.server.faults.add(Kind.REFUSE)
    async with delivering(store, slack) as it:
        for number in range(20):
            fails(it, number)
        await is_tried(it, "post:0")
        it.time.ahead += HOURS
        await it.until(lambda: len(waiting(store)) == 1, "one message")
        for number in range(20, 30):
            fails(it, number)
        await it.until(lambda: len(waiting(store)) == 1, "still one message")
        slack.server.faults.clear()
        await it.until(lambda: not waiting(store), "all to be said")
    (said,) = slack.driver.messages("deployments")
    assert "… 10 earlier ones are left out" in said.text
    assert ("v2.9 failed" in said.text, "v2.10 failed" in said.text, "v2.29 failed" in said.text) == (False, True, True)


async def test_a_digest_whose_reply_was_lost_is_brought_up_to_date_and_not_said_again(store, slack):
    slack.server.faults.add(Kind.REFUSE)
    async with delivering(store, slack) as it:
        for number in range(4):
            fails(it, number)
        await is_tried(it, "post:0")
        it.time.ahead += HOURS
        await it.until(lambda: len(waiting(store)) == 1, "one message")
        slack.server.faults.add(Kind.LOST_REPLY, "chat.postMessage")
        slack.server.faults.clear(Kind.REFUSE)
        await it.until(lambda: slack.driver.messages("deployments"), "the digest")
        fails(it, 4)
        slack.server.faults.clear()
        await it.until(lambda: not waiting(store), "all to be said")
    said = [it.text for it in slack.driver.messages("deployments")]
    assert [text.startswith("*Late") for text in said].count(True) == 1
    assert sum(text.count("v2.4 failed") for text in said) == 1


def test_a_digest_that_began_while_another_was_being_sent_is_said_with_it_line_by_line(store):
    def late(session: Any, *numbers: int) -> None:
        for number in numbers:
            at, payload = NOW + timedelta(seconds=number), {"text": f"v2.{number} failed"}
            row = OutboxRow(kind=Saying.POST, key=str(number), channel="d", payload=payload, next_at=at, created_at=at)
            outbox.say(session, row)

    later = NOW + timedelta(hours=1)
    with store.begin() as session:
        late(session, *range(30))
        fold(session, now=later, under_way=())
        (first,) = outbox.loose(session)
        late(session, *range(30, 35))
        fold(session, now=later, under_way=(first.id,))
        fold(session, now=later, under_way=())
        (said,) = outbox.loose(session)
    text = said.payload["text"]
    assert ("… 15 earlier ones are left out" in text, text.count("failed"), text.count("*Late")) == (True, 20, 1)
    assert f"<!date^{int(NOW.timestamp())}^" in text


async def test_a_few_late_messages_are_said_as_they_are(store, slack):
    slack.server.faults.add(Kind.REFUSE)
    async with delivering(store, slack) as it:
        for number in range(3):
            fails(it, number)
        await is_tried(it, "post:0")
        it.time.ahead += HOURS
        slack.server.faults.clear()
        await delivered(it, "post:2")
    assert len(slack.driver.messages("deployments")) == 3


async def test_a_digest_is_never_given_up_however_long_slack_is_away(store, slack):
    slack.server.faults.add(Kind.REFUSE)
    async with delivering(store, slack) as it:
        for number in range(4):
            fails(it, number)
        await is_tried(it, "post:0")
        it.time.ahead += HOURS
        await it.until(lambda: len(waiting(store)) == 1, "one message")
        it.time.ahead += timedelta(days=3).total_seconds()
        await it.until(lambda: waiting(store)[0].error, "a try")
        slack.server.faults.clear()
        await it.until(lambda: not waiting(store), "all to be said")
    assert len(slack.driver.messages("deployments")) == 1


async def test_a_clock_that_is_set_back_by_hours_delays_nothing(store, slack):
    slack.server.faults.add(Kind.REFUSE)
    async with delivering(store, slack) as it:
        fails(it, 1)
        await is_tried(it, "post:1")
        it.time.back += timedelta(hours=5)
        await it.until(lambda: row(it, "post:1").attempts > 1, "another try")
        slack.server.faults.clear()
        await delivered(it, "post:1")
