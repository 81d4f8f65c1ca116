"""What Slack sends, read into the row that is written down; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.models import Asking, InboxRow, InboxState

LONGEST_TEXT = 8_000
"""Slack cuts what people type long before this."""
_MENTION = re.compile(r"<@[A-Z0-9]+(?:\|[^>]*)?>")


@dataclass
class BadPayload(Exception):
    """A payload lacks something that every payload of its kind has."""

    what: str

    def __str__(self) -> str:
        return f"the payload has no usable {self.what}"


def slash(body: Mapping[str, Any], *, at: datetime) -> InboxRow:
    """Return the row of a slash command; raises BadPayload."""
    return InboxRow(
        key=f"slash:{_word(body, 'trigger_id')}",
        kind=Asking.COMMAND,
        name=_word(body, "command").removeprefix("/"),
        text=_text(body, "text"),
        person=_word(body, "user_id"),
        team=_text(body, "team_id"),
        channel=_text(body, "channel_id"),
        response_url=_text(body, "response_url"),
        received_at=at,
    )


def pressed(body: Mapping[str, Any], *, at: datetime) -> InboxRow:
    """Return the row of a pressed button or a changed menu; raises BadPayload."""
    actions = body.get("actions")
    if not isinstance(actions, list) or not actions:
        raise BadPayload("actions")
    action, person = _part(actions[0], "actions"), _word(_part(body.get("user"), "user"), "id")
    message, name = _message(body), _word(action, "action_id")
    return InboxRow(
        key=f"action:{_word(action, 'action_ts')}:{message}:{name}:{person}",
        kind=Asking.ACTION,
        name=name,
        values={"value": _chosen(action), **_where(action)},
        person=person,
        team=_below(body, "team", "id"),
        channel=_below(body, "channel", "id") or _below(body, "container", "channel_id"),
        message_ts=message,
        response_url=_text(body, "response_url"),
        received_at=at,
    )


def submitted(body: Mapping[str, Any], *, at: datetime) -> InboxRow:
    """Return the row of a submitted modal; raises BadPayload."""
    view = _part(body.get("view"), "view")
    person = _part(body.get("user"), "user")
    return InboxRow(
        key=f"submission:{_word(view, 'id')}:{_word(view, 'hash')}",
        kind=Asking.SUBMISSION,
        name=_word(view, "callback_id"),
        values={"fields": fields(view), "private_metadata": _text(view, "private_metadata")},
        person=_word(person, "id"),
        team=_below(body, "team", "id") or _text(person, "team_id"),
        channel=opened_from(_text(view, "external_id")),
        received_at=at,
    )


def happened(body: Mapping[str, Any], *, at: datetime) -> InboxRow | None:
    """Return the row of an event, or None for one that asks nothing of us; raises BadPayload.

    It may run as soon as it is written: Slack sends an event again whose ack was lost, so nobody has to be told.
    """
    event = _part(body.get("event"), "event")
    opened = _word(event, "type") == "app_home_opened"
    if not (_text(event, "tab") == "home" if opened else _by_a_person(event)):
        return None
    return InboxRow(
        key=f"event:{_word(body, 'event_id')}",
        kind=Asking.OPENED if opened else Asking.MESSAGE,
        name="app_home_opened" if opened else "message",
        text="" if opened else _said(event),
        person=_word(event, "user"),
        team=_text(body, "team_id"),
        channel="" if opened else _word(event, "channel"),
        state=InboxState.ELIGIBLE,
        received_at=at,
    )


def fields(view: Mapping[str, Any]) -> dict[str, str]:
    """Return a modal's answers by block id; what was left empty is an empty string."""
    state = view.get("state")
    blocks = state.get("values") if isinstance(state, Mapping) else None
    if not isinstance(blocks, Mapping):
        return {}
    return {
        str(block): _chosen(element)
        for block, elements in blocks.items()
        if isinstance(elements, Mapping)
        for element in list(elements.values())[:1]
        if isinstance(element, Mapping)
    }


def marked(channel: str, trigger: str) -> str:
    """Return an external id for a view that remembers the channel from which it was opened."""
    return f"{channel}:{trigger}"[:255]


def opened_from(external_id: str) -> str:
    """Return the channel that `marked` remembered, or nothing."""
    channel = external_id.partition(":")[0]
    return channel if channel[:1] in {"C", "G", "D"} and channel.isalnum() else ""


def name_of(body: Mapping[str, Any]) -> str:
    """Return what the person is called in the payload; for greeting, never for judging."""
    return _text(body, "user_name") or _below(body, "user", "username") or _below(body, "user", "name")


def _by_a_person(event: Mapping[str, Any]) -> bool:
    """Say whether a message is one that a person wrote just now: not by a bot, not an edit, not a joining."""
    return not (event.get("bot_id") or event.get("subtype") or event.get("edited"))


def _said(event: Mapping[str, Any]) -> str:
    text = event.get("text")
    bare = _MENTION.sub(" ", text[:LONGEST_TEXT]) if isinstance(text, str) else ""
    return bare.replace("\0", " ").strip()


def _chosen(element: Mapping[str, Any]) -> str:
    for word in ("value", "selected_date", "selected_user", "selected_channel", "selected_conversation"):
        if isinstance(element.get(word), str):
            return str(element[word])[:LONGEST_TEXT]
    options = element.get("selected_options")
    picked = options if isinstance(options, list) else [element.get("selected_option")]
    return ",".join(str(option["value"]) for option in picked if isinstance(option, Mapping) and "value" in option)


def _where(action: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return a box by its block, because an empty value alone does not say which box it is."""
    block = _text(action, "block_id")
    return {"fields": {block: _chosen(action)}} if block and action.get("type") == "checkboxes" else {}


def _message(body: Mapping[str, Any]) -> str:
    return _below(body, "message", "ts") or _below(body, "container", "message_ts") or _below(body, "view", "id")


def _part(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadPayload(what)
    return value


def _below(body: Mapping[str, Any], part: str, word: str) -> str:
    inner = body.get(part)
    return _text(inner, word) if isinstance(inner, Mapping) else ""


def _text(body: Mapping[str, Any], word: str) -> str:
    value = body.get(word)
    if value is None:
        return ""
    # PostgreSQL stores no NUL in a text.
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or "\0" in value:
        raise BadPayload(word)
    return value


def _word(body: Mapping[str, Any], word: str) -> str:
    value = _text(body, word)
    if not value:
        raise BadPayload(word)
    return value
