"""Runs what was asked, once its ack is out: oldest first, several people at a time, each person's requests in order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar
from uuid import uuid4

from bot.leader import holder
from bot.rounds import Rounds
from bot.slack.intake import RESTARTED, asked, number, void_note
from commands.auditing import write_down
from commands.command import Handler, Request
from commands.errors import CommandError
from commands.replies import Reply
from commands.services import Person, Services
from deployers.errors import DeployError
from storage import inbox, outbox
from storage.claims import Claim
from storage.errors import ClaimLost, StorageError
from storage.models import Asking, InboxRow, OutboxRow, Saying

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
MOST_AT_ONCE = 100
THREADS = 6
_LONGEST_PAUSE = 5.0
UNACKED_AFTER = timedelta(seconds=10)
SWEEP_EVERY = timedelta(seconds=10)
LEASE = timedelta(seconds=6)
"""For how long a process promises to be alive; after that another one runs what it was running."""
RENEW_EVERY = timedelta(seconds=2)

T = TypeVar("T")
Handlers = Mapping[tuple[Asking, str], Handler]
"""What runs, by how it was asked and its name."""

BROKEN = (
    "Something of mine broke (error {id}), and I cannot say how far `{asked}` got. "
    "Look at `/deploy status` before you try again; the log has the details under that id."
)
INTERRUPTED = (
    "I was interrupted {times} times while I ran `{asked}`, so I stopped trying. "
    "Look at `/deploy status` before you send it again."
)
UNKNOWN = "I do not know `{asked}` (any more). Type `/deploy help` to see what I can do."


class Doorman(Protocol):
    """Who somebody is."""

    def person(self, user: str) -> Person:
        """Return the person; raises CommandError for those who may not ask."""
        ...


class Worker:
    """Takes eligible requests from the inbox and answers them through the outbox."""

    def __init__(
        self,
        services: Services,
        handlers: Handlers,
        doorman: Doorman,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        every: float = 1.0,
        rest: float | None = None,
    ) -> None:
        """Remember who runs what; it looks again after `every` seconds while something runs, else after `rest`."""
        self._services = services
        self._store = services.store
        self._handlers = handlers
        self._doorman = doorman
        self._pause = pause
        # Never the same twice: a container's process may have the number of the one before it.
        self._owner = f"{holder()}:{uuid4().hex}"
        self._rounds = Rounds(self._round, rest=every if rest is None else rest)
        self._every = every
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="command")
        self._books = ThreadPoolExecutor(max_workers=2, thread_name_prefix="worker")
        self._queues: dict[str, asyncio.Lock] = {}
        self._running: dict[asyncio.Task[None], int] = {}
        self._swept = self._renewed = datetime.min.replace(tzinfo=UTC)

    def wake(self) -> None:
        """Look at the inbox at once; called from any thread."""
        self._rounds.wake()

    def recover(self) -> None:
        """At the start, before the door opens: void what was never acknowledged.

        What a dead process was running is claimed once its promise to be alive has lapsed.
        """
        self._sweep()

    async def run(self) -> None:
        """Work until stopped."""
        await self._rounds.run()

    async def _round(self) -> float | None:
        now = self._services.now()
        # Either way, because somebody may set the clock back.
        if abs(now - self._swept) >= SWEEP_EVERY:
            await self._safely(self._sweep)
        if self._running and abs(now - self._renewed) >= RENEW_EVERY:
            await self._safely(self._renew)
        while not self._full and (row := await self._safely(self._take)):
            self._begin(row)
        return self._every if self._running else await self._safely(self._until_lapse)

    @property
    def _full(self) -> bool:
        return self._rounds.stopping or len(self._running) >= MOST_AT_ONCE

    async def stop(self, *, seconds: float = 10.0) -> None:
        """Take nothing more and let what runs end; what does not is resumed by another process."""
        await self._rounds.stop()
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=seconds)
        for task in tuple(self._running):
            task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._books.shutdown(wait=False, cancel_futures=True)

    async def _safely(self, work: Callable[[], T]) -> T | None:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._books, work)
        except Exception:
            log.exception("The inbox could not be read")
            return None

    def _sweep(self) -> None:
        """Void what was never acknowledged and tell its authors; what is newest may still be on its way elsewhere."""
        self._swept = now = self._services.now()
        with self._store.begin() as session:
            for row in inbox.void_unacked(session, now, older_than=UNACKED_AFTER):
                outbox.say(session, void_note(row, RESTARTED, at=now))

    def _take(self) -> InboxRow | None:
        with self._store.begin() as session:
            now = self._services.now()
            return inbox.claim(session, self._owner, now=now, until=now + LEASE)

    def _until_lapse(self) -> float | None:
        with self._store.look() as session:
            at = inbox.next_lapse(session, self._owner)
        return None if at is None else (at - self._services.now()).total_seconds()

    def _renew(self) -> None:
        self._renewed = now = self._services.now()
        with self._store.begin() as session:
            inbox.renew(session, self._owner, tuple(self._running.values()), now + LEASE)

    def _begin(self, row: InboxRow) -> None:
        # Locks are fair, so that a person's requests run in the order in which they were taken.
        queue = self._queues.setdefault(row.person, asyncio.Lock())
        task = asyncio.get_running_loop().create_task(self._serve(row, queue))
        self._running[task] = number(row)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.pop(task, None)
        if not self._running:
            self._queues.clear()
        self._rounds.wake()

    async def _serve(self, row: InboxRow, queue: asyncio.Lock) -> None:
        loop = asyncio.get_running_loop()
        async with queue:
            reply = await loop.run_in_executor(self._threads, self._answer, row)
            seconds = 0.2
            # The command has run: only its answer is left to be written down, for as long as that takes.
            while True:
                try:
                    await loop.run_in_executor(self._books, self._finish, row, reply)
                    break
                except ClaimLost as error:
                    log.warning("I was too slow: %s", error)
                    return
                except Exception:
                    log.exception("The answer to %s could not be written down", row.key)
                    await self._pause(seconds)
                    seconds = min(seconds * 2, _LONGEST_PAUSE)

    def _answer(self, row: InboxRow) -> Reply:
        if row.attempts > MOST_ATTEMPTS:
            return _no(INTERRUPTED.format(times=MOST_ATTEMPTS, asked=asked(row)), "interrupted")
        services = replace(self._services, store=Claim(self._store, number(row), self._owner))
        handler = self._handlers.get((row.kind, row.name))
        if handler is None:
            return _no(UNKNOWN.format(asked=asked(row)), "unknown_command")
        try:
            return handler(request(row, self._person(row, services)), services)
        except (CommandError, DeployError, StorageError) as error:
            return _no(_sentence(str(error)), error.code)
        except Exception:
            name = uuid4().hex[:8]
            log.exception("Error %s in %s of %s", name, row.name, row.person, extra={"error_id": name, "inbox": row.id})
            return _no(BROKEN.format(id=name, asked=asked(row)), f"bug:{name}")

    def _person(self, row: InboxRow, services: Services) -> Person:
        """Return who asks; a refusal is written down. Who only looks at the App Home is judged when it is drawn."""
        unknown = Person(row.person, "")
        if row.kind is Asking.OPENED:
            return unknown
        try:
            return self._doorman.person(row.person)
        except CommandError as error:
            write_down(request(row, unknown), services, error.code, str(error))
            raise

    def _finish(self, row: InboxRow, reply: Reply) -> None:
        now = self._services.now()
        with self._store.begin() as session:
            inbox.hold(session, number(row), self._owner)
            if reply.text or reply.blocks:
                outbox.say(session, answer(row, reply, key=f"reply:{row.key}", at=now))
            inbox.done(session, number(row), reply.code, now)


def request(row: InboxRow, person: Person) -> Request:
    """Return the request that a row stands for."""
    fields = row.values.get("fields", {})
    value = row.values.get("private_metadata" if row.kind is Asking.SUBMISSION else "value", "")
    return Request(
        name=row.name,
        person=person,
        text=row.text,
        value=str(value),
        fields={str(block): str(said) for block, said in fields.items()},
        channel=row.channel,
        key=row.key,
    )


def answer(row: InboxRow, reply: Reply, *, key: str, at: datetime) -> OutboxRow:
    """Return the private message that carries a reply to the one who asked."""
    return OutboxRow(
        kind=Saying.PRIVATE,
        key=key,
        channel=row.channel,
        person=row.person,
        response_url=row.response_url,
        payload={"text": reply.text, "blocks": list(reply.blocks)},
        next_at=at,
        created_at=at,
    )


def _no(text: str, code: str) -> Reply:
    return Reply(text, ok=False, code=code)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?', '`', ')')) else '.'}"
