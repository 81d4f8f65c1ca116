"""OpenSSH's own sshd on the loopback, as the current user, with keys and a configuration of its own."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from deployers.environment import Host, Place

PROGRAM = shutil.which("sshd") or "/usr/sbin/sshd"


def needed() -> None:
    """Skip where there is no sshd; in CI that is a failure."""
    if not Path(PROGRAM).exists():
        if os.environ.get("CI"):
            pytest.fail("sshd is missing; install openssh-server")
        pytest.skip("there is no sshd here; install openssh-server to run this")


def key(path: Path) -> Path:
    """Make an ed25519 key pair."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def free_port() -> int:
    """Return a port of the loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Sshd:
    """One running sshd."""

    folder: Path
    port: int
    key_file: Path
    process: subprocess.Popen[bytes]
    address: str = "127.0.0.1"

    @property
    def host(self) -> Host:
        """Return the target that it serves."""
        return Host("web1", self.address, ssh_port=self.port)

    @property
    def known_hosts(self) -> Path:
        """Return the file in which its key is pinned."""
        return self.folder / "known_hosts"

    def place(self, path: str | Path = "") -> Place:
        """Return a place on it."""
        return Place(getuser(), str(path or self.folder / "app"), (self.host,), str(self.known_hosts))

    def pin(self, public: Path) -> None:
        """Pin a public key for it."""
        kind, text, *_ = public.read_text().split()
        self.known_hosts.write_text(f"[{self.address}]:{self.port} {kind} {text}\n")

    def connections(self) -> list[int]:
        """Return the process ids of the servers of single connections."""
        return descendants(self.process.pid)

    def hang_up(self) -> None:
        """Kill the server of every connection, as a network that breaks would look from here."""
        self.signal_connections(signal.SIGKILL)

    def signal_connections(self, number: int) -> None:
        """Send a signal to every sshd that serves a connection; one that ends in this moment needs none."""
        for pid in self.connections():
            with suppress(FileNotFoundError, ProcessLookupError):
                if Path(f"/proc/{pid}/comm").read_text().strip().startswith("sshd"):
                    os.kill(pid, number)


def descendants(pid: int) -> list[int]:
    """Return the process ids below one, parents first."""
    below = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(") ")[2].split()[1])
        except (OSError, IndexError):
            continue
        if parent == pid:
            child = int(path.parent.name)
            below += [child, *descendants(child)]
    return below


@contextmanager
def sshd(
    folder: Path,
    options: Mapping[str, str] | None = None,
    *,
    address: str = "127.0.0.1",
    within: Sequence[str] = (),
) -> Iterator[Sshd]:
    """Run an sshd below the folder until the block ends; `within` begins a command that runs the rest elsewhere."""
    needed()
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    client, host_key = key(folder / "client"), key(folder / "host")
    shutil.copy(f"{client}.pub", folder / "authorized_keys")
    settings = {
        "Port": str(port),
        "ListenAddress": address,
        "HostKey": str(host_key),
        "AuthorizedKeysFile": str(folder / "authorized_keys"),
        "PidFile": "none",
        "UsePAM": "no",
        "StrictModes": "no",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "UseDNS": "no",
        "SetEnv": f"HOME={folder}",  # so that nobody's .bashrc is run
        **(options or {}),
    }
    config = folder / "sshd_config"
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*within, PROGRAM, "-D", "-e", "-f", config], stderr=log, stdin=subprocess.DEVNULL)
    server = Sshd(folder, port, client, process, address)
    server.pin(Path(f"{host_key}.pub"))
    try:
        _listening(server)
        yield server
    finally:
        server.signal_connections(signal.SIGCONT)
        server.hang_up()
        process.terminate()
        process.wait(20)


def _listening(server: Sshd) -> None:
    until = monotonic() + 20
    while monotonic() < until and server.process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((server.address, server.port)) == 0:
                return
        Event().wait(0.05)
    raise AssertionError((server.folder / "log").read_text())
