"""HTTP mode: Slack's signature first, then the same way as through the socket."""

import asyncio
import hmac
import json
from collections.abc import Iterator
from contextlib import asynccontextmanager
from hashlib import sha256

import httpx
import pytest

from bot.sandbox.slack import Kind, SlackThread
from bot.web import MOST_BYTES, Server, application, slack_events
from storage.models import InboxState
from tests.contracts.slack_house import housed, world

SECRET = "sandbox-signing-secret"


@pytest.fixture
def slack() -> Iterator[SlackThread]:
    with world() as thread:
        yield thread


@asynccontextmanager
async def served(store, slack, **more):
    """Run the house with its door in HTTP mode; yield it and the address."""
    async with housed(store, slack, door=False, **more) as house:
        health = {"live": True, "ready": False, "slack": "connected"}
        events = slack_events(house.app, house.intake, signing_secret=SECRET, now=house.time.now)
        server = Server(application(lambda: health, [events]), host="127.0.0.1", port=0)
        url = f"http://127.0.0.1:{await server.start()}"
        slack.server.request_url = f"{url}/slack/events"
        try:
            yield house, url
        finally:
            await server.stop()


def signed(body: bytes, stamp: str) -> dict[str, str]:
    signature = "v0=" + hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature,
        "Content-Type": "application/x-www-form-urlencoded",
    }


async def test_a_command_and_a_form_come_in_and_are_answered(store, slack):
    async with served(store, slack) as (house, _):
        await house.says("ana", "/deploy production v2.3")
        await house.tells("ana", "asked for production v2.3")
        await house.says("ana", "/deploy")
        faults = await house.does(slack.driver.submits, "ana", {"ref": "v2.3", "environment": "production"})
        await house.tells("ana", "will deploy v2.3")
        assert faults == {}
        assert await house.does(slack.call, slack.server.verify_request_url())
        rows = await house.settled(InboxState.DONE, 2)
    assert all(row.acked_at for row in rows)


async def test_a_replayed_request_is_acknowledged_and_not_run_again(store, slack):
    slack.server.faults.add(Kind.TWICE)
    async with served(store, slack) as (house, url):
        await house.says("ana", "/deploy production v2.3")
        await house.tells("ana", "asked for")
        body = b"command=/deploy&text=again&user_id=U0ANA&trigger_id=9.9&channel_id=C0DEPLOY"
        async with httpx.AsyncClient() as client:
            for _ in range(3):
                stamp = str(int(house.time.now().timestamp()))
                answer = await client.post(f"{url}/slack/events", content=body, headers=signed(body, stamp))
                assert (answer.status_code, answer.text) == (200, "")
        await house.tells("ana", "asked for again")
        await house.settled(InboxState.DONE, 2)
    assert [request.text for request in house.ran] == ["production v2.3", "again"]


async def test_what_slack_did_not_sign_is_refused_before_it_is_parsed(store, slack):
    async with served(store, slack) as (house, url):
        now = int(house.time.now().timestamp())
        body = b"\xff\x00{not a form"
        good = signed(body, str(now))
        odd = [
            {},
            {**good, "X-Slack-Signature": "v0=0"},
            {**good, "X-Slack-Request-Timestamp": "yesterday"},
            {**good, "X-Slack-Request-Timestamp": "1e9"},
            signed(body, str(now - 301)),
            signed(body, str(now + 999)),
            {**good, "X-Slack-Request-Timestamp": str(now + 1)},
        ]
        async with httpx.AsyncClient() as client:
            answers = [await client.post(f"{url}/slack/events", content=body, headers=headers) for headers in odd]
            assert [answer.status_code for answer in answers] == [401] * len(odd)
            unreadable = await client.post(f"{url}/slack/events", content=body, headers=good)
            assert unreadable.status_code == 400
            large = await client.post(f"{url}/slack/events", content=b"x" * (MOST_BYTES + 1), headers=good)
            assert large.status_code == 413
            assert (await client.get(f"{url}/slack/events")).status_code == 405
        assert house.rows() == []


@pytest.mark.parametrize("body", [b"[]", b"3", b'"x"', b"null", b'{"type": 3}', b'{"team": 1, "user": [2]}'])
async def test_a_signed_body_of_an_odd_shape_breaks_nothing(store, slack, body):
    async with served(store, slack) as (house, url), httpx.AsyncClient() as client:
        headers = signed(body, str(int(house.time.now().timestamp()))) | {"Content-Type": "application/json"}
        answer = await client.post(f"{url}/slack/events", content=body, headers=headers)
        assert answer.status_code in {200, 400, 404}
        assert house.rows() == []


async def test_health_is_told_as_it_is(store, slack):
    async with served(store, slack) as (_, url), httpx.AsyncClient() as client:
        live = await client.get(f"{url}/healthz")
        ready = await client.get(f"{url}/healthz/ready")
    assert (live.status_code, ready.status_code) == (200, 503)
    assert json.loads(live.text) == {"live": True, "ready": False, "slack": "connected"}


async def test_health_that_cannot_be_told_is_not_ready():
    def broken():
        raise ConnectionError("no database")

    server = Server(application(broken), host="127.0.0.1", port=0)
    url = f"http://127.0.0.1:{await server.start()}"
    async with httpx.AsyncClient() as client:
        ready = await client.get(f"{url}/healthz/ready")
    await server.stop()
    assert (ready.status_code, ready.json()["error"]) == (503, "ConnectionError")


async def test_a_port_that_is_taken_is_an_error_and_not_the_end_of_the_process():
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    server = Server(application(dict), host="127.0.0.1", port=taken.sockets[0].getsockname()[1])
    with pytest.raises(OSError, match="nothing can listen on"):
        await server.start()
    taken.close()
