"""What a Slack workspace holds, and how Slack writes it in JSON."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

TEAM = "T0SAND"
TEAM_DOMAIN = "sandbox"
APP = "A0SHIP"
BOT_USER = "U0SHIP"
BOT = "B0SHIP"
SLACKBOT = "USLACKBOT"


class SlackError(Exception):
    """Slack said no, with one of its own error names and what else it answers."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more


@dataclass(slots=True)
class Person:
    """Somebody in the workspace."""

    id: str
    name: str
    real_name: str = ""
    email: str = ""
    title: str = ""
    restricted: bool = False
    team: str = TEAM
    deleted: bool = False
    bot: bool = False

    @property
    def stranger(self) -> bool:
        """Say whether they belong to another organisation and are here through Slack Connect."""
        return self.team != TEAM

    def as_slack(self, *, with_email: bool = True) -> Json:
        """Return what users.info says about them."""
        profile = {"real_name": self.real_name, "display_name": self.name, "title": self.title}
        if with_email and self.email:
            profile["email"] = self.email
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": self.deleted,
            "is_bot": self.bot,
            "is_app_user": False,
            "is_restricted": self.restricted,
            "is_ultra_restricted": False,
            "is_stranger": self.stranger,
            "is_admin": False,
            "is_owner": False,
            "tz": "Europe/Berlin",
            "tz_offset": 3600,
            "profile": profile,
        }

    def as_actor(self) -> Json:
        """Return how an interaction names them."""
        return {"id": self.id, "username": self.name, "name": self.name, "team_id": self.team}


@dataclass(slots=True)
class Group:
    """A user group that one can mention."""

    id: str
    handle: str
    name: str
    people: list[str]
    disabled: bool = False

    def as_slack(self) -> Json:
        """Return what usergroups.list says about it."""
        return {
            "id": self.id,
            "team_id": TEAM,
            "is_usergroup": True,
            "handle": self.handle,
            "name": self.name,
            "date_delete": 1 if self.disabled else 0,
            "user_count": len(self.people),
        }


@dataclass(slots=True)
class Channel:
    """A place for messages: a public or private channel, or a direct message."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    topic: str = ""
    private: bool = False
    archived: bool = False
    person: str = ""
    """Whose direct message with the app this is; empty for a channel."""

    @property
    def direct(self) -> bool:
        """Say whether this is a direct message."""
        return bool(self.person)

    def as_slack(self) -> Json:
        """Return what conversations.info says about it."""
        if self.direct:
            return {"id": self.id, "is_im": True, "user": self.person, "is_archived": False, "is_channel": False}
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": not self.private,
            "is_group": self.private,
            "is_im": False,
            "is_private": self.private,
            "is_archived": self.archived,
            "is_member": BOT_USER in self.members,
            "is_general": self.name == "general",
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "num_members": len(self.members),
        }


@dataclass(slots=True)
class Message:
    """Something said, by a person or the app, to all or to one."""

    ts: str
    channel: str
    user: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str = ""
    metadata: Json | None = None
    only_for: str = ""
    """The one person who sees it, when it is ephemeral."""
    files: list[str] = field(default_factory=list)
    edited: str = ""
    reactions: dict[str, list[str]] = field(default_factory=dict)
    revisions: list[str] = field(default_factory=list)
    """All its words after each edit, oldest first."""

    @property
    def in_thread(self) -> bool:
        """Say whether it is a reply in a thread."""
        return bool(self.thread_ts) and self.thread_ts != self.ts

    @property
    def words(self) -> str:
        """Return everything it says now: the words of its blocks, or its text."""
        return self.revisions[-1] if self.revisions else self.text

    def as_slack(self, *, with_metadata: bool = True) -> Json:
        """Return the message as history and interactions show it."""
        body: Json = {"type": "message", "ts": self.ts, "user": self.user, "text": self.text, "team": TEAM}
        if self.user == BOT_USER:
            body |= {"bot_id": BOT, "app_id": APP}
        if self.blocks:
            body["blocks"] = self.blocks
        if self.thread_ts:
            body["thread_ts"] = self.thread_ts
        if self.edited:
            body["edited"] = {"user": self.user, "ts": self.edited}
        if self.metadata and with_metadata:
            body["metadata"] = self.metadata
        if self.reactions:
            body["reactions"] = [
                {"name": name, "users": users, "count": len(users)} for name, users in self.reactions.items()
            ]
        return body


@dataclass(slots=True)
class View:
    """A modal on somebody's screen, or their App Home."""

    id: str
    person: str
    content: Json
    hash: str
    root: str
    previous: str = ""
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What is filled in, by block id and action id, before Slack's wrapping."""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Return what stands at its top."""
        return str((self.content.get("title") or {}).get("text", ""))

    def as_slack(self, state: Json | None = None) -> Json:
        """Return the view as Slack sends it, with what is filled in."""
        content = self.content
        return {
            "id": self.id,
            "team_id": TEAM,
            "app_id": APP,
            "bot_id": BOT,
            "app_installed_team_id": TEAM,
            "type": content["type"],
            "blocks": content["blocks"],
            "private_metadata": content.get("private_metadata", ""),
            "callback_id": content.get("callback_id", ""),
            "external_id": content.get("external_id", ""),
            "title": content.get("title"),
            "submit": content.get("submit"),
            "close": content.get("close"),
            "clear_on_close": content.get("clear_on_close", False),
            "notify_on_close": content.get("notify_on_close", False),
            "state": {"values": state or {}},
            "hash": self.hash,
            "root_view_id": self.root,
            "previous_view_id": self.previous or None,
        }


@dataclass(slots=True)
class File:
    """A file on its way to a channel, or there."""

    id: str
    name: str
    length: int
    title: str = ""
    content: bytes = b""
    uploaded: bool = False
    shared: bool = False

    def as_slack(self, base: str) -> Json:
        """Return what Slack says about the file."""
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "size": len(self.content),
            "user": BOT_USER,
            "url_private": f"{base}/files/{self.id}",
            "permalink": f"{base}/files/{self.id}",
        }
