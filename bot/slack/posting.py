"""A message in a place: posted once, found again after a lost reply, edited, or said plainly somewhere else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.slack.calls import Refused, Slack
from bot.slack.channels import Channels
from bot.slack.private import BLOCK_TROUBLE, shortened

PLACE_TROUBLE = frozenset({"channel_not_found", "not_in_channel", "is_archived", "restricted_action", "no_permission"})
"""What Slack says when a message cannot be where it should."""
EVENT = "shipmate"
_PAGES = 5
_LOOK_BACK = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be seen: Block Kit, and the same in words."""

    text: str
    blocks: tuple[dict[str, Any], ...] = ()
    version: int = 0
    """Of a card: the version of the deployment that it shows."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a message ended up."""

    ts: str = ""
    channel: str = ""
    shown: int | None = None
    plainly: str = ""
    """Why it had to be said plainly or elsewhere; empty when all went as it should."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place for a message: a channel, or a thread in it."""

    channel: str
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Errand:
    """What is known of a message besides its words."""

    key: str
    since: datetime
    """When it was first wanted."""
    again: bool = False
    """Whether an earlier try may have reached Slack without anybody hearing of it."""
    editable: bool = False
    """Whether one that is found is brought up to date: a card."""
    gone: str = ""
    """The ts of a message that cannot be edited any more."""


class Poster:
    """Posts and edits; every refusal about shape or place is met with plain words in a channel that exists."""

    def __init__(self, slack: Slack, channels: Channels, *, fallbacks: tuple[str, ...]) -> None:
        self._slack = slack
        self._channels = channels
        self._fallbacks = fallbacks

    async def edit(self, errand: Errand, message: Message, spot: Spot, ts: str) -> Sent:
        """Bring a message up to date; raises CallFailed."""
        channel = await self.id_of(spot.channel)
        where: dict[str, Any] = {"channel": channel, "ts": ts, "metadata": _metadata(errand.key)}
        plainly = ""
        try:
            await self._slack.call("chat.update", **where, text=message.text, blocks=list(message.blocks))
        except Refused as refusal:
            if refusal.error not in BLOCK_TROUBLE:
                raise
            await self._slack.call("chat.update", **where, text=shortened(message.text), blocks=[])
            plainly = str(refusal)
        return Sent(ts, channel, message.version, plainly)

    async def post(self, errand: Errand, message: Message, spot: Spot) -> Sent:
        """Post where it belongs, else plainly there, else plainly in a channel that exists; raises CallFailed."""
        plain = Message(shortened(message.text), (), message.version)
        try:
            return await self._post_in(errand, message, spot)
        except Refused as refusal:
            if refusal.error in PLACE_TROUBLE:
                self._channels.forget()
                return await self._elsewhere(errand, plain, spot, refusal)
            if refusal.error not in BLOCK_TROUBLE:
                raise
            return replace(await self._post_in(errand, plain, spot), plainly=str(refusal))

    async def said(self, errand: Errand, spot: Spot) -> AsyncIterator[dict[str, Any]]:
        """Yield what was said in a place since shortly before the message was first wanted."""
        where: dict[str, Any] = {
            "channel": spot.channel,
            "include_all_metadata": True,
            "limit": 200,
            "oldest": f"{(errand.since - _LOOK_BACK).timestamp():.6f}",
        }
        method = "conversations.history"
        if spot.thread:
            method, where = "conversations.replies", {**where, "ts": spot.thread}
        for _ in range(_PAGES):
            try:
                page = await self._slack.call(method, **where)
            except Refused:
                # Where nothing can be read, saying it twice is better than not at all.
                return
            for message in page.get("messages", ()):
                yield message
            where["cursor"] = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not where["cursor"]:
                return

    async def id_of(self, channel: str) -> str:
        """Return a channel's id, or its name where the bot may not list channels: Slack takes a name there, too."""
        try:
            return await self._channels.id_of(channel)
        except Refused as refusal:
            if refusal.error != "missing_scope":
                raise
            return channel

    async def _elsewhere(self, errand: Errand, plain: Message, spot: Spot, refusal: Refused) -> Sent:
        why = refusal.error.replace("_", " ")
        note = f"_(This belongs in {_named(spot.channel)}, where I cannot post: {why}.)_\n"
        message = replace(plain, text=note + plain.text)
        for channel in self._fallbacks:
            try:
                sent = await self._post_in(errand, message, Spot(channel))
            except Refused:
                continue
            return replace(sent, plainly=f"{refusal}; said in {channel}")
        raise refusal

    async def _post_in(self, errand: Errand, message: Message, spot: Spot) -> Sent:
        spot = replace(spot, channel=await self.id_of(spot.channel))
        if errand.again and (ts := await self._find(errand, spot)):
            if errand.editable:
                return await self.edit(errand, message, spot, ts)
            return Sent(ts, spot.channel, message.version)
        words: dict[str, Any] = {"text": message.text, "metadata": _metadata(errand.key)}
        if message.blocks:
            words["blocks"] = list(message.blocks)
        if spot.thread:
            words["thread_ts"] = spot.thread
        answer = await self._slack.call(
            "chat.postMessage", channel=spot.channel, unfurl_links=False, unfurl_media=False, **words
        )
        return Sent(str(answer["ts"]), str(answer.get("channel") or spot.channel), message.version)

    async def _find(self, errand: Errand, spot: Spot) -> str:
        async for message in self.said(errand, spot):
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("key") == errand.key and message.get("ts") != errand.gone:
                return str(message["ts"])
        return ""


def _metadata(key: str) -> dict[str, Any]:
    return {"event_type": EVENT, "event_payload": {"key": key}}


def _named(channel: str) -> str:
    return f"<#{channel}>" if channel[:1] in {"C", "G"} and channel.isupper() else f"#{channel.removeprefix('#')}"
