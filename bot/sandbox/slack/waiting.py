"""Wait for what nobody announces."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

POLL_SECONDS = 0.05


async def until(done: Callable[[], bool], *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Look again and again until it is done."""
    while not done():
        await pause(POLL_SECONDS)


def gave_up(request: web.Request) -> bool:
    """Say whether the other side has closed the connection."""
    return request.transport is None or request.transport.is_closing()
