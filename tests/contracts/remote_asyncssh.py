"""A small SSH server in this process that runs real commands under `sh` in a folder of its own."""

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread

import asyncssh

from deployers.environment import Host, Place


@dataclass
class Small:
    """One running server."""

    folder: Path
    port: int
    key_file: Path
    hang_up: Callable[[], None]

    @property
    def host(self) -> Host:
        """Return the target that it serves."""
        return Host("web1", "127.0.0.1", ssh_port=self.port)

    def place(self, path: str = "app") -> Place:
        """Return a place on it; relative to the home of whoever logs in."""
        return Place("anyone", path, (self.host,), str(self.folder / "known_hosts"))


async def _pump(source, sink) -> None:
    """Carry bytes until either end is gone; what is said to a gone client is read all the same."""
    gone = False
    while data := await source.read(65536):
        try:
            if not gone:
                sink.write(data)
                await sink.drain()
        except (OSError, asyncssh.Error):
            gone = True
    if isinstance(sink, asyncio.StreamWriter):
        with suppress(OSError):
            sink.write_eof()


async def _serve(home: Path, process) -> None:
    child = await asyncio.create_subprocess_exec(
        "sh", "-c", process.command or "true", cwd=home, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    told = asyncio.create_task(_pump(process.stdin, child.stdin))
    try:
        await asyncio.gather(_pump(child.stdout, process.stdout), _pump(child.stderr, process.stderr))
        code = await child.wait()
    finally:
        told.cancel()
        await asyncio.gather(told, return_exceptions=True)
        child._transport.close()
    process.exit(code)


async def _ended(tasks: set[asyncio.Task]) -> None:
    """Wait for what still serves, and end what does not end by itself."""
    late = (await asyncio.wait(tasks, timeout=5))[1] if tasks else ()
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


@contextmanager
def small(folder: Path, *, forwarding: bool = True) -> Iterator[Small]:
    """Serve the folder as the home of everyone until the block ends."""
    home = folder / "home"
    home.mkdir(parents=True)
    host_key, client = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    client.write_private_key(str(folder / "client"))
    client.write_public_key(str(folder / "authorized"))
    connections: list[asyncssh.SSHServerConnection] = []

    class Server(asyncssh.SSHServer):
        def connection_made(self, conn):
            connections.append(conn)

        def connection_requested(self, dest_host, dest_port, orig_host, orig_port):
            return forwarding

    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def begin() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Server,
            server_host_keys=[host_key],
            authorized_client_keys=str(folder / "authorized"),
            process_factory=partial(_serve, home),
            encoding=None,
        )

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(20)
    port = server.get_port()
    pinned = host_key.export_public_key().decode().strip()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {pinned}\n")

    def hang_up() -> None:
        for connection in connections:
            loop.call_soon_threadsafe(connection.abort)

    async def end() -> None:
        server.close()
        for connection in connections:
            connection.abort()
        await server.wait_closed()
        await _ended(asyncio.all_tasks() - {asyncio.current_task()})

    try:
        yield Small(folder, port, folder / "client", hang_up)
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
