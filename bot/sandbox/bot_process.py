"""The bot as the sandbox runs it: a real process that can be killed, frozen and started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Protocol


class Started(Protocol):
    """A process that was started, as `subprocess.Popen` is."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be started: `shipmate` with these words."""

    words: Sequence[str]
    folder: Path
    variables: Mapping[str, str]
    out: IO[bytes]
    err: IO[bytes]


Launch = Callable[[Wanted], Started]


def launched(wanted: Wanted) -> Started:
    """Start a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *wanted.words],
        cwd=wanted.folder,
        env=wanted.variables,
        stdout=wanted.out,
        stderr=wanted.err,
        stdin=subprocess.DEVNULL,
    )


class BotProcess:
    """One bot; its log goes to a file in the state directory."""

    def __init__(
        self, folder: Path, variables: Mapping[str, str], verb: str = "run", *, launch: Launch = launched
    ) -> None:
        self._folder = folder
        self._variables = dict(variables)
        self._verb = verb
        self._launch = launch
        self._process: Started | None = None
        self._log: IO[bytes] | None = None

    @property
    def log(self) -> Path:
        """Return the file that the bot writes its log to."""
        return self._folder / "bot.log"

    @property
    def variables(self) -> Mapping[str, str]:
        """Return the environment that the bot, and any command line beside it, runs with."""
        return {**_few(os.environ), **self._variables}

    @property
    def pid(self) -> int:
        """Return the process's id; 0 when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    @property
    def runs(self) -> bool:
        """Say whether the process is there."""
        return self.pid > 0

    def start(self) -> None:
        """Start the bot unless it runs."""
        if self.runs:
            return
        self._close_log()
        self._log = self.log.open("ab")
        self._process = self._launch(Wanted((self._verb,), self._folder, self.variables, self._log, self._log))

    def kill(self) -> None:
        """Kill it as a power cut would: no clean-up of any kind."""
        self._send(signal.SIGKILL)
        self._reap()

    def freeze(self) -> None:
        """Stop it from doing anything, without it noticing."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on where it stood still."""
        self._send(signal.SIGCONT)

    def stop(self, *, seconds: float = 15) -> int:
        """Ask it to stop, as a service manager does, and return its exit code; -9 when it had to be killed."""
        self._send(signal.SIGCONT)
        self._send(signal.SIGTERM)
        try:
            return self._process.wait(seconds) if self._process else 0
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL
        finally:
            self._close_log()

    def ask(self, *words: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run `shipmate` on the command line beside the bot, with the same configuration."""
        with TemporaryFile() as out, TemporaryFile() as err:
            started = self._launch(Wanted(words, self._folder, self.variables, out, err))
            try:
                code = started.wait(seconds)
            except subprocess.TimeoutExpired:
                started.send_signal(signal.SIGKILL)
                started.wait(10)
                raise
            return subprocess.CompletedProcess(words, code, _read(out), _read(err))

    def _send(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _reap(self) -> None:
        if self._process:
            self._process.wait(10)

    def _close_log(self) -> None:
        if self._log:
            self._log.close()
            self._log = None


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _few(variables: Mapping[str, str]) -> dict[str, str]:
    """Return what a process needs of ours: nothing that could point the bot elsewhere."""
    kept = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "COVERAGE_PROCESS_START", "PYTHONPATH")
    return {name: variables[name] for name in kept if name in variables}
