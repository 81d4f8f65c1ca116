"""Files are shared once, and names become channels over several pages."""

import asyncio
from datetime import UTC, datetime

import pytest

from bot.slack.calls import Refused, Slack
from bot.slack.channels import Channels
from bot.slack.posting import Poster
from bot.slack.sending import Sender
from storage.models import OutboxRow, Saying
from tests.unit.bot.slack.tiny import tiny

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


async def test_a_file_whose_reply_was_lost_is_found_and_not_shared_twice():
    row = OutboxRow(kind=Saying.FILE, key="log:1", payload={"title": "log"}, next_at=NOW, created_at=NOW)
    card = OutboxRow(kind=Saying.CARD, key="card:1", channel="C0DEPLOY", ts="1.5", next_at=NOW, created_at=NOW)
    there = {"messages": [{"ts": "1.5"}, {"ts": "1.6", "files": [{"name": "log-1.txt"}]}]}
    async with tiny({"conversations.replies": lambda _: there}) as (base, calls):
        slack = Slack("xoxb-1", base_url=base)
        poster = Poster(slack, Channels(slack, monotonic=lambda: 0.0), fallbacks=())
        sender = Sender(slack, poster, render=lambda _: asyncio.sleep(0), alerts_channel="alerts")
        sent = await sender.send(row, card, again=True)
        await slack.close()
    assert sent.channel == "C0DEPLOY"
    assert [(method, body["ts"]) for method, body in calls] == [("conversations.replies", "1.5")]


async def test_a_channels_name_is_looked_up_over_all_pages_and_remembered():
    pages = {
        "": {"channels": [{"name": "one", "id": "C1"}], "response_metadata": {"next_cursor": "two"}},
        "two": {"channels": [{"name": "deployments", "id": "C2"}], "response_metadata": {"next_cursor": ""}},
    }
    clock = [0.0]
    async with tiny({"conversations.list": lambda body: pages[body.get("cursor", "")]}) as (base, calls):
        slack = Slack("xoxb-1", base_url=base)
        channels = Channels(slack, monotonic=lambda: clock[0])
        assert await channels.id_of("#Deployments") == "C2"
        assert await channels.id_of("one") == "C1"
        assert await channels.id_of("C0GIVEN") == "C0GIVEN"
        for _ in range(3):
            with pytest.raises(Refused, match="channel_not_found"):
                await channels.id_of("nowhere")
        assert len(calls) == 2
        clock[0] += 31
        with pytest.raises(Refused, match="channel_not_found"):
            await channels.id_of("nowhere")
        assert len(calls) == 4
        await slack.close()
