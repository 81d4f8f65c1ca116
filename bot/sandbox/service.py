"""One process of a long-lived service, as a supervisor starts, watches and ends it."""

import asyncio
import os
import signal
import socket
import time
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Unit:
    """What is started: a release, the command that serves it, and where its output goes."""

    release: Path
    command: tuple[str, ...]
    environment: dict[str, str]
    log: Path


@dataclass(slots=True)
class Running:
    """A process that was started and said that it is ready."""

    unit: Unit
    process: Process
    since: float

    @classmethod
    async def start(cls, unit: Unit, listening: socket.socket, *, within: float) -> Self:
        """Start the process on a socket that listens already, and wait until it says that it is ready.

        Raises:
            NotUp: it ended or said nothing in time; it was killed and left nothing behind.
        """
        read, write = os.pipe()
        os.set_blocking(read, False)
        try:
            began = unit.log.stat().st_size if unit.log.exists() else 0
            process = await _spawn(unit, listening, write)
        except OSError as error:
            os.close(read)
            raise NotUp(f"{unit.release} cannot be started: {error}") from error
        finally:
            os.close(write)
        try:
            ready = await _hears(read, within)
        except asyncio.CancelledError:
            await _kill(process)
            raise
        finally:
            os.close(read)
        if not ready:
            died = await _kill(process)
            raise NotUp(_reason(unit, began, died, within))
        return cls(unit, process, time.monotonic())

    @property
    def alive(self) -> bool:
        """Say whether the process runs."""
        return self.process.returncode is None

    async def retire(self, *, within: float) -> None:
        """Let the process finish what it does and end; kill it when that takes too long."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), within)
        await _kill(self.process)

    async def kill(self) -> None:
        """End the process at once."""
        await _kill(self.process)


class NotUp(Exception):
    """A process did not come up; the message says why."""


async def _spawn(unit: Unit, listening: socket.socket, ready: int) -> Process:
    environment = {**unit.environment, "LISTEN_FD": str(listening.fileno()), "READY_FD": str(ready)}
    with unit.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *unit.command,
            cwd=unit.release,
            env=environment,
            stdin=PIPE,
            stdout=log,
            stderr=log,
            pass_fds=(listening.fileno(), ready),
            start_new_session=True,
        )


async def _hears(read: int, within: float) -> bool:
    """Wait for a line on the pipe; False at its end, or when nothing comes in time."""
    loop = asyncio.get_running_loop()
    heard: asyncio.Future[bool] = loop.create_future()

    def readable() -> None:
        said = os.read(read, 64)
        if not heard.done():
            heard.set_result(bool(said))

    loop.add_reader(read, readable)
    try:
        return await asyncio.wait_for(heard, within)
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(read)


async def _kill(process: Process) -> int | None:
    """Kill the process group and return the exit code the process had found for itself, if it had."""
    found = process.returncode
    if found is None:
        with suppress(TimeoutError):
            found = await asyncio.wait_for(process.wait(), 0.1)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    if process.stdin:
        process.stdin.close()
    return found


def _reason(unit: Unit, began: int, died: int | None, within: float) -> str:
    with unit.log.open("rb") as log:
        log.seek(began)
        said = log.read(65536).decode(errors="replace").strip().splitlines()
    what = f"exited {died}" if died is not None else f"was not ready after {within:g} s"
    return f"{unit.release.name} {what}: {said[-1] if said else 'it said nothing'}"
