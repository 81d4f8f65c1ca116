"""What comes of a call has exactly one name."""

import socket

import pytest
from aiohttp import web

from bot.slack.calls import Away, Limited, Refused, Slack
from tests.unit.bot.slack.tiny import tiny


async def outcome(answer):
    async with tiny({"chat.update": lambda _: answer}) as (base, _):
        slack = Slack("xoxb-1", base_url=base, seconds=2)
        try:
            return await slack.call("chat.update", channel="C1")
        except (Away, Limited, Refused) as failure:
            return failure
        finally:
            await slack.close()


def told(**body):
    return web.json_response(body)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (told(ok=True, ts="1"), {"ok": True, "ts": "1"}),
        (told(ok=False, error="is_archived"), Refused("chat.update", "is_archived")),
        (
            told(ok=False, error="invalid_blocks", response_metadata={"messages": ["too long"]}),
            Refused("chat.update", "invalid_blocks", "too long"),
        ),
        (told(ok=False, error="ratelimited"), Limited("chat.update", 30.0)),
        (told(ok=False, error="fatal_error"), Away("chat.update", "Slack answered fatal_error")),
        (web.Response(status=429, headers={"Retry-After": "7"}), Limited("chat.update", 7.0)),
        (web.Response(status=429, headers={"Retry-After": "soon"}), Limited("chat.update", 30.0)),
        (web.Response(status=429, headers={"Retry-After": "nan"}), Limited("chat.update", 1.0)),
        (web.Response(status=429, headers={"Retry-After": "-5"}), Limited("chat.update", 1.0)),
        (web.Response(status=429, headers={"Retry-After": "1e9"}), Limited("chat.update", 600.0)),
        (web.Response(status=503, text="<html>"), Away("chat.update", "Slack answered 503")),
        (web.Response(text="[]"), Away("chat.update", "Slack answered 200 with something that is no answer")),
        (web.Response(text="hello"), Away("chat.update", "Slack answered 200 with something that is no answer")),
        (web.Response(status=302, headers={"Location": "/x"}), Away),
    ],
    ids=str,
)
async def test_every_answer_of_slacks_has_one_meaning(answer, expected):
    got = await outcome(answer)
    if isinstance(expected, type):
        assert isinstance(got, expected)
    else:
        assert got == expected


async def test_an_answer_that_does_not_come_in_time_means_that_slack_is_away():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        slack = Slack("xoxb-1", base_url=f"http://127.0.0.1:{deaf.getsockname()[1]}", seconds=0.3)
        with pytest.raises(Away):
            await slack.call("chat.update", channel="C1")
        await slack.close()


async def test_a_port_where_nobody_listens_means_that_slack_is_away():
    async with tiny({}) as (base, _):
        pass
    slack = Slack("xoxb-1", base_url=base)
    with pytest.raises(Away, match="Cannot connect"):
        await slack.call("chat.update", channel="C1")
    await slack.close()


async def test_a_method_without_known_scopes_is_never_called():
    slack = Slack("xoxb-1", base_url="http://127.0.0.1:1")
    with pytest.raises(KeyError, match=r"admin\.users\.remove"):
        await slack.call("admin.users.remove")
    await slack.close()
