"""A real SSH server for one sandbox host: public keys only, real commands, forwarding to the host's own ports."""

import asyncio
import logging
import os
import signal
import socket
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import asyncssh

_CHUNK = 65536
_FULL = 'trap "" XFSZ; ulimit -S -f 0; exec /bin/sh -c "$1"'
"""No file may grow: every write to one fails, and a pipe is none."""

logging.getLogger("asyncssh").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Account:
    """Who may log in, where they land and with which environment."""

    user: str
    key: asyncssh.SSHKey
    home: Path
    environment: Mapping[str, str]
    ports: tuple[int, ...]
    """What may be reached from the host through `direct-tcpip`."""


class _Source(Protocol):
    async def read(self, n: int = -1) -> bytes: ...


class _Sink(Protocol):
    def write(self, data: bytes) -> None: ...
    async def drain(self) -> None: ...


class SshServer:
    """Serves connections that somebody else accepted."""

    def __init__(self, account: Account, host_key: asyncssh.SSHKey) -> None:
        self._account = account
        self.host_key = host_key
        self.disk_full = False
        self._commands: set[asyncio.Task[None]] = set()

    async def serve(self, connection: socket.socket) -> None:
        """Speak SSH on a connected socket until it ends."""
        try:
            session = await asyncssh.run_server(
                connection,
                server_factory=lambda: _Guard(self._account),
                server_host_keys=[self.host_key],
                process_factory=self._begin,
                encoding=None,
                line_editor=False,
                allow_pty=False,
                allow_scp=False,
                agent_forwarding=False,
                x11_forwarding=False,
                compression_algs=None,
                login_timeout=30,
            )
        except (OSError, asyncssh.Error):
            connection.close()
            return
        try:
            await session.wait_closed()
        finally:
            session.abort()

    def _begin(self, channel: asyncssh.SSHServerProcess[bytes]) -> None:
        """Run the command in a task that outlives the connection."""
        task = asyncio.create_task(self._run(channel))
        self._commands.add(task)
        task.add_done_callback(self._commands.discard)

    async def stop(self) -> None:
        """Forget the commands; whoever stops the host has killed them."""
        if self._commands:
            _, left = await asyncio.wait(self._commands, timeout=2)
            for task in left:
                task.cancel()

    async def _run(self, channel: asyncssh.SSHServerProcess[bytes]) -> None:
        command = channel.command or "exec /bin/sh"
        limited = ("-c", _FULL, "sh", command) if self.disk_full else ("-c", command)
        try:
            process = await asyncio.create_subprocess_exec(
                "/bin/sh",
                *limited,
                cwd=self._account.home,
                env=dict(self._account.environment),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                start_new_session=True,
                limit=_CHUNK,
            )
        except OSError as error:
            channel.stderr.write(f"sh: {error}\n".encode())
            channel.exit(126)
            return
        await self._carry(channel, process)

    async def _carry(self, channel: asyncssh.SSHServerProcess[bytes], process: Process) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            return
        feeding = asyncio.create_task(_feed(channel, process))
        telling = [
            asyncio.create_task(_tell(process.stdout, channel.stdout)),
            asyncio.create_task(_tell(process.stderr, channel.stderr)),
        ]
        gone = asyncio.create_task(channel.wait_closed())
        try:
            ended = asyncio.create_task(_ended(process, telling))
            await asyncio.wait((ended, gone), return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                _hang_up(process, (feeding, *telling))
            await ended
        finally:
            feeding.cancel()
            gone.cancel()
            # Also where this is cut short: otherwise its pipes are open until somebody else's test finds them.
            process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way
        _report(channel, process.returncode or 0)


class _Guard(asyncssh.SSHServer):
    """Who may come in, and where they may go from here."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == self._account.user and key.public_data == self._account.key.public_data

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return dest_host in {"127.0.0.1", "localhost"} and dest_port in self._account.ports


async def _feed(channel: asyncssh.SSHServerProcess[bytes], process: Process) -> None:
    """Hand what the client sends to the command; its signals too."""
    if process.stdin is None:
        return
    while True:
        try:
            data = await channel.stdin.read(_CHUNK)
        except asyncssh.SignalReceived as sent:
            _signal(process, sent.signal)
            continue
        except (OSError, asyncssh.Error):
            data = b""
        if not data:
            process.stdin.close()
            return
        with suppress(OSError):
            process.stdin.write(data)
            await process.stdin.drain()


async def _tell(source: _Source, sink: _Sink) -> None:
    """Hand what the command prints to the client, no faster than it reads."""
    while data := await source.read(_CHUNK):
        with suppress(OSError, asyncssh.Error):
            sink.write(data)
            await sink.drain()


async def _ended(process: Process, telling: list[asyncio.Task[None]]) -> None:
    """Wait until the command has ended and everything that it printed was told."""
    await process.wait()
    await asyncio.gather(*telling, return_exceptions=True)


def _hang_up(process: Process, tasks: tuple[asyncio.Task[None], ...]) -> None:
    """Close our ends of the pipes, as sshd does when a connection is gone; the command itself goes on."""
    for task in tasks:
        task.cancel()
    transport = process._transport  # type: ignore[attr-defined]  # noqa: SLF001  asyncio has no other way to close a child's output
    for descriptor in (0, 1, 2):
        if pipe := transport.get_pipe_transport(descriptor):
            pipe.close()


def _report(channel: asyncssh.SSHServerProcess[bytes], code: int) -> None:
    with suppress(OSError, asyncssh.Error):
        if code < 0:
            channel.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))
        else:
            channel.exit(code)


def _signal(process: Process, name: str) -> None:
    with suppress(KeyError, ProcessLookupError):
        os.killpg(process.pid, signal.Signals[f"SIG{name}"])
