"""Socket Mode: hand envelopes to one of the app's connections and wait for its ack."""

import asyncio
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

from bot.sandbox.slack.answer import DISPATCH_FAILED, OPERATION_TIMEOUT, Answer, Envelope, Retry
from bot.sandbox.slack.entities import APP, Json
from bot.sandbox.slack.faults import Faults, Kind
from bot.sandbox.slack.waiting import gave_up, until

ACK_SECONDS = 3.0
GRACE_SECONDS = 10.0
MOST_CONNECTIONS = 10


@dataclass(slots=True, eq=False)
class Connection:
    """One socket of the app."""

    socket: web.WebSocketResponse
    request: web.Request
    draining: bool = False
    """Slack asked the app to come back elsewhere: nothing new goes here."""
    deaf: bool = False
    """Half-open: nothing said here is heard, and nothing is answered."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class SocketMode:
    """Hold the app's connections; lives in the server's loop."""

    def __init__(self, faults: Faults, *, ack_seconds: float = ACK_SECONDS, grace: float = GRACE_SECONDS) -> None:
        self._faults = faults
        self._ack_seconds = ack_seconds
        self._grace = grace
        self._tickets: set[str] = set()
        self._turn = 0
        self._pending: dict[str, asyncio.Future[Json]] = {}
        self._arrived = asyncio.Event()
        self._farewells: set[asyncio.Task[None]] = set()
        self.connections: list[Connection] = []
        self.served = 0
        """How many connections there were since the start."""
        self.late: list[str] = []
        """The envelopes that were acknowledged after their time."""

    def ticket(self) -> str:
        """Return the single-use secret that a socket's address carries."""
        ticket = token_hex(8)
        self._tickets.add(ticket)
        return ticket

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Greet a connection and listen to it until it ends."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets or len(self.connections) >= MOST_CONNECTIONS:
            return web.Response(status=403, text="this address was used or never given out")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        connection = Connection(socket, request)
        self.connections.append(connection)
        self.served += 1
        try:
            await socket.send_json(_hello(len(self.connections)))
            self._arrived.set()
            await self._listen(connection)
        finally:
            self.connections.remove(connection)
            connection.gone.set()
        return socket

    async def _listen(self, connection: Connection) -> None:
        async for message in connection.socket:
            if connection.deaf:
                await until(lambda: gave_up(connection.request))
                return
            if message.type is WSMsgType.PING:
                await connection.socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._hear(message.json())

    def _hear(self, ack: Json) -> None:
        key = str(ack.get("envelope_id", ""))
        waiting = self._pending.get(key)
        if waiting is None or waiting.done():
            self.late.append(key)
        else:
            waiting.set_result(ack)

    async def deliver(self, kind: Envelope, payload: Json, retry: Retry | None = None) -> Answer:
        """Hand an envelope to one connection; to another when that one ends before the ack."""
        envelope: Json = {
            "envelope_id": str(uuid4()),
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if retry is not None:
            envelope |= {"retry_attempt": retry.attempt, "retry_reason": retry.reason}
        if self._next() is None:
            return Answer(error=DISPATCH_FAILED)
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._pending[envelope["envelope_id"]] = waiting
        try:
            ack = await asyncio.wait_for(self._insist(envelope, waiting), self._ack_seconds)
        except TimeoutError:
            return Answer(error=OPERATION_TIMEOUT)
        finally:
            del self._pending[envelope["envelope_id"]]
        return Answer(ack.get("payload"))

    async def _insist(self, envelope: Json, waiting: asyncio.Future[Json]) -> Json:
        attempt = int(envelope.get("retry_attempt", 0))
        while True:
            connection = await self._available()
            if await self._send(connection, envelope):
                await _first(connection.gone, waiting)
            if waiting.done():
                return waiting.result()
            attempt += 1
            envelope |= {"retry_attempt": attempt, "retry_reason": "connection_closed"}

    async def _send(self, connection: Connection, envelope: Json) -> bool:
        if connection.deaf:
            return True
        copies = 2 if self._faults.hit(envelope["type"], Kind.TWICE) else 1
        try:
            for _ in range(copies):
                await connection.socket.send_json(envelope)
        except ConnectionError:
            connection.draining = True
            return False
        return True

    async def _available(self) -> Connection:
        while (connection := self._next()) is None:
            self._arrived.clear()
            await self._arrived.wait()
        return connection

    def _next(self) -> Connection | None:
        """Return the connections in turn: each envelope goes to one of them."""
        ready = [each for each in self.connections if not each.draining and not each.socket.closed]
        if not ready:
            return None
        self._turn += 1
        return ready[self._turn % len(ready)]

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to come back on a new one, as Slack does every few hours; `warning` announces it."""
        for connection in list(self.connections):
            await connection.socket.send_json(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}
            )
            if reason != "warning":
                connection.draining = True
                farewell = asyncio.create_task(self._close_later(connection))
                self._farewells.add(farewell)
                farewell.add_done_callback(self._farewells.discard)

    async def _close_later(self, connection: Connection) -> None:
        try:
            await asyncio.wait_for(connection.gone.wait(), self._grace)
        except TimeoutError:
            await connection.socket.close()

    def cut(self) -> None:
        """Break every connection without a goodbye."""
        for connection in list(self.connections):
            connection.draining = True
            if connection.request.transport is not None:
                connection.request.transport.abort()

    def half_open(self) -> None:
        """Make the present connections deaf and dumb while they stay open; new ones work."""
        for connection in self.connections:
            connection.deaf = True

    async def stop(self) -> None:
        """End everything that is still open."""
        for farewell in list(self._farewells):
            farewell.cancel()
        self.cut()


async def _first(gone: asyncio.Event, waiting: asyncio.Future[Json]) -> None:
    """Wait until the ack is there or the connection is gone."""
    leaving = asyncio.ensure_future(gone.wait())
    either: set[asyncio.Future[Any]] = {leaving, waiting}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()


def _hello(connections: int) -> Json:
    return {
        "type": "hello",
        "num_connections": connections,
        "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
        "connection_info": {"app_id": APP},
    }
