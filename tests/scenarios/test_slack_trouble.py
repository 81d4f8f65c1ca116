"""Slack in trouble: lost replies, refusals, limits, silence; everything is said once, and nothing is lost."""

import json

import pytest

from bot.sandbox.slack import Kind

pytestmark = pytest.mark.slow


def tries(scene, number: int) -> list[str]:
    """Return how the tries to post the card of a deployment went: refused ones do not say whose they were."""
    calls = [it for it in list(scene.world.workspace.calls) if it.method == "chat.postMessage"]
    return [
        it.outcome for it in calls if f"{it.at:.6f}" > scene.since and _whose(it.arguments) in ("", f"card:{number}")
    ]


def _whose(arguments) -> str:
    metadata = arguments.get("metadata") or {}
    metadata = json.loads(metadata) if isinstance(metadata, str) else metadata
    return str(metadata.get("event_payload", {}).get("key", ""))


def said_plainly(scene) -> str:
    """Wait until the audit says that something could not be said as it should, and return why."""
    [(_, _, detail)] = scene.until("an audit entry", lambda: scene.audited("message.said_plainly"))
    return str(detail)


def test_a_lost_reply_makes_no_second_card(calm):
    calm.faults.add(Kind.LOST_REPLY, "chat.postMessage", times=1)
    number = calm.asks("v2.3")
    calm.says("ana", f"/deploy cancel {number}")
    calm.shows(number, "was cancelled")
    assert tries(calm, number) == ["ok"]


@pytest.mark.parametrize("kind", [Kind.RATE_LIMITED, Kind.SERVER_ERROR, Kind.HANG, Kind.REFUSE])
def test_a_card_that_cannot_be_posted_now_is_posted_once_when_it_can(calm, kind):
    calm.faults.add(kind, "chat.postMessage", times=1)
    number = calm.asks("v2.3")
    calm.shows(number, "Approve")
    tried = tries(calm, number)
    assert tried.count("ok") == 1
    assert 2 <= len(tried) <= 6
    if kind is Kind.RATE_LIMITED:
        assert tried.count("rate_limited") <= 2, "it waits as long as Slack says"


def test_a_card_whose_blocks_slack_refuses_is_said_in_plain_words_and_is_whole_again_later(calm):
    calm.faults.add(Kind.ERROR, "chat.postMessage", times=1, detail="invalid_blocks")
    number = calm.asks("v2.3")
    assert not calm.cards(number)[0].blocks
    assert "wants to deploy `v2.3` to *production*" in calm.card(number)
    assert "invalid_blocks" in said_plainly(calm)
    calm.says("ana", f"/deploy cancel {number}")
    calm.shows(number, "was cancelled")
    assert calm.cards(number)[0].blocks


def test_a_card_whose_channel_is_gone_is_said_in_another_one(calm):
    channel = calm.world.workspace.channels["C0DEPLOY"]
    calm.world.slack.says("ana", "/deploy production v2.3", channel="general")
    number = calm.until("a request", calm.unfinished)[0]
    calm.shows(number, "Approve")
    channel.archived = True
    try:
        calm.world.slack.says("omar", "/deploy production main", channel="general")
        said = calm.sees("This belongs in", "alerts")
    finally:
        channel.archived = False
    assert "where I cannot post: is archived" in said.words
    assert "`main` to *production*" in said.words
    assert "alerts" in said_plainly(calm)


def test_started_while_slack_is_down_it_works_and_takes_up_when_slack_is_back(calm):
    calm.world.bot.stop()
    calm.faults.add(Kind.REFUSE)
    calm.faults.add(Kind.NO_SOCKETS)
    calm.world.bot.start()
    calm.until("a leader", lambda: "leading" in calm.world.bot.log.read_text().rpartition("stopped")[2])
    code, printed = calm.shipmate("status", "production")
    assert (code, "v2.2" in printed) == (0, True)
    assert calm.world.bot.runs
    calm.faults.clear()
    calm.world.connected()
    calm.shows(calm.asks("v2.3"), "Approve")
