"""The stand-in's Web API fails on demand as Slack does, seen through Slack's own client."""

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import Kind
from tests.contracts.sandbox_slack_client import client, clock, refused, server

__all__ = ["client", "clock", "server"]


async def test_a_lost_reply_leaves_the_message_there(server, client):
    server.faults.add(Kind.LOST_REPLY, "chat.postMessage", times=1)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="C0DEPLOY", text="was it said?")
    assert [message.words for message in server.workspace.messages("C0DEPLOY")] == ["was it said?"]
    await client.chat_postMessage(channel="C0DEPLOY", text="this one was answered")


async def test_a_client_that_retries_says_it_twice_after_a_lost_reply(server):
    client = AsyncWebClient(token=server.tokens.bot, base_url=server.api_url)
    server.faults.add(Kind.LOST_REPLY, "chat.postMessage", times=1)
    await client.chat_postMessage(channel="C0DEPLOY", text="once?")
    assert [message.words for message in server.workspace.messages("C0DEPLOY")] == ["once?", "once?"]


async def test_a_rate_limit_on_demand_says_when_to_come_back(server, client):
    server.faults.add(Kind.RATE_LIMITED, seconds=30)
    with pytest.raises(SlackApiError) as caught:
        await client.auth_test()
    assert 1 <= int(caught.value.response.headers["Retry-After"]) <= 30
    server.faults.clear()
    await client.auth_test()


async def test_a_server_error_is_no_json(server, client):
    server.faults.add(Kind.SERVER_ERROR, times=1)
    with pytest.raises(SlackApiError) as caught:
        await client.auth_test()
    assert caught.value.response.status_code == 503
    await client.auth_test()


async def test_a_named_error_strikes_the_named_method(server, client):
    server.faults.add(Kind.ERROR, "chat.postMessage", detail="restricted_action", times=1)
    await client.auth_test()
    assert await refused(client.chat_postMessage(channel="C0DEPLOY", text="x")) == "restricted_action"


async def test_a_refused_connection_and_a_silent_one_end_in_the_client(server):
    client = AsyncWebClient(token=server.tokens.bot, base_url=server.api_url, timeout=1, retry_handlers=[])
    server.faults.add(Kind.REFUSE, times=1)
    with pytest.raises(aiohttp.ClientError):
        await client.auth_test()
    server.faults.add(Kind.HANG, times=1)
    with pytest.raises(TimeoutError):
        await client.auth_test()


async def test_a_stopped_server_comes_back_on_its_port_with_all_it_knew(server, client):
    await client.chat_postMessage(channel="C0DEPLOY", text="before")
    port = server.port
    await server.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.auth_test()
    await server.start()
    assert server.port == port
    assert len((await client.conversations_history(channel="C0DEPLOY"))["messages"]) == 1
