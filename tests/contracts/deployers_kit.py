"""Both deployers over what they reach for real, with a cable in between that can be cut."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Protocol

from bot.sandbox.github.entities import Run, Task
from bot.sandbox.repository import sha
from deployers.environment import GITHUB, Host
from deployers.github_api import Door
from deployers.github_remote import GitHubRemote
from deployers.github_runs import Runs
from deployers.ports import Operation, Remote
from deployers.ssh import SshRemote
from deployers.ssh_line import Patience
from tests.contracts.github_kit import INPUTS, REPOSITORY, TOKEN, Clock, github
from tests.contracts.remote_asyncssh import Small, small
from tests.system.sshd import Sshd, sshd

MARK = "d1-1795543195"
LAST_WORDS = "the last thing that it said"


class Cable:
    """A port of the loopback behind which another one lies, until somebody cuts it."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._whole = True
        self._ends: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._threads = [Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Break every connection, and take no other."""
        self._whole = False
        for end in tuple(self._ends):
            _shut(end)

    def mend(self) -> None:
        """Take connections again."""
        self._whole = True

    def close(self) -> None:
        """Be gone."""
        self.cut()
        _shut(self._door)
        for thread in self._threads:
            thread.join(20)
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                end, _ = self._door.accept()
                link = Thread(target=self._link, args=(end,), daemon=True)
                self._threads.append(link)
                link.start()

    def _link(self, ours: socket.socket) -> None:
        with ours:
            if not self._whole:
                return
            with socket.create_connection(("127.0.0.1", self._to)) as theirs:
                self._ends += [ours, theirs]
                back = Thread(target=_carry, args=(theirs, ours), daemon=True)
                back.start()
                _carry(ours, theirs)
                back.join(20)
                self._ends.remove(ours)
                self._ends.remove(theirs)


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    _shut(source)
    _shut(sink)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


class Outside(Protocol):
    """What a deployer reaches, and what is seen there."""

    host: Host
    cable: Cable

    def remote(self) -> Remote:
        """Return a deployer as a process that has just started has it."""
        ...

    def step(self, number: int, how: str, deadline: timedelta = ...) -> Operation:
        """Return a step that goes `well`, is `bad`, `talks` without end and is bad, or is `held` until `finish`."""
        ...

    def begun(self, number: int) -> int:
        """Return how often a step has begun."""
        ...

    def runs(self, number: int) -> bool:
        """Say whether a step goes on."""
        ...

    def finish(self) -> None:
        """Let go of what is held."""
        ...


@dataclass
class OverSsh:
    """A host over SSH, with the wrapper on it."""

    server: Small | Sshd
    folder: Path
    cable: Cable
    host: Host = field(init=False)

    def __post_init__(self) -> None:
        self.host = Host("web1", "127.0.0.1", ssh_port=self.cable.port)
        self._place = replace(self.server.place(), hosts=(self.host,))
        pinned = Path(self._place.known_hosts)
        pinned.write_text(pinned.read_text().replace(f":{self.server.port} ", f":{self.cable.port} "))

    def remote(self) -> Remote:
        return SshRemote(self._place, key_file=str(self.server.key_file), patience=Patience(mend=1))

    def step(self, number: int, how: str, deadline: timedelta = timedelta(minutes=1)) -> Operation:
        does = {
            "well": "echo fine",
            "bad": f"echo {LAST_WORDS}; exit 3",
            "talks": f"seq 40000; echo {LAST_WORDS}; exit 3",
            "held": f"while [ ! -e {self.folder}/go ]; do echo x >> {self._file(number)}.lives; sleep 0.02; done",
        }[how]
        return Operation(f"{MARK}.{number}.web1.1", f"echo x >> {self._file(number)}; {does}", deadline)

    def begun(self, number: int) -> int:
        file = self._file(number)
        return len(file.read_text().split()) if file.exists() else 0

    def runs(self, number: int) -> bool:
        file = Path(f"{self._file(number)}.lives")
        before = file.stat().st_size
        Event().wait(0.2)
        return file.stat().st_size > before

    def finish(self) -> None:
        (self.folder / "go").touch()

    def _file(self, number: int) -> Path:
        return self.folder / f"step{number}"


@dataclass
class OverGitHub:
    """A workflow on GitHub; its clock is moved on by whoever waits."""

    server: object
    commit: str
    cable: Cable
    host: Host = GITHUB

    def __post_init__(self) -> None:
        self.hub = self.server.hub  # type: ignore[attr-defined]
        self._clock: Clock = self.hub.clock
        for how, task in {
            "well": Task("ship", 3),
            "bad": Task("ship", 3, ("Get", "Ship"), fails_at="Ship", log=LAST_WORDS),
            "talks": Task("ship", 3, ("Get", "Ship"), fails_at="Ship", log=f"{'x' * 200_000}\n{LAST_WORDS}"),
            "held": Task("ship", 100_000),
        }.items():
            self.hub.add_workflow(f"{how}.yml", task, inputs=INPUTS, run_name="Deploy {operation}")

    def remote(self) -> Remote:
        door = Door(REPOSITORY, TOKEN, f"http://127.0.0.1:{self.cable.port}", patience=2)
        return GitHubRemote(Runs(door, self._clock, self._pause))

    def step(self, number: int, how: str, deadline: timedelta = timedelta(minutes=1)) -> Operation:
        inputs = {"environment": "staging", "ref": self.commit}
        asked = {"workflow": f"{how}.yml", "ref": "v2.3", "sha": self.commit, "inputs": inputs}
        return Operation(
            f"{MARK}.{number}.github.1", json.dumps(asked), deadline, intended_at=datetime.now(UTC) + self._clock.ahead
        )

    def begun(self, number: int) -> int:
        return len(self._of(number))

    def runs(self, number: int) -> bool:
        return any(self.hub.progress(run).status != "completed" for run in self._of(number))

    def finish(self) -> None:
        self._clock.passes(100_000)

    def _of(self, number: int) -> list[Run]:
        mark = f"{MARK}.{number}."
        return [run for run in list(self.hub.runs) if run.inputs["operation"].startswith(mark)]

    def _pause(self, seconds: float) -> None:
        for run in self.hub.runs:
            run.stop_seconds = 5.0
        Event().wait(0.02)
        self._clock.passes(seconds)


@contextmanager
def over_ssh(folder: Path, kind: Callable[..., object] = small) -> Iterator[Outside]:
    """Give a host behind a small SSH server, or behind OpenSSH's own."""
    with kind(folder / "server") as server:  # type: ignore[attr-defined]
        cable = Cable(server.port)
        yield OverSsh(server, folder, cable)
        cable.close()


@contextmanager
def over_openssh(folder: Path) -> Iterator[Outside]:
    """Give a host behind OpenSSH's own server."""
    with over_ssh(folder, sshd) as outside:
        yield outside


@contextmanager
def over_github(folder: Path) -> Iterator[Outside]:
    """Give a workflow on the sandbox's GitHub."""
    with github(folder, clock=Clock()) as server:
        cable = Cable(server.port)
        yield OverGitHub(server, sha(folder / "repository.git", "v2.3"), cable)
        cable.close()
