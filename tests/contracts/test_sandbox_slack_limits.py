"""The stand-in's Web API has Slack's limits and error names, seen through Slack's own client."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import Paces, SlackServer, Workspace
from tests.contracts.sandbox_slack_app import MODAL, button, section
from tests.contracts.sandbox_slack_client import client, clock, refused, server

__all__ = ["client", "clock", "server"]


TOO_MUCH = {
    "51 blocks": [{"type": "divider"}] * 51,
    "a section of 3,001 characters": [section("x" * 3001)],
    "a header of 151 characters": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
    "a header in mrkdwn": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
    "an empty text": [section("")],
    "26 elements": [{"type": "actions", "elements": [button(f"b{n}", f"a{n}") for n in range(26)]}],
    "a value of 2,001 characters": [{"type": "actions", "elements": [button("b", "a", value="x" * 2001)]}],
    "a label of 76 characters": [{"type": "actions", "elements": [button("x" * 76, "a")]}],
    "an action id twice": [{"type": "actions", "elements": [button("one", "same"), button("two", "same")]}],
    "a block id twice": [section("one", block_id="same"), section("two", block_id="same")],
    "an unknown block": [{"type": "marquee"}],
    "an unknown element": [section("x", accessory={"type": "lever"})],
    "11 fields": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}],
    "a section with nothing": [{"type": "section"}],
    "a dialog without words": [
        {"type": "actions", "elements": [button("b", "a", confirm={"title": {"type": "plain_text", "text": "x"}})]}
    ],
    "something that is no list": {"type": "divider"},
}


@pytest.mark.parametrize("blocks", TOO_MUCH.values(), ids=TOO_MUCH)
async def test_blocks_beyond_a_limit_are_invalid(client, blocks):
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0DEPLOY", text="x", blocks=blocks)
    assert caught.value.response["error"] == "invalid_blocks"
    assert "json-pointer:/blocks" in caught.value.response["errors"][0]


async def test_blocks_at_their_limits_are_taken(client):
    buttons = [button("x" * 75, f"a{n}", value="v" * 2000) for n in range(25)]
    blocks = [section("x" * 3000), {"type": "actions", "elements": buttons}, *[{"type": "divider"}] * 48]
    await client.chat_postMessage(channel="C0DEPLOY", text="x", blocks=blocks)


async def test_words_beyond_what_a_message_holds_are_refused(client):
    assert await refused(client.chat_postMessage(channel="C0DEPLOY", text="x" * 40_001)) == "msg_too_long"
    assert await refused(client.api_call("chat.postMessage", json={"channel": "C0DEPLOY"})) == "no_text"
    much = [section("x" * 2700) for _ in range(5)]
    assert await refused(client.chat_postMessage(channel="C0DEPLOY", text="x", blocks=much)) == "msg_blocks_too_long"


async def test_a_trigger_opens_one_modal_within_three_seconds(server, client, clock):
    trigger = server.workspace.surfaces.trigger("U0ANA")
    view = (await client.views_open(trigger_id=trigger, view=MODAL))["view"]
    assert server.workspace.surfaces.top("U0ANA").id == view["id"]
    assert await refused(client.views_open(trigger_id=trigger, view=MODAL)) == "exchanged_trigger_id"
    late = server.workspace.surfaces.trigger("U0ANA")
    clock.now += 3.1
    assert await refused(client.views_open(trigger_id=late, view=MODAL)) == "expired_trigger_id"
    assert await refused(client.views_open(trigger_id="1.made-up", view=MODAL)) == "invalid_trigger_id"


async def test_a_view_is_updated_only_from_its_newest_hash(server, client):
    trigger = server.workspace.surfaces.trigger("U0ANA")
    view = (await client.views_open(trigger_id=trigger, view=MODAL))["view"]
    newer = (await client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL))["view"]
    assert newer["hash"] != view["hash"]
    stale = client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    assert await refused(stale) == "hash_conflict"
    assert await refused(client.views_update(view_id="V0NONE", view=MODAL)) == "not_found"


async def test_no_more_than_three_modals_lie_on_each_other(server, client):
    surfaces = server.workspace.surfaces
    await client.views_open(trigger_id=surfaces.trigger("U0ANA"), view=MODAL)
    for _ in range(2):
        await client.views_push(trigger_id=surfaces.trigger("U0ANA"), view=MODAL)
    fourth = client.views_push(trigger_id=surfaces.trigger("U0ANA"), view=MODAL)
    assert await refused(fourth) == "push_limit_reached"


@pytest.mark.parametrize(
    "change",
    [
        {"title": {"type": "plain_text", "text": "x" * 25}},
        {"submit": None},
        {"private_metadata": "x" * 3001},
        {"type": "workflow"},
        {"blocks": [{"type": "divider"}] * 101},
    ],
    ids=["a long title", "an input without a submit", "long metadata", "an unknown type", "101 blocks"],
)
async def test_a_view_beyond_a_limit_is_refused(server, client, change):
    trigger = server.workspace.surfaces.trigger("U0ANA")
    assert await refused(client.views_open(trigger_id=trigger, view=MODAL | change)) == "invalid_arguments"


async def test_posts_come_about_once_a_second_per_channel(clock):
    server = SlackServer(Workspace(), paces=Paces(clock=clock))
    await server.start()
    client = AsyncWebClient(token=server.tokens.bot, base_url=server.api_url)
    for number in range(4):
        await client.chat_postMessage(channel="C0DEPLOY", text=str(number))
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0DEPLOY", text="5")
    assert (caught.value.response.status_code, caught.value.response["error"]) == (429, "ratelimited")
    assert caught.value.response.headers["Retry-After"] == "1"
    await client.chat_postMessage(channel="C0ALERT", text="elsewhere")
    clock.now += 1
    await client.chat_postMessage(channel="C0DEPLOY", text="5")
    await server.stop()
