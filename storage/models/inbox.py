"""What people asked for, written down before it is acknowledged."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, SQLModel

from storage.columns import Document, Instant, words


class Asking(StrEnum):
    """How a request reached us."""

    COMMAND = "command"
    ACTION = "action"
    SUBMISSION = "submission"
    OPENED = "opened"
    """Somebody looks at the App Home."""
    MESSAGE = "message"
    """Somebody wrote to the bot, or named it in a channel."""


class InboxState(StrEnum):
    """How far a request has come."""

    RECEIVED = "received"
    ELIGIBLE = "eligible"
    RUNNING = "running"
    DONE = "done"
    VOID = "void"


class InboxRow(SQLModel, table=True):
    """One request from Slack, unique by what Slack calls it."""

    __tablename__ = "inbox"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    """Never the same for two requests: from trigger_id, action_ts + message ts, or view id + hash."""
    kind: Asking = Field(sa_type=words(Asking))
    name: str
    """`deploy`, `rollback`; an action_id; a modal's callback_id."""
    text: str = ""
    values: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    """For an action `{"value": …}`; for a submission the fields by block id, and `private_metadata`."""
    person: str
    team: str = ""
    channel: str = ""
    message_ts: str = ""
    response_url: str = ""
    state: InboxState = Field(default=InboxState.RECEIVED, sa_type=words(InboxState), index=True)
    outcome: str = ""
    """`ok`, or the code of the error that was shown, or why it is void."""
    attempts: int = 0
    owner: str | None = None
    """The process that runs it."""
    leased_until: datetime | None = Field(default=None, sa_type=Instant)
    """Until when its process has promised to be alive; after that another may run it."""
    received_at: datetime = Field(sa_type=Instant)
    acked_at: datetime | None = Field(default=None, sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)
