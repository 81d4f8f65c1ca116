"""A stand-in for Slack that an unmodified Bolt app talks to by its base URL."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from bot.sandbox.page.routes import NOTHING, Behind, Page
from bot.sandbox.slack import responses
from bot.sandbox.slack.answer import Carrier
from bot.sandbox.slack.entities import SlackError
from bot.sandbox.slack.faults import Faults, Kind
from bot.sandbox.slack.http_mode import HttpMode
from bot.sandbox.slack.interactions import RETRY_AFTER, Interactions
from bot.sandbox.slack.paces import Paces
from bot.sandbox.slack.socket_mode import ACK_SECONDS, SocketMode
from bot.sandbox.slack.web_api import Tokens, WebApi, hang_up
from bot.sandbox.slack.workspace import Workspace

LOOPBACK = "127.0.0.1"
UPLOAD_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """How long Slack waits for an ack, and when it delivers an event again."""

    ack_seconds: float = ACK_SECONDS
    retry_after: tuple[float, ...] = RETRY_AFTER


PATIENCE = Patience()


class SlackServer:
    """Serve the Web API, Socket Mode, response URLs, uploads and the page on one port of the loopback."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        port: int = 0,
        paces: Paces | None = None,
        behind: Behind = NOTHING,
        patience: Patience = PATIENCE,
    ) -> None:
        self.workspace = workspace
        self.port = port
        self.tokens = Tokens()
        self.faults = Faults(begun=self._begun)
        self.request_url = ""
        """Where signed requests go; empty means Socket Mode."""
        self.sockets = SocketMode(self.faults, ack_seconds=patience.ack_seconds)
        self.interactions = Interactions(workspace, self._carrier, lambda: self.url, retry_after=patience.retry_after)
        self._patience = patience
        self._api = WebApi(workspace, self.faults, self.tokens, paces, self._socket_url)
        self._page = Page(workspace, self.interactions, self.faults, behind)
        self._runner: web.AppRunner | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """Return where the page is."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def api_url(self) -> str:
        """Return the base URL for a Slack client."""
        return f"{self.url}/api/"

    async def start(self) -> None:
        """Begin to listen; after a stop, on the same port again."""
        self._loop = asyncio.get_running_loop()
        app = web.Application(client_max_size=UPLOAD_BYTES)
        app.add_routes(
            [
                web.route("*", "/api/{method}", self._api.handle),
                web.get("/socket", self._connect),
                web.post("/response/{key}", self._respond),
                web.post("/upload/{file}", self._upload),
                *self._page.routes(),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and break what is open; the workspace stays."""
        await self.interactions.stop()
        await self.sockets.stop()
        self._page.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _begun(self, fault: Kind) -> None:
        """Break what is open when Slack goes down; called from any thread."""
        if fault is Kind.REFUSE and self._loop:
            self._loop.call_soon_threadsafe(self.sockets.cut)

    async def verify_request_url(self) -> bool:
        """Say whether the request URL answers the challenge."""
        return await self._http_mode().verify()

    def _carrier(self) -> Carrier:
        return self._http_mode() if self.request_url else self.sockets

    def _http_mode(self) -> HttpMode:
        secret = self.tokens.signing_secret
        return HttpMode(self.request_url, secret, self.faults, ack_seconds=self._patience.ack_seconds)

    def _socket_url(self) -> str:
        return f"ws://{LOOPBACK}:{self.port}/socket?ticket={self.sockets.ticket()}"

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if self.faults.hit("socket", Kind.REFUSE, Kind.NO_SOCKETS):
            return hang_up(request)
        return await self.sockets.connect(request)

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        if failed := await self._api.fail_first(request, "response_url"):
            return failed
        try:
            body = await request.json()
            responses.respond(self.workspace, request.match_info["key"], body)
        except SlackError as error:
            self.workspace.record("response_url", {}, error.code)
            return web.json_response({"ok": False, "error": error.code, **error.more}, status=404)
        self.workspace.record("response_url", body, "ok")
        if self.faults.hit("response_url", Kind.LOST_REPLY):
            return hang_up(request)
        return web.Response(text="ok")

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        if failed := await self._api.fail_first(request, "upload"):
            return failed
        file = self.workspace.files.get(request.match_info["file"])
        content = await _content(request)
        if file is None or len(content) != file.length:
            return web.Response(status=400, text="the length is not the one announced")
        file.content, file.uploaded = content, True
        return web.Response(text=f"OK - {len(content)}")


async def _content(request: web.Request) -> bytes:
    if not request.content_type.startswith("multipart/"):
        return await request.read()
    for value in (await request.post()).values():
        if isinstance(value, web.FileField):
            return value.file.read()
    return b""
