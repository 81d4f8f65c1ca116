"""The HTTP side: Slack in HTTP mode, /healthz, and a uvicorn that lives inside our loop."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import uvicorn
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.slack.intake import Intake, Receipt
from bot.slack.listeners import RECEIPT
from bot.slack.signature import genuine

log = logging.getLogger(__name__)

MOST_BYTES = 1024 * 1024
"""Slack's own payloads stay far below this."""

Health = Callable[[], Mapping[str, Any]]
"""Returns `{"live": bool, "ready": bool, …}`, quickly and without raising; the rest of it is shown as it is."""


def application(health: Health, routes: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the web application: liveness, readiness, and whatever else should listen."""
    return Starlette(
        routes=[
            Route("/healthz", _probe(health, "live")),
            Route("/healthz/live", _probe(health, "live")),
            Route("/healthz/ready", _probe(health, "ready")),
            *routes,
        ]
    )


def slack_events(app: AsyncApp, intake: Intake, *, signing_secret: str, now: Callable[[], datetime]) -> Route:
    """Return the route for Slack's HTTP mode: the signature is judged over raw bytes before anything is parsed."""

    async def listen(request: Request) -> Response:
        receipt = intake.arrived()
        body = await body_of(request)
        if body is None:
            return Response("too much", status_code=413)
        headers = request.headers
        stamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
        if not genuine(signing_secret, body, timestamp=stamp, signature=signature, now=now().timestamp()):
            log.warning("A request to /slack/events was not signed by Slack and was refused")
            return Response("not signed by Slack", status_code=401)
        response = await _answer(app, body, headers.get("content-type", ""), receipt)
        return Response(
            response.body,
            status_code=response.status,
            headers=response.first_headers_without_set_cookie(),
            background=BackgroundTask(_sent, intake, receipt),
        )

    return Route("/slack/events", listen, methods=["POST"])


class Server:
    """Uvicorn inside our own loop: it neither takes signals nor configures logs."""

    def __init__(self, app: Starlette, *, host: str, port: int) -> None:
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=5,
        )
        self._server = _Quiet(config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen, and return the port; raises OSError when the address cannot be had."""
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            if self._serving.done():
                raise OSError(f"nothing can listen on {self._server.config.host}:{self._server.config.port}")
            await asyncio.sleep(0.01)
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Finish the requests under way and stop listening."""
        self._server.should_exit = True
        self._server.over.set()
        if self._serving is not None:
            await self._serving


class _Quiet(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.over = asyncio.Event()

    async def main_loop(self) -> None:
        # Uvicorn looks ten times a second whether it is to end; nothing but `stop` ends it here.
        await self.on_tick(0)
        await self.over.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def serve(self, sockets: Any = None) -> None:
        try:
            await super().serve(sockets)
        except SystemExit as error:
            # Uvicorn leaves the whole process when the port is taken.
            log.error("The web server could not start (%s)", error)  # noqa: TRY400 — the reason was logged by uvicorn itself


async def body_of(request: Request) -> bytes | None:
    """Return the body, or None when it is larger than any that is expected."""
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > MOST_BYTES:
                return None
    except ClientDisconnect:
        return b""
    return bytes(content)


async def _answer(app: AsyncApp, body: bytes, content_type: str, receipt: Receipt) -> BoltResponse:
    try:
        request = AsyncBoltRequest(
            body=body.decode(), headers={"content-type": content_type}, mode="http", context={RECEIPT: receipt}
        )
        return await app.async_dispatch(request)
    except Exception:
        log.exception("A request of Slack's could not be answered")
        return BoltResponse(status=400, body="")


async def _sent(intake: Intake, receipt: Receipt) -> None:
    await intake.settle(receipt, sent=True)


def _probe(health: Health, question: str) -> Callable[[Request], Any]:
    async def probe(_: Request) -> Response:
        try:
            state = dict(health())
        except Exception as error:
            log.exception("The health of this process could not be told")
            state = {"live": True, "ready": False, "error": type(error).__name__}
        return JSONResponse(state, status_code=200 if state.get(question) else 503)

    return probe
