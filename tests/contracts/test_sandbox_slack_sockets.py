"""The stand-in's Socket Mode, seen from bare WebSockets: hello, acks, one of many, again, and goodbye."""

import asyncio

import aiohttp
import pytest

from bot.sandbox.slack import Kind, Patience, SlackServer, Workspace
from bot.sandbox.slack.waiting import until


@pytest.fixture
async def server():
    made = SlackServer(Workspace(), patience=Patience(ack_seconds=5, retry_after=(0.0, 0.0)))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def http():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session


async def connected(http, server):
    headers = {"Authorization": f"Bearer {server.tokens.app}"}
    async with http.post(f"{server.api_url}apps.connections.open", headers=headers) as response:
        url = (await response.json())["url"]
    socket = await http.ws_connect(url)
    hello = await socket.receive_json()
    assert hello["type"] == "hello"
    return socket


def said(server, text="/deploy production v2.3"):
    workspace = server.workspace
    return asyncio.create_task(server.interactions.say(workspace.person("ana"), text, workspace.channel("deployments")))


async def test_the_address_of_a_socket_serves_once(server, http):
    headers = {"Authorization": f"Bearer {server.tokens.app}"}
    async with http.post(f"{server.api_url}apps.connections.open", headers=headers) as response:
        url = (await response.json())["url"]
    socket = await http.ws_connect(url)
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await http.ws_connect(url)
    await socket.close()


async def test_an_envelope_goes_to_one_connection_and_its_ack_carries_the_answer(server, http):
    one, other = await connected(http, server), await connected(http, server)
    saying = said(server)
    arrivals = {asyncio.create_task(socket.receive_json()): socket for socket in (one, other)}
    done, waiting = await asyncio.wait(arrivals, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == 1
    envelope = done.pop().result()
    assert envelope["accepts_response_payload"] is True
    answerer = one if one is not arrivals[next(iter(waiting))] else other
    await answerer.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "aye"}})
    await saying
    assert server.workspace.private("U0ANA")[-1].words == "aye"
    for task in waiting:
        task.cancel()


async def test_an_envelope_whose_connection_ends_comes_again_on_another(server, http):
    one, other = await connected(http, server), await connected(http, server)
    saying = said(server)
    arrivals = {asyncio.create_task(socket.receive_json()): socket for socket in (one, other)}
    done, waiting = await asyncio.wait(arrivals, return_when=asyncio.FIRST_COMPLETED)
    first = done.pop()
    await arrivals[first].close()
    second = waiting.pop()
    again = await second
    assert again["envelope_id"] == first.result()["envelope_id"]
    assert (again["retry_attempt"], again["retry_reason"]) == (1, "connection_closed")
    await arrivals[second].send_json({"envelope_id": again["envelope_id"]})
    await saying
    assert server.workspace.private("U0ANA") == []


async def test_an_event_without_an_ack_in_time_comes_again_as_a_retry(http):
    server = SlackServer(Workspace(), patience=Patience(ack_seconds=0.2, retry_after=(0.0, 0.0)))
    await server.start()
    socket = await connected(http, server)
    server.interactions.open_home(server.workspace.person("ana"))
    first, second = await socket.receive_json(), await socket.receive_json()
    assert "retry_attempt" not in first
    assert (second["retry_attempt"], second["retry_reason"]) == (1, "timeout")
    assert second["payload"]["event_id"] == first["payload"]["event_id"]
    await server.stop()


async def test_an_ack_that_comes_too_late_is_noted_and_helps_nobody(http):
    server = SlackServer(Workspace(), patience=Patience(ack_seconds=0.2))
    await server.start()
    socket = await connected(http, server)
    await said(server)
    envelope = await socket.receive_json()
    await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "late"}})
    await until(lambda: server.sockets.late)
    assert [message.words for message in server.workspace.private("U0ANA")] == [
        "`/deploy` failed with the error “operation_timeout”"
    ]
    await server.stop()


async def test_everything_comes_twice_when_asked_to(server, http):
    socket = await connected(http, server)
    server.faults.add(Kind.TWICE, "slash_commands")
    saying = said(server)
    first, second = await socket.receive_json(), await socket.receive_json()
    assert first == second
    await socket.send_json({"envelope_id": first["envelope_id"]})
    await saying


async def test_a_refreshed_connection_hears_the_reason_and_gets_nothing_new(server, http):
    old = await connected(http, server)
    await server.sockets.refresh()
    goodbye = await old.receive_json()
    assert (goodbye["type"], goodbye["reason"]) == ("disconnect", "refresh_requested")
    new = await connected(http, server)
    saying = said(server)
    envelope = await new.receive_json()
    await new.send_json({"envelope_id": envelope["envelope_id"]})
    await saying


async def test_a_ping_is_answered_until_the_connection_goes_deaf(server, http):
    headers = {"Authorization": f"Bearer {server.tokens.app}"}
    async with http.post(f"{server.api_url}apps.connections.open", headers=headers) as response:
        url = (await response.json())["url"]
    socket = await http.ws_connect(url, autoping=False)
    await socket.receive_json()
    await socket.ping(b"are you there")
    pong = await socket.receive()
    assert (pong.type, bytes(pong.data)) == (aiohttp.WSMsgType.PONG, b"are you there")
    server.sockets.half_open()
    await socket.ping(b"and now")
    with pytest.raises(TimeoutError):
        await socket.receive(timeout=0.3)
    assert not socket.closed
