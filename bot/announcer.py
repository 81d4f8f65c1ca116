"""One message per deployment, always showing the row as it is: renders cards from rows, at the moment of sending."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from bot.slack.posting import Message
from commands.replies import Block
from storage import deployments
from storage.models import Deployment, OutboxRow, Status
from storage.reports import Facts, facts
from storage.store import Store

MOST_TEXT = 3_000


class View(Protocol):
    """Draws a card from its facts, the time, and what it is queued behind."""

    def __call__(self, seen: Facts, /, *, now: datetime | None, behind: Deployment | None) -> Sequence[Block]:
        """Return the card's blocks."""
        ...


def _utc() -> datetime:
    return datetime.now(UTC)


class Announcer:
    """Renders the card of a deployment; after an outage only its present state is ever asked for."""

    def __init__(
        self,
        store: Store,
        view: View,
        clock: Callable[[], datetime] = _utc,
        *,
        checks: Callable[[int], Message] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._view = view
        self._checks = checks

    async def draw(self, row: OutboxRow) -> Message:
        """Return the card that a row wants, as it should look now: of a deployment, or of a check."""
        if row.deployment_id is not None:
            return await self.render(row.deployment_id)
        if self._checks is None or "checklist" not in row.payload:
            raise ValueError(f"the card {row.key} belongs to no deployment and to no check")
        return await asyncio.to_thread(self._checks, int(row.payload["checklist"]))

    async def render(self, deployment_id: int) -> Message:
        """Return the card as it should look now, with the version that it shows."""
        return await asyncio.to_thread(self.card, deployment_id)

    def card(self, deployment_id: int) -> Message:
        """Return the card as it should look now; blocks for as long as the database takes."""
        with self._store.look() as session:
            seen = facts(session, deployment_id)
            queued = seen.deployment.status is Status.QUEUED
            behind = deployments.ahead_of(session, seen.deployment) if queued else None
        blocks = tuple(self._view(seen, now=self._clock(), behind=behind))
        return Message(plain(blocks), blocks, seen.deployment.version)


def plain(blocks: Sequence[Block]) -> str:
    """Return what blocks say, without their shape: for notifications, and where blocks are refused."""
    text = "\n".join(line for block in blocks for line in _lines(block) if line)
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…"


def _lines(block: Block) -> Iterator[str]:
    yield _text(block.get("text"))
    for part in (*block.get("fields", ()), *(block.get("elements", ()) if block.get("type") == "context" else ())):
        yield _text(part).replace("\n", ": ", 1)
    yield from (f"{'☑' if box.get('initial_options') else '☐'} {_text(box['options'][0])}" for box in _boxes(block))


def _boxes(block: Block) -> list[Block]:
    return [it for it in block.get("elements", ()) if isinstance(it, dict) and it.get("type") == "checkboxes"]


def _text(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return ""
    inner = part.get("text", "")
    return inner if isinstance(inner, str) else _text(inner)
