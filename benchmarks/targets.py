"""Targets of one machine: an sshd for each, with an address, a host key, a host name and a folder of its own.

Each sshd stands in a mount namespace in which its own folder lies at the same path as everybody's (needs root).
"""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from shlex import quote

from benchmarks.kit import until
from benchmarks.usage import family

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
_CONFIG = """\
ListenAddress {address}
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {client}.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
UseDNS no
MaxStartups 200
SetEnv HOME={home}
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True, slots=True)
class Target:
    """One target as tools name it."""

    name: str
    address: str
    port: int
    process: "subprocess.Popen[bytes]"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Targets that are up, and how one gets to them."""

    folder: Path
    targets: tuple[Target, ...]

    @property
    def key_file(self) -> Path:
        """Return the private key that lets us in."""
        return self.folder / "client_key"

    @property
    def known_hosts(self) -> Path:
        """Return the file in which every host key is pinned."""
        return self.folder / "known_hosts"

    @property
    def home(self) -> Path:
        """Return the path that is every target's own."""
        return self.folder / "home"

    @property
    def user(self) -> str:
        """Return who logs in."""
        return getuser()

    def hang_up(self) -> None:
        """Cut every connection."""
        for target in self.targets:
            for pid in family(target.process.pid)[1:]:
                with suppress(ProcessLookupError, FileNotFoundError):
                    if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").startswith("sshd"):
                        os.kill(pid, signal.SIGKILL)


def missing(count: int) -> str:
    """Return why there can be no such fleet here, with what to install; nothing when there can."""
    if not Path(SSHD).exists() or not shutil.which("ssh"):
        return "OpenSSH is missing: apt install openssh-server openssh-client"
    if count > 1 and (os.geteuid() != 0 or not shutil.which("unshare")):
        return "more than one target needs root and unshare, for a namespace each"
    return ""


@contextmanager
def fleet(folder: Path, count: int) -> Iterator[Fleet]:
    """Run so many targets below a folder until the block ends."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    _key(folder / "client_key")
    (folder / "home").mkdir()
    running: list[Target] = []
    try:
        port = _port()
        running += [_started(folder, number, port) for number in range(1, count + 1)]
        made = Fleet(folder, tuple(running))
        made.known_hosts.write_text("".join(_pin(folder, target) for target in running), encoding="utf-8")
        for target in running:
            until(lambda target=target: _listens(target), 30, f"the sshd of {target.name}")
        yield made
    finally:
        Fleet(folder, tuple(running)).hang_up()
        for target in running:
            target.process.terminate()
        for target in running:
            target.process.wait(20)


def _started(folder: Path, number: int, port: int) -> Target:
    name, address = f"host{number}", f"127.0.1.{number}" if os.geteuid() == 0 else "127.0.0.1"
    own, home = folder / name, folder / "home"
    (own / "home").mkdir(parents=True)
    _key(own / "host_key")
    text = _CONFIG.format(address=address, port=port, folder=own, client=folder / "client_key", home=home)
    (own / "sshd_config").write_text(text, encoding="utf-8")
    with (own / "log").open("wb") as log:
        process = subprocess.Popen(_words(own, home, name), stderr=log, stdin=subprocess.DEVNULL)
    return Target(name, address, port, process)


def _words(own: Path, home: Path, name: str) -> Sequence[str]:
    daemon = f"{quote(SSHD)} -D -e -f {quote(str(own / 'sshd_config'))}"
    if os.geteuid() != 0:
        shutil.rmtree(own / "home")
        (own / "home").symlink_to(home)
        return ["sh", "-c", f"exec {daemon}"]
    script = f"mount --bind {quote(str(own / 'home'))} {quote(str(home))} && hostname {name} && exec {daemon}"
    return ["unshare", "-m", "-u", "sh", "-c", script]


def _pin(folder: Path, target: Target) -> str:
    kind, text, *_ = (folder / target.name / "host_key.pub").read_text(encoding="utf-8").split()
    return f"[{target.address}]:{target.port} {kind} {text}\n"


def _key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(target: Target) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((target.address, target.port)) == 0
