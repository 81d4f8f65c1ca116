"""Serve the page: its documents, what they show, and what people do there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from bot.sandbox.page import HERE
from bot.sandbox.page.state import MOST, NEWEST, Looking, image_type, state_for
from bot.sandbox.slack.entities import Json, Message, SlackError, View
from bot.sandbox.slack.faults import Faults, Kind
from bot.sandbox.slack.interactions import Interactions
from bot.sandbox.slack.workspace import Workspace

KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'self'"
)
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Doing = Callable[[Json], Awaitable[Json]]


@dataclass(frozen=True, slots=True)
class Behind:
    """What is behind the scenes: how it is looked at, broken, and what is done there."""

    world: Callable[[], Json] | None = None
    set_fault: Callable[[str, bool], None] | None = None
    act_on_run: Callable[[int, str], None] | None = None


NOTHING = Behind()


class Page:
    """Serve the page, what it shows, and what people do on it."""

    def __init__(
        self,
        workspace: Workspace,
        interactions: Interactions,
        faults: Faults,
        behind: Behind,
    ) -> None:
        self._workspace = workspace
        self._interactions = interactions
        self._faults = faults
        self._behind = behind
        self._ends: set[asyncio.Event] = set()

    def routes(self) -> list[web.RouteDef]:
        """Return where everything of the page is."""
        doings: dict[str, Doing] = {
            "/_page/say": self._say,
            "/_page/act": self._act,
            "/_page/fill": self._fill,
            "/_page/submit": self._submit,
            "/_page/suggest": self._suggest,
            "/_page/close": self._close,
            "/_page/home": self._home,
            "/_control/fault": self._fault,
            "/_control/run": self._act_on_run,
        }
        return [
            web.get("/", _document("index.html")),
            web.get("/preview", _document("preview.html")),
            web.get("/page/{name}", self._asset),
            web.get("/files/{file}", self._file),
            web.get("/_page/state", self._state),
            web.get("/_page/events", self._events),
            web.get("/_world", self._tell_world),
            *(web.post(path, _guarded(doing)) for path, doing in doings.items()),
        ]

    def stop(self) -> None:
        """End every stream of events."""
        for end in self._ends:
            end.set()

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        asset = HERE / Path(request.match_info["name"]).name
        if asset.suffix not in KINDS or not asset.is_file():
            return web.Response(status=404)
        return _static(asset)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file = self._workspace.files.get(request.match_info["file"])
        if file is None or not file.uploaded:
            return web.Response(status=404)
        if kind := image_type(file.content):
            return web.Response(body=file.content, content_type=kind, headers=HEADERS)
        return web.Response(body=file.content, content_type="text/plain", charset="utf-8", headers=HEADERS)

    async def _state(self, request: web.Request) -> web.StreamResponse:
        try:
            person = self._workspace.person(request.query.get("as", "U0ANA"))
        except SlackError:
            person = self._workspace.person("U0ANA")
        return web.json_response(state_for(self._workspace, person, _looking(request)), headers=HEADERS)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await stream.prepare(request)
        loop, moved, end = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

        def tell() -> None:
            loop.call_soon_threadsafe(moved.set)

        stop = self._workspace.watch(tell)
        self._ends.add(end)
        try:
            while not end.is_set():
                await stream.write(f"data: {self._workspace.version}\n\n".encode())
                await _either(moved, end, 15.0)
                moved.clear()
        except ConnectionError:
            pass  # the browser went away
        finally:
            stop()
            self._ends.discard(end)
        return stream

    async def _tell_world(self, request: web.Request) -> web.StreamResponse:
        told: Json = {} if self._behind.world is None else await asyncio.to_thread(self._behind.world)
        told = {**told, "faults": [*told.get("faults", ()), *self._faults.listed()]}
        return web.json_response(told, headers=HEADERS)

    async def _fault(self, asked: Json) -> Json:
        name, on = str(asked["name"]), bool(asked["on"])
        if name.startswith("slack."):
            kind = Kind(name.removeprefix("slack."))
            self._faults.clear(kind)
            if on:
                self._faults.add(kind, seconds=asked.get("seconds"))
        elif self._behind.set_fault is not None:
            await asyncio.to_thread(self._behind.set_fault, name, on)
        return {}

    async def _act_on_run(self, asked: Json) -> Json:
        if self._behind.act_on_run is not None:
            await asyncio.to_thread(self._behind.act_on_run, int(asked["run"]), str(asked["act"]))
        return {}

    async def _say(self, asked: Json) -> Json:
        person = self._workspace.person(asked["as"])
        channel = self._workspace.channel(asked["channel"])
        await self._interactions.say(person, asked["text"], channel, thread=asked.get("thread", ""))
        return {}

    async def _act(self, asked: Json) -> Json:
        person = self._workspace.person(asked["as"])
        place = self._place(asked)
        action, block, raw = asked["action"], asked.get("block", ""), asked.get("raw")
        if isinstance(place, View):
            self._interactions.fill(place, asked.get("answers", {}))
            await self._interactions.act_in_view(person, place, action, block, raw=raw)
        else:
            given = asked.get("answers")
            await self._interactions.act_in_message(person, place, action, block, raw=raw, given=given)
        return {}

    async def _fill(self, asked: Json) -> Json:
        view = self._place(asked)
        if isinstance(view, View):
            self._interactions.fill(view, asked["answers"])
        return {}

    async def _submit(self, asked: Json) -> Json:
        view = self._place(asked)
        if not isinstance(view, View):
            raise SlackError("not_found")
        self._interactions.fill(view, asked.get("answers", {}))
        return {"errors": await self._interactions.submit(self._workspace.person(asked["as"]), view)}

    async def _suggest(self, asked: Json) -> Json:
        person = self._workspace.person(asked["as"])
        place = self._place(asked)
        if isinstance(place, View):
            self._interactions.fill(place, asked.get("answers", {}))
        action, block, typed = asked["action"], asked.get("block", ""), asked["typed"]
        return await self._interactions.suggest(person, place, action, block, typed)

    async def _close(self, asked: Json) -> Json:
        await self._interactions.close(self._workspace.person(asked["as"]), every=bool(asked.get("every")))
        return {}

    async def _home(self, asked: Json) -> Json:
        self._interactions.open_home(self._workspace.person(asked["as"]))
        return {}

    def _place(self, asked: Json) -> Message | View:
        if view_id := asked.get("view"):
            return self._workspace.surfaces.find(view_id, "")
        message = self._workspace.message(asked["channel"], asked["ts"])
        if message is None:
            raise SlackError("message_not_found")
        return message


def _looking(request: web.Request) -> Looking:
    asked = request.query
    most = asked.get("most", "")
    newest = min(int(most[:6]), MOST) if most.isascii() and most.isdigit() else NEWEST
    return Looking(asked.get("channel", ""), max(newest, 1), asked.get("thread", ""))


def _document(name: str) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return _static(HERE / name)

    return handle


def _static(path: Path) -> web.Response:
    return web.Response(body=path.read_bytes(), content_type=KINDS[path.suffix], charset="utf-8", headers=HEADERS)


def _guarded(doing: Doing) -> Handler:
    """Take only JSON that this page itself sends, and answer Slack's refusals as such."""

    async def handle(request: web.Request) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if request.content_type != "application/json" or (origin and urlsplit(origin).netloc != request.host):
            return web.json_response({"error": "forbidden"}, status=403)
        try:
            return web.json_response(await doing(await request.json()))
        except SlackError as error:
            return web.json_response({"error": error.code, **error.more}, status=409)
        except (KeyError, ValueError, TypeError) as error:
            return web.json_response({"error": "bad_request", "detail": str(error)}, status=400)

    return handle


async def _either(one: asyncio.Event, other: asyncio.Event, seconds: float) -> None:
    waiting = [asyncio.ensure_future(one.wait()), asyncio.ensure_future(other.wait())]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
