"""One sandbox host from the inside: its SSH server, its services and what can go wrong with them; lives on one loop."""

import asyncio
import signal
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncssh

from bot.sandbox import host_bin, processes, yesterday
from bot.sandbox.balancing import Balancing
from bot.sandbox.ssh_server import Account, SshServer
from bot.sandbox.supervisor import Supervisor
from bot.sandbox.wire import Wire

_LOOKS_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class Spec:
    """What a host is called, where it lives and which ports are its own."""

    name: str
    home: Path
    user: str
    ssh_port: int
    port: int
    candidate_port: int
    database: Path
    """The database that the hosts of one fleet share."""
    servers: tuple[tuple[str, int], ...] = ()
    """What visitors are sent to, where the host is a balancer."""

    @property
    def mark(self) -> str:
        """Return what the environment of every process of the host says."""
        return str(self.home)


class Machine:
    """Runs one host."""

    def __init__(self, spec: Spec, *, deploy_key: asyncssh.SSHKey, host_key: asyncssh.SSHKey) -> None:
        environment = _environment(spec)
        account = Account(spec.user, deploy_key, spec.home, environment, (spec.port, spec.candidate_port))
        self.spec = spec
        self.ssh = SshServer(account, host_key)
        self.wire = Wire(spec.ssh_port, self.ssh.serve)
        self.supervisor = _services(spec, environment)
        self.on = False
        self._sick = False
        self._before: str | None = None
        self._sick_release: str | None = None
        self._looking: asyncio.Task[None] | None = None

    async def power_on(self) -> None:
        """Start the services and listen."""
        if self.on:
            return
        processes.kill_all(self.spec.mark)
        _furnish(self.spec)
        await self.supervisor.start()
        await self.wire.listen()
        self.on = True

    async def power_off(self) -> None:
        """Lose power: every process dies and every port is refused."""
        if not self.on:
            return
        self.on = False
        await self._stop_looking()
        self.wire.freeze(False)
        await self.supervisor.stop()
        processes.kill_all(self.spec.mark)
        await self.wire.close()
        await self.ssh.stop()

    async def drop_connections(self) -> None:
        """Cut every SSH connection; what runs goes on."""
        self.wire.cut()

    async def freeze(self, on: bool) -> None:
        """Accept connections and answer nothing, with every process stopped where it is; or go on."""
        self.wire.freeze(on)
        processes.send(self.spec.mark, signal.SIGSTOP if on else signal.SIGCONT)

    async def fill_disk(self, on: bool) -> None:
        """Let every write to a file fail in commands that begin from now on."""
        self.ssh.disk_full = on
        mark = self.spec.home / "run" / host_bin.FULL
        if on:
            mark.touch()
        else:
            mark.unlink(missing_ok=True)

    async def change_host_key(self, key: asyncssh.SSHKey) -> None:
        """Show another key from now on, as a host that was reinstalled does."""
        self.ssh.host_key = key
        self.wire.cut()

    async def be_sick(self, on: bool) -> None:
        """Take the queue away that the application's health asks for, or bring it back."""
        self._sick = on
        if not on:
            await self._stop_looking()
            self._before = self._sick_release = None
        await self.supervisor.queue_runs(not on)

    async def sicken_after_activation(self) -> None:
        """Be sick while the next release that `current` points at is served, and well with any other."""
        await self._stop_looking()
        self._before, self._sick_release = self._served(), None
        self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            await self._judge()
            await asyncio.sleep(_LOOKS_EVERY)

    async def _judge(self) -> None:
        served = self._served()
        if self._sick_release is None and served not in {None, self._before}:
            self._sick_release = served
        sick = self._sick or (self._sick_release is not None and served == self._sick_release)
        await self.supervisor.queue_runs(not sick)

    async def _stop_looking(self) -> None:
        if self._looking:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking
            self._looking = None

    def _served(self) -> str | None:
        try:
            return str(self.supervisor.current.readlink())
        except OSError:
            return None


def _services(spec: Spec, environment: dict[str, str]) -> Supervisor | Balancing:
    if spec.servers:
        return Balancing(spec.home, port=spec.port, servers=spec.servers, environment=environment)
    return Supervisor(spec.home, port=spec.port, command=host_bin.service_command(), environment=environment)


def _environment(spec: Spec) -> dict[str, str]:
    return {
        "HOME": str(spec.home),
        "USER": spec.user,
        "LOGNAME": spec.user,
        "SHELL": "/bin/sh",
        "PATH": host_bin.search_path(spec.home),
        "HOSTNAME": spec.name,
        "LANG": "C.UTF-8",
        "TMPDIR": str(spec.home / "tmp"),
        processes.MARK: spec.mark,
    }


def _furnish(spec: Spec) -> None:
    """Put what an operator would into the host's home: commands, directories, and the way to the database."""
    for place in (spec.home / "run", spec.home / "log", spec.home / "tmp"):
        place.mkdir(parents=True, exist_ok=True)
    (spec.home / "run" / host_bin.FULL).unlink(missing_ok=True)
    host_bin.install(spec.home, spec.name)
    if not spec.servers:
        _furnish_application(spec)


def _furnish_application(spec: Spec) -> None:
    storage = spec.home / "app" / "shared" / "storage"
    for place in (storage, spec.database.parent):
        place.mkdir(parents=True, exist_ok=True)
    if spec.name == "web1":
        yesterday.log(storage / "app.log", datetime.now(UTC))
        yesterday.backups(spec.home / "backups", datetime.now(UTC))
    link = storage / "app.db"
    if not link.is_symlink() and not link.exists():
        link.symlink_to(spec.database)
