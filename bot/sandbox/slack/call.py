"""One call of the Web API: its arguments, and what its token may do."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.entities import BOT_USER, Channel, Json, SlackError
from bot.sandbox.slack.workspace import Workspace

STRUCTURED = frozenset({"blocks", "attachments", "metadata", "view", "files"})


@dataclass(frozen=True, slots=True)
class Call:
    """What a method is given."""

    workspace: Workspace
    arguments: Mapping[str, Any]
    scopes: frozenset[str] | None
    """What the token may; None means everything."""
    base: str = ""
    """Where this server is, for addresses in answers."""

    def need(self, *scopes: str) -> None:
        """Refuse unless the token has all these scopes."""
        if self.scopes is not None and not self.scopes.issuperset(scopes):
            provided = ",".join(sorted(self.scopes))
            raise SlackError("missing_scope", needed=",".join(scopes), provided=provided)

    def text(self, key: str, default: str = "") -> str:
        """Return an argument as text."""
        value = self.arguments.get(key)
        return default if value is None else str(value)

    def flag(self, key: str) -> bool:
        """Return an argument as yes or no."""
        return str(self.arguments.get(key, "")).lower() in {"1", "true"}

    def number(self, key: str, default: int) -> int:
        """Return an argument as a number."""
        try:
            return int(self.arguments.get(key) or default)
        except ValueError as error:
            raise SlackError("invalid_arguments") from error

    def structure(self, key: str) -> Any:
        """Return an argument that holds JSON; forms carry it as a string."""
        value = self.arguments.get(key)
        if not isinstance(value, str) or key not in STRUCTURED:
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError as error:
            raise SlackError("invalid_blocks_format" if key == "blocks" else "invalid_arguments") from error

    def channel(self, key: str = "channel") -> Channel:
        """Return the channel an argument names by id (or by name, as posting allows)."""
        where = self.text(key)
        if not where:
            raise SlackError("channel_not_found")
        channel = self.workspace.channel(where)
        if channel.private and BOT_USER not in channel.members:
            raise SlackError("channel_not_found")
        return channel

    def joined(self, key: str = "channel") -> Channel:
        """Return the channel an argument names when the app is in it."""
        channel = self.channel(key)
        if BOT_USER not in channel.members:
            raise SlackError("not_in_channel")
        return channel


Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the Web API: what it does and which scopes it needs at least."""

    handler: Handler
    scopes: tuple[str, ...] = ()
    paced_by: str = ""
    """The argument that has a pace of its own, such as the channel of a post."""


def page(items: list[Any], call: Call, *, most: int = 1000) -> tuple[list[Any], str]:
    """Return the part of the items that cursor and limit ask for, and the next cursor."""
    cursor = call.text("cursor")
    if cursor and not cursor.isdecimal():
        raise SlackError("invalid_cursor")
    start, limit = int(cursor or 0), min(call.number("limit", 100), most)
    following = start + limit
    return items[start:following], str(following) if following < len(items) else ""
