"""Persist, then ack: what is asked is written down before its ack, and may run once that was out in time."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from bot.slack.clocks import Clocks
from storage import inbox, outbox
from storage.models import InboxRow, InboxState, OutboxRow, Saying
from storage.store import Store

log = logging.getLogger(__name__)

ACK_SECONDS = 3.0
"""Slack tells the author that the command failed when the ack takes longer."""
WRITE_SECONDS = 2.0
"""What the write may take, so that the ack that says it failed is still in time."""
_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

TOO_LATE = (
    "My answer to `{asked}` did not reach Slack within three seconds, so I did nothing with it. Please send it again."
)
RESTARTED = (
    "I was restarted before I could acknowledge `{asked}`, so I did nothing with it. "
    "Please send it again if it is still wanted."
)


class NotWritten(Exception):
    """The request could not be written down in time; nothing will come of it."""


@dataclass(slots=True)
class Receipt:
    """One request on its way through the door: when it came, and the row that it became."""

    received: float
    """On the monotonic clock."""
    row: InboxRow | None = None


class Intake:
    """The one write of a listener, in threads of its own, and what follows once the ack went out."""

    def __init__(
        self,
        store: Store,
        clocks: Clocks,
        *,
        wake: Callable[[], None],
        write_seconds: float = WRITE_SECONDS,
    ) -> None:
        self._store = store
        self._now = clocks.now
        self._monotonic = clocks.monotonic
        self._pause = clocks.pause
        self._wake = wake
        self._write_seconds = write_seconds
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="inbox")
        # One thread, so that requests become eligible in the order in which they were acknowledged.
        self._settling = ThreadPoolExecutor(max_workers=1, thread_name_prefix="acks")

    def arrived(self) -> Receipt:
        """Return a receipt for a request that arrives now."""
        return Receipt(self._monotonic())

    async def write(self, row: InboxRow, receipt: Receipt) -> bool:
        """Commit the row, and say whether it is new; a replay or a redelivery is not, and leaves the receipt empty.

        Raises:
            NotWritten: the database refused, or did not answer in time.
        """
        try:
            writing = self._threads.submit(self._receive, row)
        except RuntimeError as error:
            raise NotWritten("the door is closed") from error
        done, _ = await asyncio.wait({asyncio.wrap_future(writing)}, timeout=self._write_seconds)
        if not done:
            if not writing.cancel():
                writing.add_done_callback(self._void_late)
            raise NotWritten("the database did not answer in time")
        if (trouble := writing.exception()) is not None:
            log.error("A request could not be written down: %s", trouble)
            raise NotWritten(str(trouble)) from trouble
        receipt.row = writing.result()
        return receipt.row is not None

    async def settle(self, receipt: Receipt, *, sent: bool) -> None:
        """Let the request run if its ack was out in three seconds, else void it and tell its author; never raises."""
        if (row := receipt.row) is None:
            return
        if row.state is not InboxState.RECEIVED:
            # An event: it needs no ack to be run, because nobody waits for an answer that could come twice.
            self._wake()
            return
        in_time = sent and self._monotonic() - receipt.received <= ACK_SECONDS
        change = self._acked if in_time else self._void
        for seconds in (*_PAUSES, None):
            try:
                await asyncio.get_running_loop().run_in_executor(self._settling, change, row)
            except Exception:
                log.exception("What became of the ack of %s could not be written down", row.key)
                if seconds is None:
                    # The row stays without its ack, so it can never run; the next start tells its author.
                    return
                await self._pause(seconds)
            else:
                break
        if in_time:
            self._wake()

    def close(self) -> None:
        """Let the writes under way end, and take no more."""
        self._threads.shutdown(wait=True)
        self._settling.shutdown(wait=True)

    def _receive(self, row: InboxRow) -> InboxRow | None:
        with self._store.begin(urgent=True) as session:
            return inbox.receive(session, row)

    def _acked(self, row: InboxRow) -> None:
        with self._store.begin() as session:
            inbox.acked(session, number(row), self._now())

    def _void(self, row: InboxRow) -> None:
        with self._store.begin() as session:
            inbox.void(session, number(row), "no ack in time", self._now())
            outbox.say(session, void_note(row, TOO_LATE, at=self._now()))

    def _void_late(self, writing: "Future[InboxRow | None]") -> None:
        if writing.cancelled() or writing.exception() is not None or (row := writing.result()) is None:
            return
        if row.state is not InboxState.RECEIVED:
            return
        try:
            with self._store.begin() as session:
                inbox.void(session, number(row), "written too late", self._now())
        except Exception:
            log.exception("%s was written too late and stays without its ack", row.key)


def number(row: InboxRow) -> int:
    """Return the id of a row that has been stored."""
    if row.id is None:
        raise ValueError("a row has no number before it is stored")
    return row.id


def void_note(row: InboxRow, words: str, *, at: datetime) -> OutboxRow:
    """Return the private message that tells an author that nothing was done."""
    return OutboxRow(
        kind=Saying.PRIVATE,
        key=f"void:{row.key}",
        channel=row.channel,
        person=row.person,
        response_url=row.response_url,
        payload={"text": words.format(asked=asked(row)), "blocks": []},
        next_at=at,
        created_at=at,
    )


def asked(row: InboxRow) -> str:
    """Return what was asked, as its author would recognise it."""
    if row.kind == "command":
        return f"/{row.name} {row.text}".strip().replace("`", "'")[:200]
    return row.name
