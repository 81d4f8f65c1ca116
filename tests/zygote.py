"""Starts `shipmate` from a process that has read its code in already: tests start it hundreds of times.

What is started is a process of its own all the same: it can be killed, frozen and waited for. `python -m tests.zygote`
is the process that it is split off from.
"""

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from bot.sandbox.bot_process import Wanted

ROOT = Path(__file__).resolve().parent.parent
MOST = 256 * 1024
KNOWN = ("bot.__main__", "bot.app", "bot.process", "bot.console", "bot.checking", "deployers.ssh", "storage.store")


@dataclass
class Forked:
    """A process that was split off; what `subprocess.Popen` would be."""

    pid: int
    _line: socket.socket
    _code: int | None = None

    def poll(self) -> int | None:
        """Return its exit code; None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, and return its exit code."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"shipmate (pid {self.pid})", timeout or 0)
        return code

    def send_signal(self, sig: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def _ended(self, seconds: float | None) -> int | None:
        if self._code is None and select.select([self._line], [], [], seconds)[0]:
            self._code = int(self._line.recv(64) or -signal.SIGKILL)
            self._line.close()
        return self._code


@contextmanager
def zygote() -> Iterator["Zygote"]:
    """Have such a process while the context lasts; whatever was started from it ends with it."""
    with tempfile.TemporaryDirectory(prefix="zygote-") as folder:
        where = str(Path(folder) / "door")
        with subprocess.Popen(
            [sys.executable, "-m", "tests.zygote", where],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            if process.stdin is None or process.stdout is None or process.stdout.readline() != b"ready\n":
                raise RuntimeError("the zygote did not come up")
            yield Zygote(where)
            process.stdin.close()


@dataclass(frozen=True, slots=True)
class Zygote:
    """A `Launch` that splits processes off."""

    door: str

    def __call__(self, wanted: Wanted) -> Forked:
        """Start one."""
        line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line.connect(self.door)
        asked = {"words": [*wanted.words], "folder": str(wanted.folder), "variables": dict(wanted.variables)}
        socket.send_fds(line, [json.dumps(asked).encode()], [wanted.out.fileno(), wanted.err.fileno()])
        return Forked(int(line.recv(64)), line)


class _Mother:
    """The process that others are split off from; it has one thread, and opens nothing."""

    def __init__(self, door: str) -> None:
        self._children: dict[int, socket.socket] = {}
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._door.bind(door)
        self._door.listen(64)
        self._bell, rings = socket.socketpair()
        self._rings = rings
        rings.setblocking(False)
        signal.set_wakeup_fd(rings.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)

    def lives(self) -> bool:
        """Split off whoever is asked for; return True in each of them, and False once nobody needs it any more."""
        while True:
            ready, _, _ = select.select([self._door, self._bell, sys.stdin], [], [])
            if sys.stdin in ready:
                for pid in self._children:
                    os.kill(pid, signal.SIGKILL)
                return False
            if self._bell in ready:
                self._bell.recv(4096)
                self._bury()
            if self._door in ready and self._splits():
                return True

    def _bury(self) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                line = self._children.pop(ended[0])
                with suppress(OSError):
                    line.send(str(os.waitstatus_to_exitcode(ended[1])).encode())
                line.close()

    def _splits(self) -> bool:
        line, _ = self._door.accept()
        said, outputs, _, _ = socket.recv_fds(line, MOST, 2)
        pid = os.fork()
        if pid == 0:
            self._becomes(json.loads(said), outputs, line)
            return True
        for descriptor in outputs:
            os.close(descriptor)
        self._children[pid] = line
        line.send(str(pid).encode())
        return False

    def _becomes(self, asked: dict[str, object], outputs: list[int], line: socket.socket) -> None:
        """Be what was asked for, with nothing of the mother's own left."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for one in (line, self._door, self._bell, self._rings, *self._children.values()):
            one.close()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for descriptor, number in zip((nothing, *outputs), (0, 1, 2), strict=True):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.chdir(str(asked["folder"]))
        os.environ.clear()
        os.environ.update(asked["variables"])  # type: ignore[call-overload]
        sys.argv = ["shipmate", *asked["words"]]  # type: ignore[misc]


def _main(door: str) -> None:
    for name in KNOWN:
        import_module(name)
    gc.freeze()
    mother = _Mother(door)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if mother.lives():
        import_module("bot.__main__").main()


if __name__ == "__main__":
    _main(sys.argv[1])
