"""One attempt to say what a row of the outbox asks for, each kind in its own way."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, assert_never

from bot.slack.calls import Refused, Slack
from bot.slack.digest import is_digest
from bot.slack.posting import PLACE_TROUBLE, Errand, Message, Poster, Sent, Spot
from bot.slack.private import Letter, tell
from storage.models import OutboxRow, OutboxState, Saying

GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""What Slack says of a card that somebody deleted, or that is no longer ours to edit."""
_TRIES_BY_URL = 3
_TRIES_AT_WHO = 3
_LOUD = ("🚨", ":rotating_light:")

Render = Callable[[OutboxRow], Awaitable[Message]]
"""Returns the card that a row wants, as it should look now."""
Home = Callable[..., Awaitable[dict[str, Any]]]
"""Returns what somebody's App Home shows; with `patient`, it raises when Slack cannot say who that is."""
Alert = Callable[[OutboxRow], Awaitable[None]]
"""Calls the pager; may be called twice with the same row."""


class Sender:
    """Sends rows of the outbox, one call after the other; what fails is raised, to be tried again by the delivery."""

    def __init__(
        self,
        slack: Slack,
        poster: Poster,
        *,
        render: Render,
        alerts_channel: str,
        alert: Alert | None = None,
        home: Home | None = None,
    ) -> None:
        self._slack = slack
        self._poster = poster
        self._render = render
        self._alerts_channel = alerts_channel
        self._alert = alert
        self._paged: set[str] = set()
        """Alerts that have reached the pager and not yet Slack."""
        self._home = home

    async def send(  # noqa: PLR0911 - one return a kind of message
        self, row: OutboxRow, card: OutboxRow | None, *, again: bool
    ) -> Sent:
        """Say what the row asks for; `card` is the row of the deployment's card, where there is one.

        With `again`, an earlier try may have reached Slack, so what it left is looked for before anything is posted.

        Raises:
            CallFailed: it was not said, or nobody knows whether it was.
        """
        errand = Errand(row.key, row.created_at, again, editable=is_digest(row))
        match row.kind:
            case Saying.CARD:
                return await self._card(row, replace(errand, editable=True))
            case Saying.POST:
                return await self._poster.post(errand, _message(row), _spot(row, card))
            case Saying.PRIVATE:
                return await self._privately(row)
            case Saying.DIRECT:
                return await self._poster.post(errand, _message(row), Spot(row.person))
            case Saying.FILE:
                return await self._file(row, errand, _spot(row, card))
            case Saying.HOME:
                return await self._publish(row)
            case Saying.ALERT:
                return await self._loudly(row, errand, card)
            case _:
                assert_never(row.kind)

    async def _card(self, row: OutboxRow, errand: Errand) -> Sent:
        message = await self._render(row)
        if row.ts:
            try:
                return await self._poster.edit(errand, message, Spot(row.channel), row.ts)
            except Refused as refusal:
                if refusal.error not in GONE | PLACE_TROUBLE:
                    raise
        return await self._poster.post(replace(errand, gone=row.ts), message, Spot(row.channel))

    async def _privately(self, row: OutboxRow) -> Sent:
        # A response_url that does not answer is given up for the other ways, in time to be of use.
        url = row.response_url if row.attempts <= _TRIES_BY_URL else ""
        message = _message(row)
        await tell(self._slack, Letter(row.person, message.text, message.blocks, row.channel, url))
        return Sent()

    async def _publish(self, row: OutboxRow) -> Sent:
        if self._home is None:
            raise ValueError("nobody draws App Homes here")
        view = await self._home(row.person, patient=row.attempts < _TRIES_AT_WHO)
        await self._slack.call("views.publish", user_id=row.person, view=view)
        return Sent(shown=row.wanted)

    async def _file(self, row: OutboxRow, errand: Errand, spot: Spot) -> Sent:
        title, text = str(row.payload.get("title") or "output"), str(row.payload.get("text") or "")
        spot = replace(spot, channel=await self._poster.id_of(spot.channel))
        name = f"{re.sub(r'[^A-Za-z0-9._-]+', '-', row.key)}.txt"
        try:
            if not (errand.again and await self._has_file(errand, spot, name)):
                await self._upload(text, spot, name=name, title=title)
        except Refused as refusal:
            end = text[-2_500:].replace("```", "'''")
            sent = await self._poster.post(errand, Message(f"{title}:\n```{end}```"), spot)
            return replace(sent, plainly=str(refusal))
        return Sent(channel=spot.channel)

    async def _upload(self, text: str, spot: Spot, *, name: str, title: str) -> None:
        content = (text or "(it printed nothing)\n").encode(errors="replace")
        place = await self._slack.call("files.getUploadURLExternal", filename=name, length=len(content))
        await self._slack.upload(str(place["upload_url"]), content)
        thread = {"thread_ts": spot.thread} if spot.thread else {}
        files = [{"id": str(place["file_id"]), "title": title}]
        await self._slack.call("files.completeUploadExternal", files=files, channel_id=spot.channel, **thread)

    async def _has_file(self, errand: Errand, spot: Spot, name: str) -> bool:
        async for message in self._poster.said(errand, spot):
            if any(file.get("name") == name for file in message.get("files") or ()):
                return True
        return False

    async def _loudly(self, row: OutboxRow, errand: Errand, card: OutboxRow | None) -> Sent:
        """Call the pager, and say it in the alert channel: each is tried even when the other fails."""
        trouble: Exception | None = None
        if self._alert is not None and row.key not in self._paged:
            try:
                await self._alert(row)
                self._paged.add(row.key)
            except Exception as error:  # noqa: BLE001 — raised again below, once Slack was tried as well
                trouble = error
        message = _message(row)
        if not message.text.startswith(_LOUD):
            message = replace(message, text=f"{_LOUD[0]} {message.text}")
        spot = _spot(row, card) if row.in_thread else Spot(row.channel or self._alerts_channel)
        sent = await self._poster.post(errand, message, spot)
        if trouble is not None:
            raise trouble
        self._paged.discard(row.key)
        return sent


def waits_for_card(row: OutboxRow, card: OutboxRow | None) -> bool:
    """Say whether a message belongs in the thread of a card that is not there yet."""
    threaded = row.kind is not Saying.CARD and (row.in_thread or row.kind is Saying.FILE)
    return threaded and card is not None and not card.ts and card.state is OutboxState.WAITING


def _message(row: OutboxRow) -> Message:
    return Message(str(row.payload.get("text") or ""), tuple(row.payload.get("blocks") or ()))


def _spot(row: OutboxRow, card: OutboxRow | None) -> Spot:
    threaded = row.in_thread or row.kind is Saying.FILE
    if threaded and card is not None and card.ts:
        return Spot(card.channel, card.ts)
    return Spot(row.channel or (card.channel if card else ""))
