"""Slack's own client in front of the sandbox's stand-in, whose clock stands until it is moved."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackServer, Workspace


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def server(clock):
    made = SlackServer(Workspace(clock=clock))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def client(server):
    return AsyncWebClient(token=server.tokens.bot, base_url=server.api_url, timeout=5, retry_handlers=[])


async def refused(call):
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response["error"]
