"""What has to be said to the outside, written in the transaction that made it true."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, SQLModel

from storage.columns import Document, Instant, words


class Saying(StrEnum):
    """What kind of message it is."""

    CARD = "card"
    """The one message of a deployment: posted once, then edited in place."""
    POST = "post"
    """A message in a channel; in a card's thread when `deployment_id` and `in_thread` are set."""
    PRIVATE = "private"
    """An answer that one person sees: by response_url, else chat.postEphemeral, else a direct message."""
    DIRECT = "direct"
    """A direct message to a person."""
    FILE = "file"
    """A text file in a card's thread."""
    ALERT = "alert"
    """To the pager and the alert channel: at least once, duplicates rather than loss."""
    HOME = "home"
    """Somebody's App Home: rendered at the moment of sending, published again when what it shows changes."""


class OutboxState(StrEnum):
    """How far a message has come."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class OutboxRow(SQLModel, table=True):
    """One message to be delivered; a card's row lives as long as its deployment changes."""

    __tablename__ = "outbox"

    id: int | None = Field(default=None, primary_key=True)
    kind: Saying = Field(sa_type=words(Saying))
    key: str = Field(unique=True)
    """`card:<deployment>`, or anything that is the same for the same thing said twice; travels as message metadata."""
    deployment_id: int | None = Field(default=None, foreign_key="deployment.id", index=True)
    channel: str = ""
    """A channel's name or id; empty for a private or direct message."""
    person: str = ""
    response_url: str = ""
    in_thread: bool = False
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    """`{text, blocks}` of a message, `{title, text}` of a file; a card is rendered at the moment of sending."""
    ts: str = ""
    """Slack's timestamp of the message once it is known."""
    wanted: int = 1
    """For a card: the deployment's version that ought to be shown; for an App Home: how often it was wanted."""
    shown: int = 0
    """The version, or the wish, that is shown."""
    state: OutboxState = Field(default=OutboxState.WAITING, sa_type=words(OutboxState), index=True)
    attempts: int = 0
    """Tries so far: after the first, a lost reply is looked for by its metadata before posting again."""
    next_at: datetime = Field(sa_type=Instant)
    error: str = ""
    created_at: datetime = Field(sa_type=Instant)
    delivered_at: datetime | None = Field(default=None, sa_type=Instant)
