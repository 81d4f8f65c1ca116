"""The network in front of one sandbox host's SSH server: it can be cut, closed, or stop answering."""

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress

_CHUNK = 65536
Serve = Callable[[socket.socket], Awaitable[None]]


class Wire:
    """A listening port; every connection is carried to `serve` on a socket pair, byte for byte."""

    def __init__(self, port: int, serve: Serve) -> None:
        self._port = port
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._clients: set[StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """Return how many connections are open."""
        return len(self._clients)

    async def listen(self) -> None:
        """Accept connections."""
        if not self._server:
            self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._port)

    async def close(self) -> None:
        """Refuse connections from now on, and cut those that are open."""
        if self._server:
            self._server.close()
            self._server = None
        self.cut()
        self._open.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    def cut(self) -> None:
        """Cut every connection, as a reset does."""
        for client in list(self._clients):
            client.transport.abort()

    def freeze(self, on: bool) -> None:
        """Carry nothing any more in either direction, or go on."""
        if on:
            self._open.clear()
        else:
            self._open.set()

    async def _carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        ours, theirs = socket.socketpair()
        inner_reader, inner_writer = await asyncio.open_connection(sock=ours)
        self._clients.add(writer)
        pumps = (
            asyncio.create_task(self._pump(reader, inner_writer)),
            asyncio.create_task(self._pump(inner_reader, writer)),
        )
        serving = asyncio.create_task(self._served(theirs))
        self._tasks.update((*pumps, serving))
        for task in (*pumps, serving):
            task.add_done_callback(self._tasks.discard)
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._clients.discard(writer)
            for pump in pumps:
                pump.cancel()
            inner_writer.close()
            writer.close()

    async def _served(self, theirs: socket.socket) -> None:
        await self._open.wait()
        await self._serve(theirs)

    async def _pump(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
