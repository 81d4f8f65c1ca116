"""Socket Mode: keeps a WebSocket to Slack, hands what comes to Bolt, and sends what it answers."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.calls import SLACK, CallFailed, Limited, Slack
from bot.slack.clocks import Clocks
from bot.slack.intake import Intake, Receipt
from bot.slack.listeners import RECEIPT

log = logging.getLogger(__name__)

PING_SECONDS = 4.0
"""A connection that does not answer a ping within half of this is given up: a dead one is noticed after 6 s at most."""
_SHORTEST, _LONGEST = 0.25, 15.0
_GRACE_SECONDS = 10.0
_MOST_BYTES = 4 * 1024 * 1024
UNKNOWN = "I do not know that command (yet). Type `/deploy help` to see what I can do."


@dataclass(frozen=True, slots=True)
class DoorStatus:
    """How the connection to Slack is, for `/healthz`."""

    connected: bool = False
    since: datetime | None = None
    """When it was connected, or when it was lost."""
    last_event: datetime | None = None
    trouble: str = ""


class SocketDoor:
    """One connection at a time, two for a moment while Slack refreshes it; keeps trying for as long as it runs."""

    def __init__(
        self,
        app: AsyncApp,
        intake: Intake,
        clocks: Clocks,
        *,
        app_token: str,
        base_url: str = SLACK,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        self._app = app
        self._intake = intake
        self._slack = Slack(app_token, base_url=base_url)
        self._now = clocks.now
        self._monotonic = clocks.monotonic
        self._pause = clocks.pause
        self._ping_seconds = ping_seconds
        self._status = DoorStatus()
        self._wait = _SHORTEST
        self._open: set[aiohttp.ClientWebSocketResponse] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def status(self) -> DoorStatus:
        """Return how the connection is right now."""
        return self._status

    async def run(self) -> None:
        """Stay connected until cancelled; then finish the acks under way and leave."""
        try:
            async with aiohttp.ClientSession() as session:
                try:
                    while True:
                        await self._stay(session)
                finally:
                    await self._leave()
        finally:
            await self._slack.close()

    async def _stay(self, session: aiohttp.ClientSession) -> None:
        """Connect once and return when a new connection is wanted."""
        try:
            url = (await self._slack.call("apps.connections.open"))["url"]
            socket = await session.ws_connect(
                url,
                heartbeat=self._ping_seconds,
                max_msg_size=_MOST_BYTES,
                timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
            )
        except (TimeoutError, CallFailed, KeyError, aiohttp.ClientError, OSError, ValueError) as error:
            await self._lost(
                str(error) or type(error).__name__, at_least=error.seconds if isinstance(error, Limited) else 0
            )
            return
        self._open.add(socket)
        turn, began = asyncio.Event(), self._monotonic()
        self._spawn(self._converse(socket, turn))
        await turn.wait()
        if not self._status.connected:
            await self._lost(self._status.trouble or "Slack closed the connection")
        elif self._monotonic() - began < 1:
            # Greeted and sent away at once, over and over, would be a busy loop.
            await self._pause(_SHORTEST)

    async def _lost(self, trouble: str, *, at_least: float = 0) -> None:
        seconds = max(self._wait, at_least)
        self._wait = min(self._wait * 2, _LONGEST)
        if self._status.trouble != trouble:
            log.warning("Slack is away (%s); trying again in %.1f s and so on", trouble, seconds)
        since = self._now() if self._status.connected or not self._status.since else self._status.since
        self._status = replace(self._status, connected=False, since=since, trouble=trouble)
        await self._pause(seconds)

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse, turn: asyncio.Event) -> None:
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._heard(socket, message.data, turn)
        except Exception:
            log.exception("The connection to Slack broke")
        finally:
            self._open.discard(socket)
            # When Slack had asked for another connection, that one is there or on its way already.
            if not turn.is_set():
                self._status = replace(
                    self._status, connected=False, since=self._now(), trouble="the connection was lost"
                )
                turn.set()

    def _heard(self, socket: aiohttp.ClientWebSocketResponse, text: str, turn: asyncio.Event) -> None:
        receipt = self._intake.arrived()
        try:
            message = json.loads(text)
            kind = message["type"]
        except (ValueError, KeyError, TypeError):
            log.warning("Slack sent a message that is no envelope; it was ignored")
            return
        if kind == "hello":
            self._wait = _SHORTEST
            self._status = DoorStatus(connected=True, since=self._now(), last_event=self._status.last_event)
            log.info("Connected to Slack")
        elif kind == "disconnect":
            log.info("Slack asks for another connection (%s)", message.get("reason", "no reason"))
            turn.set()
            self._spawn(self._retire(socket))
        elif isinstance(message.get("envelope_id"), str):
            self._status = replace(self._status, last_event=self._now())
            self._spawn(self._envelope(socket, message, receipt))

    async def _retire(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        # What was acknowledged on a connection has to leave on it.
        await asyncio.sleep(_GRACE_SECONDS)
        await socket.close()

    async def _envelope(
        self, socket: aiohttp.ClientWebSocketResponse, envelope: Mapping[str, Any], receipt: Receipt
    ) -> None:
        response = await answer(self._app, envelope.get("payload"), receipt)
        if response.status >= 500 and envelope["type"] == "events_api":
            # Not acknowledged, so that Slack sends it again.
            return
        reply = {"envelope_id": envelope["envelope_id"], **_payload(response, str(envelope["type"]))}
        try:
            await asyncio.wait_for(socket.send_str(json.dumps(reply)), timeout=3.0)
            sent = not socket.closed
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
            log.warning("An ack could not be sent: %s", error)
            sent = False
        await self._intake.settle(receipt, sent=sent)

    async def _leave(self) -> None:
        for socket in tuple(self._open):
            await socket.close()
        for task in tuple(self._tasks):
            if task.get_name() == "_retire":
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._status = replace(self._status, connected=False, since=self._now(), trouble="stopped")

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work, name=work.__name__)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def answer(app: AsyncApp, body: object, receipt: Receipt) -> BoltResponse:
    """Return Bolt's answer to a payload; a payload that cannot even be looked at is answered 400. Never raises."""
    try:
        if not isinstance(body, dict):
            return BoltResponse(status=400, body="")
        request = AsyncBoltRequest(body=body, mode="socket_mode", context={RECEIPT: receipt})
        return await app.async_dispatch(request)
    except Exception:
        log.exception("A payload could not be answered")
        return BoltResponse(status=400, body="")


def _payload(response: BoltResponse, kind: str) -> dict[str, Any]:
    if response.status != 200:
        return {"payload": {"text": UNKNOWN}} if kind == "slash_commands" else {}
    if not response.body:
        return {}
    try:
        body = json.loads(response.body)
    except ValueError:
        body = None
    return {"payload": body if isinstance(body, dict) else {"text": response.body}}
