"""Serves the stand-in for GitHub on one port of the loopback, and lets it fail on demand."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from bot.sandbox.background import Background
from bot.sandbox.github import routes_git, routes_runs, routes_told
from bot.sandbox.github.calls import Call, Reply, Route
from bot.sandbox.github.entities import Access, Exchange
from bot.sandbox.github.faults import AFTER, BEFORE, Fault, Kind
from bot.sandbox.github.hub import Hub, Refused
from bot.sandbox.github.runner import Runner
from bot.sandbox.github.shapes import Shapes
from bot.sandbox.github.webhooks import Webhooks
from bot.sandbox.slack.waiting import gave_up, until
from bot.sandbox.slack.web_api import hang_up

_LOOPBACK = "127.0.0.1"
_DOCUMENTATION = "https://docs.github.com/rest"
_LIMITED = "API rate limit exceeded for installation ID 1."
_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
_ELSEWHERE = (
    "<!doctype html><title>GitHub</title><p>Here would be GitHub's own page. In the sandbox, runs with their jobs and "
    "logs are shown beside the chat: <em>Behind the scenes</em>, <em>GitHub</em>."
)
_WORDS = {
    401: "Bad credentials",
    403: "Resource not accessible by integration",
    404: "Not Found",
    422: "Validation Failed",
}


class GitHubServer:
    """The REST API over a hub, in a thread of its own; a context manager."""

    def __init__(self, hub: Hub, *, port: int = 0, runner: Runner | None = None) -> None:
        self.hub = hub
        self.port = port
        self._work = runner
        self.webhooks = Webhooks(hub, lambda: self.shapes)
        self._loop = Background("sandbox-github")
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Return the base URL, as `GITHUB_API_URL` wants it."""
        return f"http://{_LOOPBACK}:{self.port}"

    @property
    def shapes(self) -> Shapes:
        """Return how answers look."""
        return Shapes(self.url, self.hub.owner, self.hub.name)

    def __enter__(self) -> Self:
        """Begin to listen; after a stop, on the same port again."""
        self._loop.start()
        self._loop.call(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and break what is open."""
        self._loop.call(self._stop())
        self._loop.stop()

    async def _start(self) -> None:
        app = web.Application()
        for route in (*routes_git.ROUTES, *routes_runs.ROUTES, *routes_told.ROUTES):
            app.router.add_route(route.method, route.path, self._answering(route, opened=False))
        for route in routes_runs.OPEN:
            app.router.add_route(route.method, route.path, self._answering(route, opened=True))
        app.router.add_route("*", "/{rest:.*}", self._lost)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, _LOOPBACK, self.port).start()
        self.port = self._runner.addresses[0][1]
        self.webhooks.start()
        if self._work:
            self._work.start()

    async def _stop(self) -> None:
        if self._work:
            await self._work.stop()
        await self.webhooks.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _lost(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith(f"/{self.hub.owner}/{self.hub.name}"):
            return web.Response(text=_ELSEWHERE, content_type="text/html")
        return _json(404, {"message": "Not Found", "documentation_url": _DOCUMENTATION, "status": "404"})

    def _answering(self, route: Route, *, opened: bool) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            self.hub.open.append(route.name)
            try:
                return await answered(request)
            finally:
                self.hub.open.remove(route.name)

        async def answered(request: web.Request) -> web.StreamResponse:
            page = int(request.query.get("page", "1")) if request.query.get("page", "1").isdecimal() else 1
            if fault := self.hub.faults.hit(route.name, page, *BEFORE):
                return await self._failed(request, fault)
            body = await _body(request)
            if slow := self.hub.faults.hit(route.name, page, Kind.SLOW):
                await asyncio.sleep(float(slow.detail))
            reply = await asyncio.to_thread(self._reply, route, request, body, opened)
            lost = self.hub.faults.hit(route.name, page, *AFTER)
            if route is not routes_runs.BLOB:
                self._note(request, body, reply, lost=lost is not None)
            return await self._failed(request, lost) if lost else _response(reply)

        return answer

    def _reply(self, route: Route, request: web.Request, body: Any, opened: bool) -> Reply:
        bearer = request.headers.get("Authorization", "").partition(" ")[2].strip()
        try:
            access = Access("") if opened else self._let_in(route, request, bearer)
            url = f"{self.url}{request.path}"
            parts, query = dict(request.match_info), dict(request.query)
            with self.hub.lock:
                return route.handler(Call(self.hub, self.shapes, parts, query, body, access, url, bearer))
        except Refused as error:
            told = {"message": error.message, "documentation_url": _DOCUMENTATION, "status": str(error.status)}
            return Reply(told, error.status)

    def _let_in(self, route: Route, request: web.Request, bearer: str) -> Access:
        access = self.hub.tokens.get(bearer)
        if access is None or (access.expires is not None and access.expires <= self.hub.clock()):
            raise Refused(401, "Bad credentials")
        asked = f"{request.match_info['owner']}/{request.match_info['repo']}"
        if asked != f"{self.hub.owner}/{self.hub.name}":
            raise Refused(404, "Not Found")
        if not access.allows(route.permission, route.level, self.hub.name) and route.permission != "metadata":
            raise Refused(403, "Resource not accessible by integration")
        return access

    def _note(self, request: web.Request, body: Any, reply: Reply, *, lost: bool) -> None:
        status, answer = (0, None) if lost else (reply.status, reply.body)
        exchange = Exchange(request.method, request.path, dict(request.query), body, status, answer)
        self.hub.exchanges.append(exchange)
        self.hub.answered += 1

    async def _failed(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault.kind:
            case Kind.BROKEN | Kind.BROKEN_AFTER:
                return web.Response(status=502, text="<html>Unicorn!</html>", content_type="text/html")
            case Kind.RESET | Kind.LOST_REPLY:
                return hang_up(request)
            case Kind.LIMIT:
                reset = int(self.hub.clock().timestamp()) + 1800
                headers = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
                return _json(403, {"message": _LIMITED, "documentation_url": _DOCUMENTATION}, headers)
            case Kind.SECONDARY_LIMIT:
                headers = {"Retry-After": fault.detail} if fault.detail else {}
                return _json(403, {"message": _SECONDARY, "documentation_url": _DOCUMENTATION}, headers)
            case Kind.STATUS:
                status = int(fault.detail)
                return _json(status, {"message": _WORDS.get(status, "Server Error"), "status": fault.detail})
            case _:
                await until(lambda: gave_up(request) or not self.hub.faults.holds(fault))
                return hang_up(request)


async def _body(request: web.Request) -> Any:
    if not request.can_read_body:
        return {}
    try:
        return await request.json()
    except ValueError:
        return {}


def _response(reply: Reply) -> web.Response:
    if reply.text is not None:
        return web.Response(status=reply.status, text=reply.text, headers=dict(reply.headers))
    if reply.body is None:
        return web.Response(status=reply.status, headers=dict(reply.headers))
    return _json(reply.status, reply.body, dict(reply.headers))


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(body, status=status, headers=headers)
