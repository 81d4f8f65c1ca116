"""Where the sandbox's pages end up: a stand-in for PagerDuty's Events API v2."""

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

_KEPT = 500
_BODY_BYTES = 512_000
"""PagerDuty refuses larger events."""
_ACCEPTED = 202
_LOST = 0
_FAULTS = {429: {"status": "throttle exceeded", "message": "Requests for this service are arriving too quickly"}}
_ACTIONS = ("trigger", "acknowledge", "resolve")
_SEVERITIES = ("critical", "error", "warning", "info")

Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Page:
    """One event as it was accepted."""

    action: str
    dedup_key: str
    summary: str
    severity: str
    body: dict[str, Any] = field(repr=False)


class Pager:
    """PagerDuty, as far as `POST /v2/enqueue` goes."""

    def __init__(self) -> None:
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._pages: deque[Page] = deque(maxlen=_KEPT)
        self._faults: deque[int] = deque()
        self._open = threading.Event()
        self._open.set()
        self.asked = 0
        """How many requests came in, answered well or not."""

    @property
    def pages(self) -> list[Page]:
        """Return the events that were accepted, oldest first."""
        return list(self._pages)

    @property
    def url(self) -> str:
        """Return the base URL, as `PAGERDUTY_API_URL` wants it."""
        if self._server is None:
            raise RuntimeError("the pager was not started")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self, port: int = 0) -> None:
        """Listen."""
        self._server = _PagerServer(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; what came in stays readable."""
        self._open.set()
        if self._server and self._thread:
            self._server.shutdown()
            self._thread.join(5)
            self._server.server_close()
        self._server = self._thread = None

    def fails(self, times: int = 1, *, status: int = 500) -> None:
        """Answer the next requests with an error: 429 where too much was asked, 500 and above where it is down."""
        self._faults.extend([status] * times)

    def loses_replies(self, times: int = 1) -> None:
        """Accept the next events and hang up without an answer."""
        self._faults.extend([_LOST] * times)

    def hangs(self, on: bool = True) -> None:
        """Accept connections and answer nothing, or go on."""
        if on:
            self._open.clear()
        else:
            self._open.set()

    def answer(self, path: str, raw: bytes) -> Answer | None:
        """Return the status and body for a request; None when the line is to be cut."""
        self.asked += 1
        self._open.wait()
        fault = self._faults.popleft() if self._faults else _ACCEPTED
        if path != "/v2/enqueue":
            return 404, {"status": "not found", "message": "there is only /v2/enqueue"}
        if fault not in {_ACCEPTED, _LOST}:
            return fault, _FAULTS.get(fault, {"status": "error", "message": "Internal server error"})
        event, errors = read(raw)
        if errors:
            return 400, {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
        page = _page(event)
        self._pages.append(page)
        if fault == _LOST:
            return None
        return _ACCEPTED, {"status": "success", "message": "Event processed", "dedup_key": page.dedup_key}


def read(raw: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return the event in a request's body and everything that is wrong with it."""
    try:
        event = json.loads(raw)
    except ValueError:
        return {}, ["body is not JSON"]
    if not isinstance(event, dict):
        return {}, ["body is not an object"]
    errors = []
    if not (isinstance(event.get("routing_key"), str) and len(event["routing_key"]) == 32):
        errors.append("'routing_key' is missing or is not 32 characters long")
    if event.get("event_action") not in _ACTIONS:
        errors.append(f"'event_action' is not one of {', '.join(_ACTIONS)}")
    if event.get("event_action") == "trigger":
        errors += _payload(event.get("payload"))
    elif not event.get("dedup_key"):
        errors.append("'dedup_key' is missing")
    return event, errors


def _payload(payload: object) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    errors = [f"'payload.{name}' is missing or blank" for name in ("summary", "source") if not payload.get(name)]
    if len(str(payload.get("summary", ""))) > 1024:
        errors.append("'payload.summary' is longer than 1024 characters")
    if payload.get("severity") not in _SEVERITIES:
        errors.append(f"'payload.severity' is not one of {', '.join(_SEVERITIES)}")
    return errors


def _page(event: dict[str, Any]) -> Page:
    payload = event.get("payload") or {}
    key = str(event.get("dedup_key") or uuid4().hex)
    return Page(event["event_action"], key, str(payload.get("summary", "")), str(payload.get("severity", "")), event)


class _PagerServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], pager: Pager) -> None:
        super().__init__(address, _PagerHandler)
        self.pager = pager


class _PagerHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 15
    server: _PagerServer

    def do_POST(self) -> None:
        """Take an event."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > _BODY_BYTES:
            self.close_connection = True
            self._say(413, {"status": "invalid event", "message": "Event is larger than 512 kB"})
            return
        answer = self.server.pager.answer(self.path, self.rfile.read(length))
        if answer is None:
            self.close_connection = True
            return
        self._say(*answer)

    def _say(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002  http.server calls it so
        """Keep quiet; the pages say it all."""
