"""Kills the bot before or after its nth commit, SSH command or call to Slack, as a file beside it says. For tests."""

import os
import signal
import sys
from collections import Counter
from pathlib import Path
from threading import Lock
from typing import Any

import aiohttp
import paramiko
from sqlalchemy.engine.default import DefaultDialect

ARMED, SEEN = Path("armed"), Path("instants.log")
OURS = ("bot.", "commands.", "deployers.", "storage.", "dbos.")
_lock = Lock()
_counted: Counter[tuple[str, str]] = Counter()
"""Under what the bot was armed with, and what it passes; each time it is armed it is counted anew."""


def _who() -> str:
    """Return the function of ours that is at work, the outermost layers of the database's library left out."""
    frame = sys._getframe(2)
    while frame and not (
        frame.f_globals.get("__name__", "").startswith(OURS) and "store" not in frame.f_globals["__name__"]
    ):
        frame = frame.f_back
    return f"{frame.f_globals['__name__']}.{frame.f_code.co_name}" if frame else "somewhere"


def _passes(instant: str) -> None:
    """Count an instant, and die at the one that is named in the file: the number, the instant, and a mark."""
    with _lock:
        try:
            armed = ARMED.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        number, _, wanted = armed.splitlines()[0].partition(" ")
        _counted[armed, instant] += 1
        dies = wanted == instant and int(number) == _counted[armed, instant]
        with SEEN.open("a", encoding="utf-8") as seen:
            seen.write(f"{'died' if dies else 'passed'}\t{instant}\t{_who()}\n")
        if dies:
            ARMED.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


def _around(owner: type, before: str, after: str, name: str) -> None:
    """Let a method pass an instant before it begins and after it has ended."""
    real = getattr(owner, name)

    def method(*arguments: object, **named: object) -> object:
        if before:
            _passes(before)
        done = real(*arguments, **named)
        if after:
            _passes(after)
        return done

    setattr(owner, name, method)


def _commit(self: DefaultDialect, connection: Any) -> None:
    writes = _writes(connection)
    if writes:
        _passes("before a commit")
    _real_commit(self, connection)
    if writes:
        _passes("after a commit")


def _writes(connection: Any) -> bool:
    """Say whether something is committed: the engine's looks at its queues end in a commit as well."""
    changes = getattr(connection, "total_changes", None)
    before, connection.info["written"] = connection.info.get("written", 0), changes
    return changes is None or changes != before


async def _request(self: aiohttp.ClientSession, *arguments: object, **named: object) -> aiohttp.ClientResponse:
    _passes("before a call to Slack")
    answer = await _real_request(self, *arguments, **named)
    _passes("after a call to Slack")
    return answer


_real_request = aiohttp.ClientSession._request
aiohttp.ClientSession._request = _request
_real_commit = DefaultDialect.do_commit
DefaultDialect.do_commit = _commit
_around(paramiko.Channel, "before an SSH command", "", "exec_command")
_around(paramiko.Channel, "", "after an SSH command", "shutdown_write")
