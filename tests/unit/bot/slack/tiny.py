"""A tiny HTTP server that answers what a test tells it to, and remembers what it was asked."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Answers = dict[str, Callable[[dict[str, Any]], Any]]


@asynccontextmanager
async def tiny(answers: Answers) -> AsyncIterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """Serve `/api/<method>`; yield the base URL and the calls so far."""
    calls: list[tuple[str, dict[str, Any]]] = []

    async def handle(request: web.Request) -> web.Response:
        method = request.match_info["method"]
        body = await request.json() if request.content_type == "application/json" else dict(await request.post())
        calls.append((method, body))
        answer = answers[method](body)
        return answer if isinstance(answer, web.Response) else web.json_response({"ok": True, **answer})

    app = web.Application()
    app.router.add_post("/api/{method}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/api", calls
    finally:
        await runner.cleanup()
