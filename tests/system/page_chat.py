"""The page over a workspace without hosts, and an app that writes down what it is sent."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as held
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser

from bot.sandbox.slack import SlackServer, SlackThread, Workspace
from bot.sandbox.slack.entities import BOT_USER, Message
from bot.trying import manifest
from tests.system.browser import Screen, chromium, screen

Json = dict[str, Any]


@dataclass
class Chat:
    """A workspace on a page, with an app behind it."""

    slack: SlackThread
    heard: list[Json] = held(default_factory=list)
    answer: Callable[[Json], Json] = lambda _: {}

    @property
    def url(self) -> str:
        """Return where the page is."""
        return self.slack.server.url

    @property
    def workspace(self) -> Workspace:
        """Return what is shown."""
        return self.slack.server.workspace

    def posts(self, text: str = "", *blocks: Json, channel: str = "C0DEPLOY", **more: Any) -> Message:
        """Have the app post something."""
        return self.workspace.post(channel, BOT_USER, text, list(blocks), **more)

    def opens(self, person: str, *blocks: Json, title: str = "A dialog") -> None:
        """Have the app open a modal."""
        words = {
            kind: {"type": "plain_text", "text": text} for kind, text in (("title", title), ("submit", "Ask for it"))
        }
        self.workspace.surfaces.open(person, {"type": "modal", "callback_id": "it", "blocks": list(blocks), **words})
        self.workspace.changed()

    def hears(self, kind: str) -> Json:
        """Wait until the app was sent something of a kind, and return the last of it."""
        found: Json = self.slack.driver.eventually(
            lambda: next((it for it in reversed(self.heard) if it.get("type") == kind), None), 30.0, kind
        )
        return found


@contextmanager
def chat() -> Iterator[Chat]:
    """Serve a workspace and an app that answers as a test wants it to."""
    with SlackThread(SlackServer(Workspace(manifest=manifest()))) as slack:
        made = Chat(slack)
        app = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
        thread = Thread(target=app.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        slack.server.request_url = f"http://127.0.0.1:{app.server_port}/"
        yield made
        app.shutdown()
        app.server_close()
        thread.join()


def _handler(made: Chat) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            told = _payload(body, self.headers.get("Content-Type", ""))
            made.heard.append(told)
            said = json.dumps(made.answer(told)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _payload(body: str, kind: str) -> Json:
    if kind.startswith("application/json"):
        told: Json = json.loads(body)
        return told["event"]
    form = {name: values[0] for name, values in parse_qs(body).items()}
    return json.loads(form["payload"]) if "payload" in form else {"type": "command", **form}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one browser for all tests of a file."""
    with chromium() as started:
        yield started


@pytest.fixture
def talk() -> Iterator[Chat]:
    """Serve a workspace of its own to each test."""
    with chat() as made:
        yield made


@pytest.fixture
def seen(browser: Browser, talk: Chat) -> Iterator[Screen]:
    """Open its page on a wide screen."""
    with screen(browser, talk.url) as opened:
        yield opened


def plain(text: str) -> Json:
    """Return a text as it stands."""
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    """Return a section."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(text: str, **more: Any) -> Json:
    """Return a button that is called by what stands on it."""
    return {"type": "button", "text": plain(text), "action_id": text.lower(), "value": "7", **more}


def field(label: str, **element: Any) -> Json:
    """Return an input that is called by its label."""
    typed = {"type": "plain_text_input", "action_id": label.lower(), **element}
    return {"type": "input", "block_id": label.lower(), "label": plain(label), "element": typed}
