"""Saying something to one person, by the first way that works."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from bot.slack.calls import Refused, Slack

BLOCK_TROUBLE = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "too_many_blocks"}
)
"""What Slack says when it does not like how a message is built; the words may still be said plainly."""
LONGEST_TEXT = 3_900


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that one person should see."""

    person: str
    text: str
    blocks: tuple[dict[str, Any], ...] = ()
    channel: str = ""
    response_url: str = ""


async def tell(slack: Slack, letter: Letter) -> str:
    """Deliver by response_url, else as an ephemeral message, else directly; return the way that worked.

    Raises:
        CallFailed: Slack is away or wants a pause, or refused every way.
    """
    try:
        return await _tell(slack, letter)
    except Refused as refusal:
        if refusal.error not in BLOCK_TROUBLE:
            raise
    return await _tell(slack, replace(letter, text=shortened(letter.text), blocks=()))


async def _tell(slack: Slack, letter: Letter) -> str:
    refused: Refused | None = None
    for way, say in _ways(slack, letter):
        try:
            await say()
        except Refused as refusal:
            refused = refusal
            if refusal.error in BLOCK_TROUBLE:
                raise
        else:
            return way
    raise refused or Refused("private", "nobody to tell")


def _ways(slack: Slack, letter: Letter) -> Iterator[tuple[str, Callable[[], Awaitable[object]]]]:
    words: dict[str, Any] = {"text": letter.text}
    if letter.blocks:
        words["blocks"] = list(letter.blocks)
    if letter.response_url:
        by_url = {**words, "response_type": "ephemeral", "replace_original": False}
        yield "response_url", lambda: slack.respond(letter.response_url, by_url)
    if letter.channel and not letter.channel.startswith("D"):
        yield (
            "ephemeral",
            lambda: slack.call("chat.postEphemeral", channel=letter.channel, user=letter.person, **words),
        )
    if letter.person:
        yield "direct", lambda: slack.call("chat.postMessage", channel=letter.person, **words)


def shortened(text: str) -> str:
    """Return the text at a length that every kind of message takes."""
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
