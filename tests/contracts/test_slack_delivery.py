"""The outbox goes out whatever Slack does: once, in order, plainly where it must, and to a card always the newest."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.sandbox.slack import Kind, SlackThread
from bot.slack.posting import Message
from storage.models import OutboxRow, OutboxState, Saying
from tests.contracts.slack_house import world
from tests.contracts.slack_outbox import acts, card, delivered, delivering, given_up, row, say

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*production* ← `v2.3`"}}


@pytest.fixture
def slack() -> Iterator[SlackThread]:
    with world() as thread:
        yield thread


async def test_a_card_is_posted_once_and_then_edited(store, slack):
    seen = {"version": 1}

    def render(_: int) -> Message:
        return Message(f"v{seen['version']}", (SECTION,), seen["version"])

    async with delivering(store, slack, render=render) as it:
        number = card(it)
        first = await delivered(it, f"card:{number}")
        seen["version"] = 2
        card(it, lambda deployment: setattr(deployment, "version", 2), number)
        await it.until(lambda: row(it, f"card:{number}").shown == 2)
    (message,) = slack.driver.messages()
    assert (message.ts, first.channel, first.shown) == (first.ts, "C0DEPLOY", 1)
    assert len(slack.driver.calls("chat.update")) == 1


async def test_many_changes_of_a_card_become_few_edits_that_end_with_the_newest(store, slack):
    seen = {"version": 1}
    async with delivering(store, slack, render=lambda _: Message(f"v{seen['version']}", (), seen["version"])) as it:
        number = card(it)
        await delivered(it, f"card:{number}")
        slack.server.faults.add(Kind.SERVER_ERROR, "chat.update")
        for version in range(2, 30):
            seen["version"] = version
            card(it, lambda deployment, version=version: setattr(deployment, "version", version), number)
        slack.server.faults.clear()
        await it.until(lambda: row(it, f"card:{number}").shown == 29)
    assert slack.driver.messages()[0].text == "v29"
    assert len(slack.driver.calls("chat.update")) <= 3


@pytest.mark.parametrize("kind", [Saying.CARD, Saying.POST])
async def test_a_lost_reply_makes_no_second_message(store, slack, kind):
    slack.server.faults.add(Kind.LOST_REPLY, "chat.postMessage", times=1)
    async with delivering(store, slack) as it:
        if kind is Saying.CARD:
            key = f"card:{card(it)}"
        else:
            key = "failure:1"
            say(it, kind, key, channel="deployments", payload={"text": "it failed"})
        found = await delivered(it, key)
    assert [message.ts for message in slack.driver.messages()] == [found.ts]


async def test_a_try_that_a_crash_cut_short_is_looked_for_before_posting(store, slack):
    async with delivering(store, slack) as it:
        key = f"card:{card(it)}"
        first = await delivered(it, key)
    with store.begin() as session:
        stored_row = session.get(OutboxRow, first.id)
        stored_row.ts, stored_row.state, stored_row.attempts, stored_row.shown = "", OutboxState.WAITING, 1, 0
        session.add(stored_row)
    async with delivering(store, slack) as it:
        assert (await delivered(it, key)).ts == first.ts
    assert len(slack.driver.messages()) == 1


async def test_a_card_that_somebody_deleted_is_posted_anew(store, slack):
    async with delivering(store, slack) as it:
        number = card(it)
        first = await delivered(it, f"card:{number}")
        slack.server.faults.add(Kind.ERROR, "chat.update", times=1, detail="message_not_found")
        card(it, lambda deployment: setattr(deployment, "version", 2), number)
        await it.until(lambda: row(it, f"card:{number}").ts != first.ts)
    assert len(slack.driver.messages()) == 2


@pytest.mark.parametrize("fault", [Kind.RATE_LIMITED, Kind.SERVER_ERROR, Kind.REFUSE])
async def test_slack_in_trouble_only_delays(store, slack, fault):
    slack.server.faults.add(fault, times=2)
    async with delivering(store, slack) as it:
        key = f"card:{card(it)}"
        await delivered(it, key)
    assert len(slack.driver.messages()) == 1


async def test_a_rate_limit_is_waited_out(store, slack):
    slack.server.faults.add(Kind.RATE_LIMITED, "chat.postMessage", seconds=1.5)
    async with delivering(store, slack) as it:
        await delivered(it, f"card:{card(it)}")
    refused = [call for call in slack.server.workspace.calls if call.outcome == Kind.RATE_LIMITED]
    assert 1 <= len(refused) <= 2


async def test_a_message_for_a_channel_that_is_not_there_is_said_plainly_where_it_can_be(store, slack):
    async with delivering(store, slack) as it:
        say(it, Saying.POST, "lost:1", channel="nowhere", payload={"text": "it failed", "blocks": [SECTION]})
        await delivered(it, "lost:1")
        (message,) = slack.driver.messages()
        assert "it failed" in message.text
        assert "This belongs in #nowhere" in message.text
        assert message.blocks == []
        ((action, why),) = acts(it)
    assert action == "message.said_plainly"
    assert "channel_not_found" in why


async def test_a_card_whose_channel_went_away_lives_on_in_another(store, slack):
    slack.server.workspace.leave("deployments", "U0SHIP")
    async with delivering(store, slack) as it:
        number = card(it)
        found = await delivered(it, f"card:{number}")
        assert found.channel == "C0GEN"
        card(it, lambda deployment: setattr(deployment, "version", 2), number)
        await it.until(lambda: slack.driver.calls("chat.update"), "an edit")
    assert slack.driver.messages("deployments") == []
    assert len(slack.driver.messages("general")) == 1


async def test_blocks_that_slack_refuses_are_said_plainly(store, slack):
    bad = ({"type": "section"}, *[SECTION] * 60)
    async with delivering(store, slack, render=lambda _: Message("all of it in words", bad, 1)) as it:
        number = card(it)
        await delivered(it, f"card:{number}")
        card(it, lambda deployment: setattr(deployment, "version", 2), number)
        await it.until(lambda: slack.driver.calls("chat.update"), "an edit")
        assert [action for action, _ in acts(it)] == ["message.said_plainly"]
    (message,) = slack.driver.messages()
    assert (message.text, message.blocks) == ("all of it in words", [])


async def test_what_belongs_in_a_cards_thread_waits_for_the_card(store, slack):
    slack.server.faults.add(Kind.ERROR, "chat.postMessage", times=1, detail="fatal_error")
    async with delivering(store, slack) as it:
        number = card(it)
        say(it, Saying.POST, "line:1", deployment_id=number, in_thread=True, payload={"text": "deployed in 12 s"})
        say(it, Saying.FILE, "log:1", deployment_id=number, payload={"title": "migrate on web1", "text": "done\n" * 9})
        await delivered(it, "line:1")
        await delivered(it, "log:1")
    (message,) = slack.driver.messages()
    replies = slack.driver.thread(message)
    assert any(reply.text == "deployed in 12 s" for reply in replies)
    (file,) = [file for reply in replies for file in slack.driver.files(reply)]
    assert (file.title, file.content) == ("migrate on web1", b"done\n" * 9)


async def test_a_file_that_may_not_be_uploaded_is_shown_as_text(store, slack):
    slack.server.faults.add(Kind.ERROR, "files.getUploadURLExternal", detail="missing_scope")
    async with delivering(store, slack) as it:
        number = card(it)
        say(it, Saying.FILE, "log:1", deployment_id=number, payload={"title": "log", "text": "no such table"})
        await delivered(it, "log:1")
    (message,) = slack.driver.messages()
    assert "no such table" in slack.driver.thread(message)[0].text


async def test_a_private_answer_goes_by_url_then_into_the_channel_then_directly(store, slack):
    async with delivering(store, slack) as it:
        base = f"{slack.server.url}/response/gone"
        say(it, Saying.PRIVATE, "a", person="U0ANA", channel="C0DEPLOY", response_url=base, payload={"text": "one"})
        assert (await it.tells("ana", "one")).channel == "C0DEPLOY"
        say(it, Saying.PRIVATE, "b", person="U0LEA", channel="C0NONE", response_url=base, payload={"text": "two"})
        assert (await it.tells("lea", "two")).channel.startswith("D")
        say(it, Saying.PRIVATE, "c", person="U0BEN", payload={"text": "three", "blocks": [{"type": "odd"}]})
        assert (await it.tells("ben", "three")).blocks == []
        say(it, Saying.DIRECT, "d", person="U0OMAR", payload={"text": "four"})
        assert (await it.tells("omar", "four")).channel.startswith("D")
        for key in "abcd":
            await delivered(it, key)


async def test_what_can_reach_nobody_is_given_up_and_recorded(store, slack):
    async with delivering(store, slack) as it:
        say(it, Saying.PRIVATE, "a", person="U0NOBODY", payload={"text": "hello"})
        it.time.ahead += timedelta(hours=2).total_seconds()
        await given_up(it, "a")
        assert [action for action, _ in acts(it)] == ["message.given_up"]


async def test_an_alert_reaches_the_channel_although_the_pager_fails_and_the_pager_is_tried_again(store, slack):
    paged: list[str] = []

    async def pager(wanted: OutboxRow) -> None:
        paged.append(wanted.key)
        if len(paged) == 1:
            raise ConnectionError("the pager is away")

    async with delivering(store, slack, alert=pager) as it:
        say(it, Saying.ALERT, "alert:1", payload={"text": "production v2.3 failed"})
        await delivered(it, "alert:1")
    assert paged == ["alert:1", "alert:1"]
    assert [message.text for message in slack.driver.messages("alerts")] == ["🚨 production v2.3 failed"]


async def test_a_pager_that_was_reached_is_not_called_again_while_slack_is_away(store, slack):
    paged: list[str] = []

    async def pager(wanted: OutboxRow) -> None:
        paged.append(wanted.key)

    slack.server.faults.add(Kind.SERVER_ERROR, "chat.postMessage", times=2)
    async with delivering(store, slack, alert=pager) as it:
        say(it, Saying.ALERT, "alert:1", payload={"text": "production v2.3 failed"})
        await it.until(lambda: row(it, "alert:1").attempts > 1, "a second try")
        await delivered(it, "alert:1")
    assert paged == ["alert:1"]


async def test_after_an_outage_only_the_end_is_shown(store, slack):
    seen = {"version": 1}
    slack.server.faults.add(Kind.REFUSE)
    async with delivering(store, slack, render=lambda _: Message(f"v{seen['version']}", (), seen["version"])) as it:
        number = card(it)
        await it.until(lambda: row(it, f"card:{number}").error, "a first try")
        for version in range(2, 9):
            seen["version"] = version
            card(it, lambda deployment, version=version: setattr(deployment, "version", version), number)
        slack.server.faults.clear()
        await it.until(lambda: row(it, f"card:{number}").shown == 8)
    (message,) = slack.driver.messages()
    assert message.text == "v8"
    assert slack.driver.calls("chat.update") == []


async def test_messages_in_a_channel_keep_their_order_and_their_distance(store, slack):
    async with delivering(store, slack) as it:
        for number in range(4):
            say(it, Saying.POST, f"m:{number}", channel="deployments", payload={"text": f"message {number}"})
        await delivered(it, "m:3")
    said = slack.driver.messages()
    assert [message.text for message in said] == [f"message {number}" for number in range(4)]
    gaps = [float(after.ts) - float(before.ts) for before, after in pairwise(said)]
    assert min(gaps) >= 0.04
