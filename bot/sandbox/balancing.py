"""The balancer's host from the inside: the program that visitors meet, kept in files as an operator would."""

import asyncio
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import TypedDict

from bot.sandbox import balancer, host_bin

UPSTREAM = "desk"
_STARTS_WITHIN = 10.0
_COMMAND = """#!/bin/sh
# What nginx is told with `nginx -t` and `nginx -s reload`.
case "${{1-}}" in
test) exec {program} test {include} ;;
reload) kill -HUP "$(cat {pid})" ;;
*) echo "usage: lb test|reload" >&2; exit 2 ;;
esac
"""


class Files(TypedDict):
    """The files of a balancer that its operator knows."""

    include: Path
    pid: Path
    log: Path


def files_of(home: Path) -> Files:
    """Return where a balancer's host has its files."""
    return Files(
        include=home / "conf" / "upstream.conf", pid=home / "run" / "balancer.pid", log=home / "log" / "access.log"
    )


class Balancing:
    """Runs the balancer of one host; lives on one event loop."""

    def __init__(
        self, home: Path, *, port: int, servers: tuple[tuple[str, int], ...], environment: dict[str, str]
    ) -> None:
        self._home = home
        self._port = port
        self._servers = servers
        self._environment = environment
        self._process: Process | None = None
        self._files = files_of(home)

    @property
    def current(self) -> Path:
        """Return where a release would be linked; there is none on this host."""
        return self._home / "app" / "current"

    @property
    def visited(self) -> int:
        """Return the port on which visitors are answered."""
        return self._port

    async def start(self) -> None:
        """Let the balancer take visitors, as its include says."""
        self._furnish()
        with (self._home / "log" / "balancer.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *host_bin.program(Path(balancer.__file__)),
                *(
                    "run",
                    str(self._files["include"]),
                    str(self._port),
                    str(self._files["pid"]),
                    str(self._files["log"]),
                    balancer.ROOM,
                ),
                cwd=self._home,
                env=self._environment,
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        async with asyncio.timeout(_STARTS_WITHIN):
            while not self._files["pid"].exists():  # noqa: ASYNC110 - it is another process that makes the file
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Stop at once; whoever stops the host kills its workers."""
        if self._process:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self._process = None

    async def queue_runs(self, on: bool) -> None:
        """Do nothing: no application runs here."""

    def _furnish(self) -> None:
        """Write the include once, with the hosts as they serve before any deployment, and the command for it."""
        for folder in (self._files["include"].parent, self._files["pid"].parent, self._files["log"].parent):
            folder.mkdir(exist_ok=True)
        self._files["pid"].unlink(missing_ok=True)
        if not self._files["include"].exists():
            lines = "".join(f"    server {address}:{port} weight=1;\n" for address, port in self._servers)
            self._files["include"].write_text(f"upstream {UPSTREAM} {{\n{lines}}}\n", encoding="utf-8")
        program = " ".join(map(quote, host_bin.program(Path(balancer.__file__))))
        include, pid = quote(str(self._files["include"])), quote(str(self._files["pid"]))
        host_bin.script(self._home / "bin" / "lb", _COMMAND.format(program=program, include=include, pid=pid))
