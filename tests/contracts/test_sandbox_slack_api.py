"""The stand-in's Web API knows who asks, who there is and what they may, seen through Slack's own client."""

import re

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.entities import Person
from tests.contracts.sandbox_slack_client import client, clock, refused, server

__all__ = ["client", "clock", "server"]


async def test_the_app_learns_who_it_is(client):
    me = await client.auth_test()
    assert (me["user_id"], me["bot_id"], me["team_id"]) == ("U0SHIP", "B0SHIP", "T0SAND")


@pytest.mark.parametrize(
    ("token", "error"), [("xoxb-wrong", "invalid_auth"), ("xapp-sandbox", "not_allowed_token_type")]
)
async def test_a_wrong_token_is_refused(server, token, error):
    assert await refused(AsyncWebClient(token=token, base_url=server.api_url).auth_test()) == error


async def test_no_token_is_refused(server):
    async with aiohttp.ClientSession() as http, http.post(f"{server.api_url}auth.test") as response:
        assert await response.json() == {"ok": False, "error": "not_authed"}


async def test_a_missing_scope_is_named_with_those_there_are(server, client):
    server.workspace.manifest = {"oauth_config": {"scopes": {"bot": ["commands", "chat:write"]}}}
    with pytest.raises(SlackApiError) as caught:
        await client.conversations_list(types="public_channel,private_channel")
    answer = caught.value.response
    assert answer["error"] == "missing_scope"
    assert answer["needed"] == "channels:read,groups:read"
    assert answer["provided"] == "chat:write,commands"
    await client.chat_postMessage(channel="C0DEPLOY", text="this one may")


async def test_an_email_address_needs_a_scope_of_its_own(server, client):
    server.workspace.manifest = {"oauth_config": {"scopes": {"bot": ["users:read"]}}}
    answer = await client.users_info(user="U0ANA")
    assert "email" not in answer["user"]["profile"]
    assert await refused(client.users_lookupByEmail(email="ana@askproai.de")) == "missing_scope"


async def test_the_directory_tells_guests_and_strangers_apart(client):
    people = {person["name"]: person for person in (await client.users_list())["members"]}
    assert people["gus"]["is_restricted"]
    assert people["sam"]["is_stranger"]
    assert people["sam"]["team_id"] != people["ana"]["team_id"]
    assert (await client.users_lookupByEmail(email="LEAD@askproai.de"))["user"]["id"] == "U0LEA"
    assert await refused(client.users_info(user="U0NOBODY")) == "user_not_found"


async def test_user_groups_say_who_is_in_them(client):
    groups = {group["handle"]: group["id"] for group in (await client.usergroups_list())["usergroups"]}
    people = (await client.usergroups_users_list(usergroup=groups["release-managers"]))["users"]
    assert people == ["U0BEN", "U0LEA"]
    assert await refused(client.usergroups_users_list(usergroup="S0NONE")) == "no_such_subteam"


async def test_pages_of_channels_add_up_to_all_of_them(client):
    names, cursor = [], None
    while cursor != "":
        answer = await client.conversations_list(limit=3, cursor=cursor)
        names += [channel["name"] for channel in answer["channels"]]
        cursor = answer["response_metadata"]["next_cursor"]
    assert names == ["deployments", "alerts", "monitoring", "general"]


async def test_an_unknown_method_and_unknown_json_are_named(server, client):
    assert await refused(client.api_call("made.up")) == "unknown_method"
    headers = {"Authorization": f"Bearer {server.tokens.bot}", "Content-Type": "application/json"}
    address = f"{server.api_url}auth.test"
    async with aiohttp.ClientSession() as http, http.post(address, data=b"{", headers=headers) as response:
        assert (await response.json())["error"] == "invalid_json"


async def test_every_call_is_kept_without_its_token(server, client):
    await client.chat_postMessage(channel="C0DEPLOY", text="hello")
    calls = [(call.method, call.outcome) for call in server.workspace.calls]
    assert calls == [("chat.postMessage", "ok")]
    assert not re.search("xoxb", str(server.workspace.calls))


async def test_new_people_have_their_own_place(server, client):
    server.workspace.add_person(Person("U0NEW", "nia", email="nia@askproai.de"), "deployments")
    assert (await client.users_info(user="U0NEW"))["user"]["name"] == "nia"
    await client.chat_postEphemeral(channel="C0DEPLOY", user="U0NEW", text="welcome")
