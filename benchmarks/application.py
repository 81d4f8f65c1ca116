"""A small web application: it serves the release it was started from, 5 ms after each question, and dies when told.

    application.py PORT RELEASE

`/` answers the release's name, `/api/health` "ok", `/api/version` its SHA as JSON. It stops at once, with whatever it
has in hand: who was not sent away from it before is lost.
"""

import asyncio
import json
import sys
from pathlib import Path

THINKS = 0.005


class Web(asyncio.Protocol):
    """HTTP/1.1 without frills: requests without a body, kept connections."""

    def __init__(self, sha: str) -> None:
        self._sha = sha
        self._rest = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each whole request a moment later."""
        *requests, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for request in requests:
            asyncio.get_running_loop().call_later(THINKS, self._answer, request)

    def _answer(self, request: bytes) -> None:
        path = request.split(b" ", 2)[1].decode()
        known = {"/": self._sha[:12], "/api/health": "ok", "/api/version": json.dumps({"version": self._sha})}
        body = known.get(path, "")
        status = "200 OK" if path in known else "404 Not Found"
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nContent-Type: text/plain\r\n\r\n"
        if not self._transport.is_closing():
            self._transport.write((head + body).encode())


async def main(port: int, release: Path, kind: type[Web] = Web) -> None:
    """Serve until killed."""
    sha = (release / "REVISION").read_text(encoding="utf-8").strip()
    server = await asyncio.get_running_loop().create_server(lambda: kind(sha), "0.0.0.0", port, backlog=4096)  # noqa: S104
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]).resolve()))
