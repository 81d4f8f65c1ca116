"""What came back from the app after something was delivered to it."""

from dataclasses import dataclass
from typing import Literal, Protocol

from bot.sandbox.slack.entities import Json

Envelope = Literal["slash_commands", "interactive", "events_api"]
OPERATION_TIMEOUT = "operation_timeout"
DISPATCH_FAILED = "dispatch_failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """An acknowledgement with what it carried, or why there was none."""

    payload: Json | None = None
    error: str = ""

    @property
    def acked(self) -> bool:
        """Say whether the app acknowledged in time."""
        return not self.error


@dataclass(frozen=True, slots=True)
class Retry:
    """Which attempt this is, counted from one, and why it is made."""

    attempt: int
    reason: str


class Carrier(Protocol):
    """A way to the app: Socket Mode or signed requests."""

    async def deliver(self, kind: Envelope, payload: Json, retry: Retry | None = None) -> Answer:
        """Hand something to the app and return its acknowledgement."""
        ...
