"""What Bolt calls: one listener for each name that Slack may ask for, nothing more than payload in, ack out."""

import logging
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse

from bot.slack.front import Ack, Front, Words
from bot.slack.intake import Receipt

SUGGESTS = "deploy.ref"
"""The menu that is answered with tags and branches while somebody types."""
EVENTS: Mapping[str, tuple[str, ...]] = {
    "app_home_opened": (),
    "app_mention": ("app_mentions:read",),
    "message.im": ("im:history",),
}
"""Events that the app subscribes to, and the bot scopes that they need."""
RECEIPT = "shipmate_receipt"
"""Where the door leaves the request's receipt in Bolt's context."""

Context = Mapping[str, Any]
Body = dict[str, Any]


def bolt() -> AsyncApp:
    """Return a Bolt app that asks Slack nothing: not at its construction, and not to authorise a request.

    Who somebody is, is asked by the worker; requests are verified by the door, before anything is parsed.
    """
    return AsyncApp(
        name="shipmate",
        logger=logging.getLogger("bolt"),
        signing_secret="",
        authorize=_authorize,
        request_verification_enabled=False,
        ignoring_self_events_enabled=False,
        attaching_function_token_enabled=False,
    )


def register(app: AsyncApp, front: Front, words: Words) -> None:
    """Listen to every command, button, form and suggestion of the registry."""
    for name in sorted(words.commands):
        app.command(f"/{name}")(_command(front))
    for name in sorted(words.actions | (frozenset(words.modals) - words.commands)):
        app.action(name)(_action(front))
    for name in sorted(words.submissions):
        app.view(name)(_submission(front))
    app.options(SUGGESTS)(_suggestion(front))
    for name in sorted({event.partition(".")[0] for event in EVENTS}):
        # Bolt acknowledges an event before its listener runs; what stands before the listener is still in time.
        app.event(name, middleware=[_event(front)])(_nothing)
    # A menu that only collects a form's answer sends an action too, and wants nothing but its ack.
    app.action(SUGGESTS)(_nothing)


# Bolt's listeners get their arguments by name; a function for each keeps its inspection simple.


def _command(front: Front) -> Any:
    async def listen(ack: Ack, body: Body, context: Context) -> None:
        await front.command(body, ack, _receipt(context))

    return listen


def _action(front: Front) -> Any:
    async def listen(ack: Ack, body: Body, context: Context) -> None:
        await front.action(body, ack, _receipt(context))

    return listen


def _submission(front: Front) -> Any:
    async def listen(ack: Ack, body: Body, context: Context) -> None:
        await front.submission(body, ack, _receipt(context))

    return listen


def _suggestion(front: Front) -> Any:
    async def listen(ack: Ack, body: Body) -> None:
        await front.suggest(body, ack)

    return listen


def _event(front: Front) -> Any:
    async def write_down(body: Body, context: Context) -> BoltResponse:
        written = await front.event(body, _receipt(context))
        return BoltResponse(status=200 if written else 503, body="")

    return write_down


async def _nothing(ack: Ack) -> None:
    await ack()


async def _authorize(**_: Any) -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id=None)


def _receipt(context: Context) -> Receipt:
    receipt = context[RECEIPT]
    if not isinstance(receipt, Receipt):
        raise TypeError("the door left no receipt")
    return receipt
