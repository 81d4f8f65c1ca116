"""Processes of one sandbox host: found by a mark in their environment, so that none is left behind."""

import os
import signal
from contextlib import suppress
from pathlib import Path

MARK = "SANDBOX_HOST"
"""The environment variable that every process of a host carries, whoever its parent is by now."""
_PROC = Path("/proc")


def of(mark: str) -> tuple[int, ...]:
    """Return the processes that carry the mark; none where the system has no `/proc`."""
    wanted = f"{MARK}={mark}".encode()
    return tuple(pid for pid in _all() if pid != os.getpid() and wanted in _environment(pid))


def send(mark: str, what: signal.Signals) -> int:
    """Send a signal to every process that carries the mark and return how many there were."""
    found = of(mark)
    for pid in found:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, what)
    return len(found)


def kill_all(mark: str) -> None:
    """Kill the processes that carry the mark, and those that they began meanwhile."""
    for _ in range(20):
        if not send(mark, signal.SIGKILL):
            return


def _all() -> tuple[int, ...]:
    if not _PROC.is_dir():
        return ()
    return tuple(int(entry) for entry in os.listdir(_PROC) if entry.isdecimal())  # noqa: PTH208  a path each is slow


def _environment(pid: int) -> list[bytes]:
    try:
        with (_PROC / str(pid) / "environ").open("rb") as told:
            return told.read().split(b"\0")
    except OSError:
        return []
