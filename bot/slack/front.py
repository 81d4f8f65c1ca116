"""What happens between a payload and its ack: one write, or one form; and nothing that can raise after the ack."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bot.slack import payloads
from bot.slack.calls import CallFailed, Refused, Slack
from bot.slack.intake import Intake, NotWritten, Receipt
from bot.slack.payloads import BadPayload
from bot.slack.private import Letter, tell
from commands.command import Modal, Request
from commands.services import Person, Services
from commands.views import suggestions
from storage.models import InboxRow

log = logging.getLogger(__name__)

Ack = Callable[..., Awaitable[Any]]
Read = Callable[..., InboxRow]

NOT_WRITTEN = "I could not write this down, so I did nothing. Try again in a minute."
BAD_PAYLOAD = (
    "Slack sent me something I could not read, so I did nothing. If trying again does not help, tell an admin."
)
BROKEN = "Something of mine broke, so I did nothing. If trying again does not help, tell an admin."
NO_FORM = (
    "I could not open the form ({why}), and nothing was started. Try again, "
    "or type `/deploy help` to see how to do it without the form."
)
SUGGEST_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Words:
    """What Slack may ask for, by name."""

    commands: frozenset[str]
    actions: frozenset[str]
    submissions: frozenset[str]
    modals: Mapping[str, Modal]


class Front:
    """The listeners' only helper: writes down and acknowledges, or opens a form."""

    def __init__(self, intake: Intake, slack: Slack, words: Words, services: Services) -> None:
        self._intake = intake
        self._slack = slack
        self._words = words
        self._services = services
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="refs")
        self._afterwards: set[asyncio.Task[None]] = set()

    async def command(self, body: Mapping[str, Any], ack: Ack, receipt: Receipt) -> None:
        """Take a slash command, or open its form when it came without words."""
        words = BROKEN
        try:
            row = payloads.slash(body, at=self._services.now())
            modal = None if row.text.strip() else self._words.modals.get(row.name)
            words = self._opens(modal, row, body) if modal else await self._written(row, receipt)
        except BadPayload as error:
            log.warning("A slash command was refused: %s", error)
            words = BAD_PAYLOAD
        except Exception:
            log.exception("A slash command was refused")
        await ack(words)

    async def action(self, body: Mapping[str, Any], ack: Ack, receipt: Receipt) -> None:
        """Take a pressed button, or open its form; Slack shows no text of that ack, so trouble is told apart."""
        words = BROKEN
        try:
            row = payloads.pressed(body, at=self._services.now())
            modal = self._words.modals.get(row.name)
            words = self._opens(modal, row, body) if modal else await self._written(row, receipt)
        except BadPayload as error:
            log.warning("A pressed button was refused: %s", error)
            words = BAD_PAYLOAD
        except Exception:
            log.exception("A pressed button was refused")
        if words:
            self._after(self._whisper(_letter(body, words)))
        await ack()

    async def submission(self, body: Mapping[str, Any], ack: Ack, receipt: Receipt) -> None:
        """Take a submitted form; it stays open, with the reason, when it could not be taken."""
        words = BROKEN
        try:
            words = await self._written(payloads.submitted(body, at=self._services.now()), receipt)
        except BadPayload as error:
            log.warning("A submitted form was refused: %s", error)
            words = BAD_PAYLOAD
        except Exception:
            log.exception("A submitted form was refused")
        if not words:
            await ack()
        elif block := _first_block(body):
            await ack(response_action="errors", errors={block: words})
        else:
            self._after(self._whisper(_letter(body, words)))
            await ack()

    async def event(self, body: Mapping[str, Any], receipt: Receipt) -> bool:
        """Take an event, and say whether it may be acknowledged; one that could not be written is sent again."""
        try:
            row = payloads.happened(body, at=self._services.now())
        except BadPayload as error:
            log.warning("An event was ignored: %s", error)
            return True
        return row is None or not await self._written(row, receipt)

    async def suggest(self, body: Mapping[str, Any], ack: Ack) -> None:
        """Answer what was typed so far with tags and branches; with nothing when the repository is slow or away."""
        options: list[dict[str, Any]] = []
        try:
            typed = body.get("value")
            looking = self._threads.submit(self._refs, typed[:200] if isinstance(typed, str) else "")
            done, _ = await asyncio.wait({asyncio.wrap_future(looking)}, timeout=SUGGEST_SECONDS)
            options = looking.result() if done else []
            looking.cancel()
        except Exception as error:  # noqa: BLE001 — a suggestion is a courtesy; whatever is wrong shows when the ref is resolved
            log.warning("No refs could be suggested: %s", error)
        await ack(options=options)

    async def close(self) -> None:
        """Let what follows the acks end."""
        await asyncio.gather(*self._afterwards, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _written(self, row: InboxRow, receipt: Receipt) -> str:
        try:
            await self._intake.write(row, receipt)
        except NotWritten:
            return NOT_WRITTEN
        return ""

    def _opens(self, modal: Modal, row: InboxRow, body: Mapping[str, Any]) -> str:
        trigger = body.get("trigger_id")
        if not isinstance(trigger, str) or not trigger:
            raise BadPayload("trigger_id")
        request = Request(
            name=row.name,
            person=Person(row.person, payloads.name_of(body)),
            value=str(row.values.get("value", "")),
            channel=row.channel,
            key=row.key,
        )
        view = {"external_id": payloads.marked(row.channel, trigger), **modal.view(request, self._services)}
        self._after(self._open(trigger, view, _letter(body, "")))
        return ""

    async def _open(self, trigger: str, view: Mapping[str, Any], letter: Letter) -> None:
        try:
            await self._slack.call("views.open", trigger_id=trigger, view=view)
        except CallFailed as error:
            # A redelivered payload finds its trigger used: the form is open.
            if isinstance(error, Refused) and error.error == "exchanged_trigger_id":
                return
            log.warning("A form could not be opened: %s", error)
            why = error.error.replace("_", " ") if isinstance(error, Refused) else "Slack did not answer"
            await self._whisper(Letter(letter.person, NO_FORM.format(why=why), (), letter.channel, letter.response_url))

    async def _whisper(self, letter: Letter) -> None:
        try:
            await tell(self._slack, letter)
        except CallFailed as error:
            log.warning("A private word could not be said: %s", error)

    def _after(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._afterwards.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._afterwards.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("What follows an ack broke", exc_info=error)

    def _refs(self, typed: str) -> list[dict[str, Any]]:
        return suggestions.options(self._services.repository.refs(typed, limit=suggestions.MOST))


def _letter(body: Mapping[str, Any], words: str) -> Letter:
    user, channel, container = (body.get(part) for part in ("user", "channel", "container"))
    person = user.get("id", "") if isinstance(user, Mapping) else body.get("user_id", "")
    place = channel.get("id", "") if isinstance(channel, Mapping) else body.get("channel_id", "")
    place = place or (container.get("channel_id", "") if isinstance(container, Mapping) else "")
    return Letter(str(person), words, (), str(place), str(body.get("response_url") or ""))


def _first_block(body: Mapping[str, Any]) -> str:
    view = body.get("view")
    return next(iter(payloads.fields(view)), "") if isinstance(view, Mapping) else ""
