"""The step wrapper in a folder of this machine, run under dash without any SSH."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from deployers import ssh_wire
from deployers.ports import Operation, Record

SHELL = shutil.which("dash") or "sh"
PATIENCE = 60.0


def until(claim: Callable[[], object], why: str = "") -> None:
    """Wait for something to become true."""
    end = monotonic() + PATIENCE
    while not claim():
        if monotonic() > end:
            pytest.fail(f"it never came true: {why or claim}")
        Event().wait(0.02)


@dataclass
class Wrapped:
    """One host's wrapper."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.script.write_bytes(ssh_wire.wrapper())

    @property
    def folder(self) -> Path:
        """Return where the wrapper and its records live."""
        return self.home / ".shipmate"

    @property
    def script(self) -> Path:
        """Return the wrapper's file."""
        return self.folder / "wrapper.sh"

    def record_folder(self, id_: str) -> Path:
        """Return where an operation is recorded."""
        return self.folder / "ops" / id_

    def start(self, *words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Tell the wrapper something, and do not wait."""
        process = subprocess.Popen(
            [SHELL, self.script, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.home,
            env={**os.environ, **self.env, **(env or {})},
        )
        self.started.append(process)
        with suppress(BrokenPipeError):
            process.stdin.write(stdin)
        process.stdin.close()
        return process

    def told(self, process: subprocess.Popen[bytes]) -> list[bytes]:
        """Wait for the wrapper and return the lines between its first and last."""
        with process.stdout as stream:
            hello, *lines = list(ssh_wire.lines(iter(lambda: stream.read1(65536), b"")))
        process.wait(PATIENCE)
        assert hello == ssh_wire.HELLO
        if lines[-1:] == [ssh_wire.END]:
            lines.pop()
        return lines

    def say(self, *words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> list[bytes]:
        """Tell the wrapper something and return what it answers."""
        return self.told(self.start(*words, stdin=stdin, env=env))

    def performing(self, *operations: Operation, group: str = "d1", token: int = 1, env=None):
        """Begin a batch, and do not wait."""
        return self.start("perform", group, str(token), stdin=ssh_wire.batch(operations), env=env)

    def perform(self, *operations: Operation, group: str = "d1", token: int = 1, env=None) -> list[Record]:
        """Do a batch."""
        return self.heard(self.performing(*operations, group=group, token=token, env=env))

    def heard(self, process: subprocess.Popen[bytes]) -> list[Record]:
        """Wait for a batch that was begun."""
        return [ssh_wire.record(line) for line in self.told(process)]

    def record(self, id_: str, env: Mapping[str, str] | None = None) -> Record:
        """Read what is known of one operation."""
        (line,) = self.say("records", id_, env=env)
        return ssh_wire.record(line)

    def phases(self) -> dict[str, str]:
        """Return the phase that each operation has reached."""
        return dict(line.decode().split(" ") for line in self.say("list"))

    def leader(self, id_: str) -> int:
        """Wait until an operation has begun; return its process group."""
        begun = self.record_folder(id_) / "begun"
        until(begun.is_symlink, f"{id_} begins")
        return int(begun.readlink().name.split(":")[1])

    def end(self) -> None:
        """Leave nothing running."""
        for process in self.started:
            process.kill()
            process.stdout.close()
            process.wait(20)
        for begun in self.folder.glob("ops/*/begun"):
            with suppress(ProcessLookupError, IndexError):
                os.killpg(int(begun.readlink().name.split(":")[1]), signal.SIGKILL)


def alive(group: int) -> bool:
    """Say whether any process of a group lives."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, pgrp, *_ = path.read_text().rpartition(") ")[2].split()
            if int(pgrp) == group and state != "Z":
                return True
    return False


@pytest.fixture
def wrapped(tmp_path) -> Iterator[Wrapped]:
    """Give a wrapper in a new folder, impatient with what will not stop."""
    wrapper = Wrapped(tmp_path / "home", {"SHIPMATE_GRACE": "1"})
    yield wrapper
    wrapper.end()


def op(number: int, script: str = ":", seconds: float = 60) -> Operation:
    """Return an operation of the first deployment."""
    return Operation(f"d1.{number}.web1.1", script, timedelta(seconds=seconds))


def gated(home: Path, then: str = ":") -> str:
    """Return a script that notes its start, waits for a file, and does something."""
    return f"echo started >> {home}/notes; until [ -e {home}/gate ]; do sleep 0.05; done; {then}"


def noted(home: Path) -> list[str]:
    """Return what scripts have noted."""
    return (home / "notes").read_text().split() if (home / "notes").exists() else []


def claim(wrapped: Wrapped, operation: Operation, boot: str = "") -> None:
    """Leave what a wrapper leaves that dies right after its claim."""
    boot = boot or Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    folder = wrapped.record_folder(operation.id)
    folder.mkdir(parents=True)
    (folder / "claim").write_text(f"{boot}:4194303:1 d1 1 60\n")
    (folder / "script").write_text(operation.script)
    (folder / "output").touch()
