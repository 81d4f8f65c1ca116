"""The sandbox's hosts: real SSH servers on loopback with a web application behind each, and faults on demand."""

import fcntl
import http.client
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import asyncssh

from bot.sandbox.background import Background, Lasting
from bot.sandbox.machine import Machine, Spec
from bot.sandbox.ports import ADDRESS, kept_ports

NAMES = ("staging1", "web1", "web2")
BALANCER = "lb1"
_SILENT = -1
"""Instead of a status, where somebody takes the connection and does not answer in time."""
_RECORDS = 500
_RECORD_BYTES = 65_536


class Host:
    """One host, as the outside sees and troubles it."""

    def __init__(self, machine: Machine, background: Background) -> None:
        self._machine = machine
        self._background = background
        self.name = machine.spec.name
        self.address = ADDRESS
        self.user = machine.spec.user
        self.ssh_port = machine.spec.ssh_port
        self.port = machine.spec.port
        self.candidate_port = machine.spec.candidate_port
        self.home = machine.spec.home

    @property
    def serves(self) -> str | None:
        """Return the version that visitors get now; None when nobody answers."""
        return self._told("version")

    @property
    def serves_sha(self) -> str | None:
        """Return the SHA that visitors get now; None when nobody answers."""
        return self._told("sha")

    @property
    def is_healthy(self) -> bool:
        """Say whether the health route answers 200."""
        return self._get("/api/health")[0] == 200

    @property
    def health(self) -> str:
        """Return `healthy`, `sick`, `gone`, or `frozen` where nothing answers in time."""
        if not self.is_on:
            return "gone"
        status, _ = self._get("/api/health")
        return {200: "healthy", _SILENT: "frozen"}.get(status, "sick")

    @property
    def is_on(self) -> bool:
        """Say whether the host has power."""
        return self._machine.on

    @property
    def connections(self) -> int:
        """Return how many SSH connections are open."""
        return self._machine.wire.connections

    def drops_connections(self) -> None:
        """Cut every SSH connection; commands that run go on."""
        self._background.call(self._machine.drop_connections())

    def goes_away(self) -> None:
        """Lose power: ports are refused, and the application and every running command are gone."""
        self._background.call(self._machine.power_off())

    def comes_back(self) -> None:
        """Get power again: serve what `current` points at."""
        self._background.call(self._machine.power_on())

    def freezes(self) -> None:
        """Accept connections and answer nothing, on SSH and HTTP; every process stands still."""
        self._background.call(self._machine.freeze(True))

    def thaws(self) -> None:
        """Go on where it froze."""
        self._background.call(self._machine.freeze(False))

    def fills_its_disk(self, on: bool = True) -> None:
        """Let commands that begin from now on fail at every write to a file, and `df` say that nothing is left.

        It is a file size limit of nothing: programs see EFBIG ("File too large") where a full disk says ENOSPC. As on
        a full disk, files can still be made (empty), renamed and deleted, and pipes work. The application is spared.
        """
        self._background.call(self._machine.fill_disk(on))

    def changes_its_host_key(self) -> None:
        """Show another host key until the sandbox starts again; `known_hosts` keeps the old one."""
        self._background.call(self._machine.change_host_key(asyncssh.generate_private_key("ssh-ed25519")))

    def sick(self, on: bool = True) -> None:
        """Let the application's health answer 503 from now on, because its queue is gone; or let it be well."""
        self._background.call(self._machine.be_sick(on))

    def turns_sick_after(self, event: str) -> None:
        """Let the release that is activated next be sick on this host, and any other well.

        Raises:
            ValueError: the event is not `activate`.
        """
        if event != "activate":
            raise ValueError(f"a host turns sick after `activate`, not after `{event}`")
        self._background.call(self._machine.sicken_after_activation())

    def reads_records(self) -> dict[str, str]:
        """Return what lies below `app/.shipmate/ops`: paths, each with the beginning of what the file says."""
        root = self.home / "app" / ".shipmate" / "ops"
        return {str(path.relative_to(root)): _beginning(path) for path in _files(root)}

    def serves_on(self, port: int) -> str | None:
        """Return the version that one side answers; None when nobody does."""
        return self._told("version", port)

    def _told(self, field: str, port: int = 0) -> str | None:
        status, body = self._get("/api/version", port)
        if status != 200:
            return None
        try:
            return str(json.loads(body)[field])
        except (ValueError, KeyError):
            return None

    def _get(self, path: str, port: int = 0) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(ADDRESS, port or self._machine.supervisor.visited, timeout=2)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read(65_536)
        except TimeoutError:
            return _SILENT, b""
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()


class Hosts(Lasting):
    """All hosts of the sandbox, on a thread of their own between `start` and `stop`.

    The state directory keeps their files, keys and ports. Hosts whose names differ only in a number share a database.
    """

    def __init__(
        self, state_dir: Path, names: Sequence[str] = NAMES, *, user: str = "deploy", balanced: bool = False
    ) -> None:
        self._state = state_dir.resolve()
        self._names = tuple(names)
        self._balanced = balanced
        self._background = Background("sandbox-hosts")
        self._hosts: dict[str, Host] = {}
        self._machines: list[Machine] = []
        self._lock: IO[str] | None = None
        self.user = user
        self.known_hosts = self._state / "known_hosts"
        self.deploy_key = self._state / "keys" / "deploy"
        """The private key that may log in, in OpenSSH's format."""

    def start(self) -> None:
        """Start every host; those that served something before serve it again.

        Raises:
            RuntimeError: another sandbox uses the state directory.
        """
        if self._lock:
            return
        self._state.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self._state / "hosts.lock")
        self._background.start()
        try:
            self._build()
            for machine in self._machines:
                self._background.call(machine.power_on())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop every host; no process of theirs is left behind."""
        if not self._lock:
            return
        for machine in self._machines:
            self._background.call(machine.power_off())
        self._background.stop()
        self._machines, self._hosts = [], {}
        self._lock.close()
        self._lock = None

    def host(self, name: str) -> Host:
        """Return the host of that name; KeyError if there is none or nothing was started."""
        return self._hosts[name]

    @property
    def balancer(self) -> Host | None:
        """Return the host in front of production, where there is one."""
        return self._hosts.get(BALANCER)

    @property
    def production(self) -> list[Host]:
        """Return the hosts of production."""
        return [host for host in self if not host.name.startswith("staging")]

    def __iter__(self) -> Iterator[Host]:
        """Go through the hosts of the application."""
        return (host for host in self._hosts.values() if host.name != BALANCER)

    def _build(self) -> None:
        deploy_key = _key(self.deploy_key)
        names = (*self._names, BALANCER) if self._balanced else self._names
        ports = kept_ports(self._state / "hosts.json", names)
        lines = []
        for name in names:
            home = self._state / "hosts" / name
            host_key = _key(self._state / "keys" / f"host_{name}")
            database = self._state / "databases" / name.rstrip("0123456789-") / "app.db"
            servers = tuple((ADDRESS, host.port) for host in self.production) if name == BALANCER else ()
            spec = Spec(name, home, self.user, *ports[name], database, servers)
            machine = Machine(spec, deploy_key=deploy_key, host_key=host_key)
            self._machines.append(machine)
            self._hosts[name] = Host(machine, self._background)
            lines.append(f"[{ADDRESS}]:{spec.ssh_port} {_public(host_key)}\n")
        self.known_hosts.write_text("".join(lines), encoding="utf-8")


def _locked(path: Path) -> IO[str]:
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise RuntimeError(f"another sandbox uses {path.parent}: stop it, or choose another --state") from error
    return lock


def _key(path: Path) -> asyncssh.SSHKey:
    """Return the key in the file, which is made where it is missing, with its public half beside it."""
    if path.exists():
        return asyncssh.read_private_key(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = asyncssh.generate_private_key("ssh-ed25519", comment=path.name)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.export_private_key())
    key.write_public_key(path.with_suffix(".pub"))
    return key


def _public(key: asyncssh.SSHKey) -> str:
    algorithm, data = key.export_public_key().decode().split()[:2]
    return f"{algorithm} {data}"


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())[:_RECORDS] if root.is_dir() else []


def _beginning(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_RECORD_BYTES).decode(errors="replace")
    except OSError as error:
        return f"(unreadable: {error})"
