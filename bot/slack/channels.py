"""Which channel a name means: asked once, remembered for a while."""

import re
from collections.abc import Callable

from bot.slack.calls import Refused, Slack

_ID = re.compile(r"[CGDUW][A-Z0-9]{2,}")
_REMEMBERED_SECONDS = 600.0
_ASK_AGAIN_SECONDS = 30.0
_MOST_PAGES = 50


class Channels:
    """Names and ids of the channels that the bot can see."""

    def __init__(self, slack: Slack, *, monotonic: Callable[[], float]) -> None:
        self._slack = slack
        self._monotonic = monotonic
        self._ids: dict[str, str] = {}
        self._asked_at: float | None = None

    async def id_of(self, channel: str) -> str:
        """Return the id of a channel; an id passes through.

        Raises:
            CallFailed: there is no such channel (`channel_not_found`), or Slack could not be asked.
        """
        name = channel.strip().removeprefix("#").lower()
        if _ID.fullmatch(channel):
            return channel
        if self._older_than(_REMEMBERED_SECONDS) or (name not in self._ids and self._older_than(_ASK_AGAIN_SECONDS)):
            self._ids = await self._all()
            self._asked_at = self._monotonic()
        if name not in self._ids:
            raise Refused("conversations.list", "channel_not_found", f"#{name}" if name else "no channel is configured")
        return self._ids[name]

    def forget(self) -> None:
        """Ask again next time: a channel was renamed, archived or left."""
        self._asked_at = None

    def _older_than(self, seconds: float) -> bool:
        return self._asked_at is None or self._monotonic() - self._asked_at >= seconds

    async def _all(self) -> dict[str, str]:
        ids: dict[str, str] = {}
        cursor = ""
        for _ in range(_MOST_PAGES):
            page = await self._slack.call(
                "conversations.list",
                types="public_channel,private_channel",
                exclude_archived=True,
                limit=1000,
                **({"cursor": cursor} if cursor else {}),
            )
            ids |= {str(channel["name"]).lower(): str(channel["id"]) for channel in page.get("channels", ())}
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return ids
