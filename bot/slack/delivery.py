"""Delivers the outbox: paced, coalesced, tried again; what is said is read at the moment of sending."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from bot.rounds import Rounds
from bot.slack.calls import Limited
from bot.slack.clocks import Clocks
from bot.slack.digest import fold, is_late
from bot.slack.lanes import Budget, Lanes
from bot.slack.patience import LONGEST_BACKOFF, backoff, hopeless
from bot.slack.posting import Sent
from bot.slack.sending import Sender, waits_for_card
from storage import audit, outbox
from storage.models import OutboxRow, OutboxState, Saying
from storage.store import Session, Store

log = logging.getLogger(__name__)

EDITS_AT_ONCE, EDITS_PER_SECOND = 10, 50 / 60
"""What all cards together take of the 50 edits a minute that Slack allows (chat.update, tier 3)."""
_PRIVATE_GAP = 0.1
_ROUNDS_APART = 0.02
"""Many messages at once are one look at the outbox."""
_AT_ONCE = 500
_LOOK_AGAIN = timedelta(milliseconds=500)
_DRAWN = frozenset({Saying.CARD, Saying.HOME})
"""What is drawn from the rows at the moment of sending, and goes on waiting when more has happened since."""


@dataclass(frozen=True, slots=True)
class Picked:
    """A row at the moment of sending, with its deployment's card."""

    row: OutboxRow
    card: OutboxRow | None
    again: bool
    """Whether an earlier try may have reached Slack without anybody hearing of it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many seconds apart things are."""

    every: float = 0.25
    """Two looks at the outbox while something is due whose turn has not come."""
    rest: float = 10.0
    """Two looks at the most, for what other processes say."""
    gap: float = 1.0
    """Two messages in a channel, and two edits of a card."""


class Delivery:
    """The one place from which the outbox goes to Slack; one message at a time in each lane."""

    def __init__(
        self,
        store: Store,
        sender: Sender,
        clocks: Clocks,
        *,
        pace: Pace = Pace(),
        demand_lead: Callable[[Session], None] = lambda _: None,
    ) -> None:
        """Remember what to deliver with; `demand_lead` raises in a transaction of somebody who no longer leads."""
        self._store = store
        self._sender = sender
        self._now = clocks.now
        self._monotonic = clocks.monotonic
        self._pause = clocks.pause
        self._rounds = Rounds(self._round, rest=pace.rest, gap=_ROUNDS_APART)
        self._pace = pace
        self._demand_lead = demand_lead
        self._lanes = Lanes(monotonic=clocks.monotonic)
        self._edits = Budget(EDITS_AT_ONCE, EDITS_PER_SECOND, monotonic=clocks.monotonic)
        self._books = ThreadPoolExecutor(max_workers=2, thread_name_prefix="delivery")
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._told: set[str] = set()
        self._looked = self._now()

    def wake(self) -> None:
        """Look at the outbox at once; called from any thread."""
        self._rounds.wake()

    async def run(self) -> None:
        """Deliver until stopped; what an earlier process was told to wait for is tried at once."""
        self._store.listen(self.wake, OutboxRow)
        await self._safely(self._hurry)
        await self._rounds.run()

    async def stop(self, *, seconds: float = 5.0) -> None:
        """Deliver what is due, for a moment, then stop; the rest waits in its rows for the next start."""
        await self._rounds.stop()
        until = self._monotonic() + seconds
        while (await self._begun() or self._under_way) and self._monotonic() < until:
            await self._pause(0.05)
        for task in tuple(self._under_way.values()):
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        self._books.shutdown(wait=True, cancel_futures=True)

    async def _round(self) -> float | None:
        """Begin what is due; return in how many seconds there is something to look at."""
        if await self._begun():
            return self._pace.every
        due: float | None = await self._safely(self._until_next)
        return due

    async def _begun(self) -> int:
        """Begin every delivery that is due and whose lane is free; return how many rows wait."""
        rows = await self._safely(self._due) or []
        for row in fair(rows):
            lane = _lane(row)
            if row.id is None or row.id in self._under_way or not self._lanes.take(lane):
                continue
            if _edits(row) and not self._edits.take():
                self._lanes.leave(lane, pause=0.0)
                continue
            task = asyncio.get_running_loop().create_task(self._deliver(row.id, lane))
            self._under_way[row.id] = task
            task.add_done_callback(partial(self._ended, row.id))
        return len(rows)

    def _ended(self, number: int, _: "asyncio.Task[None]") -> None:
        del self._under_way[number]

    async def _deliver(self, number: int, lane: str) -> None:
        pause = _PRIVATE_GAP if lane.startswith("private:") else self._pace.gap
        try:
            picked = await self._safely(self._pick, number)
            if picked is None:
                pause = 0.0
                return
            try:
                sent = await self._sender.send(picked.row, picked.card, again=picked.again)
            except Limited as limit:
                pause = limit.seconds
                if _edits(picked.row):
                    self._edits.none_for(limit.seconds)
                await self._safely(self._later, picked.row, limit, timedelta(seconds=limit.seconds))
            except Exception as error:  # noqa: BLE001 — logged there; a message that breaks one attempt must not stop the others
                await self._failed(picked.row, error)
            else:
                await self._sent(picked.row, sent)
        finally:
            self._lanes.leave(lane, pause=pause)

    async def _sent(self, row: OutboxRow, sent: Sent) -> None:
        # It has been said. Until that is written down it would be said again, so this is tried for as long as it takes.
        seconds = 0.2
        while not await self._safely(self._write_sent, row, sent):
            await self._pause(seconds)
            seconds = min(seconds * 2, LONGEST_BACKOFF)

    async def _failed(self, row: OutboxRow, error: Exception) -> None:
        log.warning(
            "%s could not be delivered (attempt %d): %s", row.key, row.attempts, error, exc_info=_unexpected(error)
        )
        if hopeless(row, error, now=self._now()):
            await self._safely(self._give_up, row, error)
        else:
            await self._safely(self._later, row, error, backoff(row.attempts))

    def _until_next(self) -> float | None:
        with self._store.look() as session:
            at = outbox.next_due(session)
        return None if at is None else (at - self._now()).total_seconds()

    def _due(self) -> list[OutboxRow]:
        before, self._looked = self._looked, self._now()
        if self._looked < before - _LOOK_AGAIN:
            # The clock was set back: what was to wait for seconds would wait for hours.
            self._hurry()
        with self._store.look() as session:
            rows = outbox.due(session, self._now(), limit=_AT_ONCE)
        if not any(is_late(row, self._now()) for row in rows):
            return rows
        with self._store.begin() as session:
            self._demand_lead(session)
            fold(session, now=self._now(), under_way=tuple(self._under_way))
            session.flush()
            return outbox.due(session, self._now(), limit=_AT_ONCE)

    def _hurry(self) -> bool:
        with self._store.begin() as session:
            for row in outbox.due(session, self._now() + timedelta(days=3650), limit=_AT_ONCE):
                row.next_at = min(row.next_at, self._now())
                session.add(row)
        return True

    def _pick(self, number: int) -> Picked | None:
        """Read the row as it is now and commit that it is being tried, before it is."""
        with self._store.begin() as session:
            self._demand_lead(session)
            row = session.get(OutboxRow, number)
            if row is None or row.state is not OutboxState.WAITING:
                return None
            card = None if row.deployment_id is None else outbox.card_of(session, row.deployment_id)
            if waits_for_card(row, card):
                row.next_at = self._now() + _LOOK_AGAIN
                session.add(row)
                return None
            again = row.attempts > 0
            return Picked(outbox.trying(session, number), card, again)

    def _write_sent(self, row: OutboxRow, sent: Sent) -> bool:
        at, number = self._now(), _number(row)
        with self._store.begin() as session:
            shown = sent.shown if row.kind in _DRAWN else None
            stored = outbox.delivered(session, number, ts=sent.ts or row.ts, at=at, shown=shown)
            if row.kind is Saying.CARD:
                stored.channel = sent.channel or stored.channel
                session.add(stored)
            if sent.plainly and row.key not in self._told:
                self._told.add(row.key)
                audit.record(session, **_entry(row, "message.said_plainly", sent.plainly), at=at)
        return True

    def _later(self, row: OutboxRow, error: Exception, wait: timedelta) -> bool:
        with self._store.begin() as session:
            outbox.failed(session, _number(row), error=str(error)[:500], next_at=self._now() + wait)
        return True

    def _give_up(self, row: OutboxRow, error: Exception) -> bool:
        at = self._now()
        with self._store.begin() as session:
            outbox.give_up(session, _number(row), error=str(error)[:500], at=at)
            audit.record(session, **_entry(row, "message.given_up", str(error)), at=at)
        return True

    async def _safely(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Run a piece of book-keeping in a thread; None when the database is away."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._books, work, *arguments)
        except Exception:
            log.exception("The outbox could not be read or written")
            return None


def fair(rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """Return messages in their order, and cards to be edited by how long they have been behind."""
    return sorted(rows, key=lambda row: (row.next_at if _edits(row) else row.created_at, row.id or 0))


def _edits(row: OutboxRow) -> bool:
    return row.kind is Saying.CARD and bool(row.ts)


def _lane(row: OutboxRow) -> str:
    if _edits(row):
        return row.key
    if row.kind is Saying.HOME:
        return row.key
    if row.kind in {Saying.PRIVATE, Saying.DIRECT}:
        return f"private:{row.person}"
    return f"channel:{row.channel.removeprefix('#')}"


def _entry(row: OutboxRow, action: str, why: str) -> dict[str, Any]:
    subject = f"outbox:{row.id}" if row.deployment_id is None else f"deployment:{row.deployment_id}"
    detail = {"key": row.key, "kind": row.kind.value, "channel": row.channel, "why": why[:500]}
    return {"actor": "shipmate", "action": action, "subject": subject, "detail": detail}


def _number(row: OutboxRow) -> int:
    if row.id is None:
        raise ValueError("a row has no number before it is stored")
    return row.id


def _unexpected(error: Exception) -> bool:
    return not hasattr(error, "method")
