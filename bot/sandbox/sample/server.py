"""Serve the call desk: a page, its health and its version."""

import json
import os
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import health
import jobs
from database import Database, TooManyConnections

HERE = Path(__file__).resolve().parent
COMPONENTS = {"database": health.database, "queue": health.queue, "storage": health.storage}


def read(name: str, otherwise: str) -> str:
    """Return what a file of the release says, without the line's end."""
    try:
        return (HERE / name).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return otherwise


class Desk(ThreadingHTTPServer):
    """The server of one release; when it is told to go, it finishes what it has begun."""

    daemon_threads = False

    def __init__(self, listening: socket.socket, database: Database) -> None:
        super().__init__(listening.getsockname()[:2], Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.database = database
        self.version, self.sha = read("VERSION", "unknown"), read("REVISION", "unknown")
        self.page = read("page.html", "{version}")
        self.going = False
        self._lock = threading.Lock()
        self._quiet: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; another release may listen on the same socket and be faster."""
        connection, address = self.socket.accept()
        connection.setblocking(True)
        return connection, address

    def waits(self, connection: socket.socket, *, waiting: bool) -> None:
        """Remember which connections are between two requests."""
        with self._lock:
            (self._quiet.add if waiting else self._quiet.discard)(connection)

    def goes(self) -> None:
        """Stop accepting, hang up on those who are between two requests, and let the others finish."""
        self.going = True
        self.shutdown()
        with self._lock:
            for connection in self._quiet:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)

    def log(self, line: str) -> None:
        """Append a line to the log that outlives releases."""
        with (HERE / "storage" / "app.log").open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")


class Handler(BaseHTTPRequestHandler):
    """One visitor's connection."""

    protocol_version = "HTTP/1.1"
    timeout = 15
    server: Desk
    answered = False

    def handle_one_request(self) -> None:
        """Wait for a request and answer it; nobody hangs up on a visitor whose first request is still on its way."""
        self.server.waits(self.connection, waiting=self.answered)
        if self.answered and self.server.going:
            self.close_connection = True
            return
        try:
            super().handle_one_request()
        finally:
            self.server.waits(self.connection, waiting=False)
            self.answered = True

    def parse_request(self) -> bool:
        """Read the request; it is the connection's last one when this release is going."""
        self.server.waits(self.connection, waiting=False)
        good = super().parse_request()
        if self.server.going:
            self.close_connection = True
        return good

    def do_GET(self) -> None:
        """Answer a page, a health question or the version."""
        path = urlsplit(self.path).path
        if path == "/":
            self._page()
        elif path == "/api/version":
            self._json(200, {"version": self.server.version, "sha": self.server.sha})
        elif path == "/api/health":
            self._health(tuple(COMPONENTS))
        elif path.startswith("/api/health/") and path.rsplit("/", 1)[1] in COMPONENTS:
            self._health((path.rsplit("/", 1)[1],))
        else:
            self._json(404, {"error": "there is no such page"})

    def _page(self) -> None:
        if told := read("storage/down", ""):
            self._answer(503, "text/plain; charset=utf-8", f"{told}\n".encode())
            return
        try:
            calls = self.server.database.number("SELECT count(*) FROM calls")
        except TooManyConnections as error:
            self._json(503, {"error": str(error)})
            return
        filled = self.server.page.replace("{version}", self.server.version)
        filled = filled.replace("{sha}", self.server.sha[:12]).replace("{calls}", str(calls))
        self._answer(200, "text/html; charset=utf-8", filled.encode())

    def _health(self, asked: tuple[str, ...]) -> None:
        faults = {name: COMPONENTS[name](self.server.database) for name in asked}
        found = {name: fault for name, fault in faults.items() if fault}
        if found:
            self.server.log(f"unhealthy: {json.dumps(found)}")
            self._json(503, {"status": "error", **found})
        else:
            self._json(200, {"status": "ok"})

    def _json(self, status: int, body: dict[str, str]) -> None:
        self._answer(status, "application/json", json.dumps(body).encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Version", self.server.version)
        if self.close_connection or self.server.going:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002  http.server calls it so
        """Keep quiet about each request; the front door has a log of its own."""


def listen() -> socket.socket:
    """Take the socket that the supervisor opened, or open one."""
    inherited = os.environ.get("LISTEN_FD")
    if inherited:
        taken = socket.socket(fileno=int(inherited))
    else:
        taken = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "8080"))))
    taken.setblocking(False)
    return taken


def say_ready() -> None:
    """Tell the supervisor that visitors may come."""
    if told := os.environ.get("READY_FD"):
        os.write(int(told), b"ready\n")
        os.close(int(told))


def bell() -> socket.socket:
    """Return what becomes readable when this process is told to go, whichever of its threads the signal reaches."""
    heard, rings = socket.socketpair()
    rings.setblocking(False)
    signal.set_wakeup_fd(rings.detach())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _signal, _frame: None)
    return heard


def main() -> None:
    """Serve until told to go, or until the supervisor is gone."""
    told = bell()
    database = Database(HERE / "storage" / "app.db")
    database.number("SELECT count(*) FROM calls")
    desk = Desk(listen(), database)
    if not os.environ.get("CANDIDATE"):
        jobs.start(database)
    threading.Thread(target=desk.serve_forever, args=(0.05,)).start()
    desk.log(f"{desk.version} serves as {os.getpid()}")
    say_ready()
    select.select([told, *([sys.stdin] if "READY_FD" in os.environ else [])], [], [])
    desk.goes()
    desk.server_close()
    desk.log(f"{desk.version} left")


if __name__ == "__main__":
    main()
