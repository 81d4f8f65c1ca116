"""What the hosts themselves know: their wrapper's records, and a count of what really began."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.hosts import Host

SHELL = """#!/bin/sh
# Count every beginning of an operation, beside the wrapper and whatever it believes; then be sh.
case "$SHIPMATE_OPERATION $1" in ?*" "*/script) echo "$SHIPMATE_OPERATION" >>"$HOME/begun.log" ;; esac
exec /bin/sh "$@"
"""
PHASES = ("none", "claimed", "started", "exited", "recorded")
"""How far an operation came on its host; none: it was intended, and the host has not heard of it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What a host has written down about an operation."""

    phase: str
    exit_code: int | None = None
    output_bytes: int = 0
    output_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """One host, looked at through its files."""

    name: str
    home: Path

    @classmethod
    def of(cls, host: Host) -> "Scene":
        """Return the scene of a sandbox host, which counts from now on."""
        shell = host.home / "bin" / "sh"
        shell.write_text(SHELL, encoding="utf-8")
        shell.chmod(0o755)
        return cls(host.name, host.home)

    @property
    def _place(self) -> Path:
        return self.home / "app" / ".shipmate"

    def ids(self) -> set[str]:
        """Return every operation that the host has heard of."""
        try:
            return {name for name in os.listdir(self._place / "ops") if not name.startswith(".")}
        except FileNotFoundError:
            return set()

    def phase(self, operation: str) -> str:
        """Return how far an operation came."""
        place = self._place / "ops" / operation
        marks = {"recorded": "done", "exited": "exit", "started": "begun", "claimed": "claim"}
        return next((phase for phase, mark in marks.items() if os.path.lexists(place / mark)), "none")

    def operation(self, operation: str) -> Operation:
        """Return what is written down about an operation."""
        place = self._place / "ops" / operation
        code = (place / "exit").read_text().strip() if (place / "exit").exists() else ""
        size, digest = ((place / "done").read_text().split() if (place / "done").exists() else ("0", ""))[:2]
        return Operation(self.phase(operation), int(code) if code else None, int(size), digest)

    def begun(self) -> Counter[str]:
        """Return how often each operation's script really began, as the host's shell counted it."""
        return Counter(_lines(self.home / "begun.log"))

    def switched(self) -> Counter[str]:
        """Return how often each release was switched to, from `revisions.log`."""
        return Counter(line.split()[-1] for line in _lines(self.home / "app" / "revisions.log"))

    def locked(self) -> bool:
        """Say whether the host's own lock is still taken."""
        return (self._place / "lock").exists()


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
