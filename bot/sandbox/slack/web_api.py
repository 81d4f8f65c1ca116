"""Answer calls of Slack's Web API: who may call what, how often, and what goes wrong on demand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.sandbox.slack import chat, conversations, directory, screens, uploads
from bot.sandbox.slack.call import Call, Method
from bot.sandbox.slack.entities import Json, SlackError
from bot.sandbox.slack.faults import Faults, Kind
from bot.sandbox.slack.paces import Paces
from bot.sandbox.slack.waiting import gave_up, until
from bot.sandbox.slack.workspace import Workspace

METHODS: dict[str, Method] = {
    **chat.METHODS,
    **conversations.METHODS,
    **directory.METHODS,
    **screens.METHODS,
    **uploads.METHODS,
}
APP_LEVEL = "apps.connections.open"
SOCKET_MODE_OFF = "socket_mode_disabled"


@dataclass(frozen=True, slots=True)
class Tokens:
    """The secrets that the app and the sandbox share."""

    bot: str = "xoxb-sandbox"
    app: str = "xapp-sandbox"
    signing_secret: str = "sandbox-signing-secret"  # noqa: S105 -- a sandbox's secret is public


class WebApi:
    """Serve `/api/<method>`."""

    def __init__(
        self,
        workspace: Workspace,
        faults: Faults,
        tokens: Tokens,
        paces: Paces | None,
        socket_url: Callable[[], str],
    ) -> None:
        self._workspace = workspace
        self._faults = faults
        self._tokens = tokens
        self._paces = paces
        self._socket_url = socket_url

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call, or fail the way the faults say."""
        method = request.match_info["method"]
        if failed := await self.fail_first(request, method):
            return failed
        try:
            arguments = await _arguments(request)
            answer = self._answer(method, arguments, _token(request, arguments), _base(request))
        except SlackError as error:
            if error.code == "ratelimited":
                return _too_many(float(error.more["seconds"]))
            return self._told(method, {"ok": False, "error": error.code, **error.more})
        if self._faults.hit(method, Kind.LOST_REPLY):
            return hang_up(request)
        return self._told(method, {"ok": True, **answer})

    def _told(self, method: str, body: Json) -> web.Response:
        scopes = self._workspace.scopes()
        headers = {"x-oauth-scopes": ",".join(sorted(scopes or ()))}
        if known := METHODS.get(method):
            headers["x-accepted-oauth-scopes"] = ",".join(known.scopes)
        return web.json_response(body, headers=headers)

    def _answer(self, method: str, arguments: Mapping[str, Any], token: str, base: str) -> Json:
        shown = {key: value for key, value in arguments.items() if key != "token"}
        try:
            with self._workspace.lock:
                answer = self._run(method, arguments, token, base)
        except SlackError as error:
            self._workspace.record(method, shown, error.code)
            raise
        self._workspace.record(method, shown, "ok")
        return answer

    def _run(self, method: str, arguments: Mapping[str, Any], token: str, base: str) -> Json:
        self._authenticate(method, token)
        if method == APP_LEVEL:
            return {"url": self._socket_url()}
        known = METHODS.get(method)
        if known is None:
            raise SlackError("unknown_method", req_method=method)
        call = Call(self._workspace, arguments, self._workspace.scopes(), base)
        if known.scopes:
            call.need(*known.scopes)
        if self._paces is not None:
            self._paces.spend(method, call.text(known.paced_by) if known.paced_by else "")
        return known.handler(call)

    def _authenticate(self, method: str, token: str) -> None:
        if not token:
            raise SlackError("not_authed")
        if token not in (self._tokens.bot, self._tokens.app):
            raise SlackError("invalid_auth")
        if (token == self._tokens.app) != (method == APP_LEVEL):
            raise SlackError("not_allowed_token_type")

    async def fail_first(self, request: web.Request, method: str) -> web.StreamResponse | None:
        """Fail before anything is done when a fault says so; None when all is well."""
        fault = self._faults.hit(method, Kind.REFUSE, Kind.HANG, Kind.SERVER_ERROR, Kind.RATE_LIMITED, Kind.ERROR)
        if fault is None:
            return None
        self._workspace.record(method, {}, fault.kind)
        match fault.kind:
            case Kind.REFUSE:
                return hang_up(request)
            case Kind.HANG:
                await until(lambda: gave_up(request) or not self._faults.holds(fault))
                return hang_up(request)
            case Kind.SERVER_ERROR:
                return web.Response(status=503, text="<html>upstream connect error</html>", content_type="text/html")
            case Kind.RATE_LIMITED:
                return _too_many(self._faults.seconds_left(fault))
            case _:
                return web.json_response({"ok": False, "error": fault.detail})


def hang_up(request: web.Request) -> web.Response:
    """Break the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


def _too_many(seconds: float) -> web.Response:
    whole = max(int(seconds + 0.999), 1)
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(whole)})


async def _arguments(request: web.Request) -> dict[str, Any]:
    found: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError as error:
            raise SlackError("invalid_json") from error
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        return found | body
    if request.method == "POST":
        found |= dict(await request.post())
    return found


def _token(request: web.Request, arguments: Mapping[str, Any]) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind == "Bearer" else str(arguments.get("token", ""))


def _base(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"
