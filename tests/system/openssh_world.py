"""The sandbox's world with OpenSSH's own sshd in front of every host."""

import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from shlex import quote
from typing import Self

from bot.sandbox.configuration import configuration
from bot.sandbox.host_bin import search_path
from bot.sandbox.hosts import Host
from bot.sandbox.repository import git_url
from bot.sandbox.world import Tuning, World
from tests.system.sshd import Sshd, sshd


@dataclass(frozen=True, slots=True)
class Fronted:
    """A sandbox host as the configuration names it: reached through sshd."""

    name: str
    address: str
    ssh_port: int
    port: int
    candidate_port: int


class OpenSshWorld(World):
    """Hosts with the sandbox's homes and services, reached through sshd with host keys of their own."""

    def __init__(self, state: Path, tuning: Tuning) -> None:
        super().__init__(state, tuning)
        self.servers: dict[str, Sshd] = {}
        self._sshds = ExitStack()

    def __exit__(self, *raised: object) -> None:
        """Stop the world, then its sshds."""
        try:
            super().__exit__(None, None, None)
        finally:
            self._sshds.close()

    def __enter__(self) -> Self:
        """Start everything; the sshds are started when the configuration is written."""
        try:
            return super().__enter__()
        except BaseException:
            self._sshds.close()
            raise

    def _write_configuration(self) -> None:
        fronted = [self._fronted(host) for host in self.hosts]
        pinned = self.state / "openssh_known_hosts"
        pinned.write_text("".join(server.known_hosts.read_text() for server in self.servers.values()))
        text = configuration(git_url(self.repository), fronted, self.tuning.pace, user=getuser(), known_hosts=pinned)
        (self.state / "shipmate.toml").write_text(text, encoding="utf-8")

    def _fronted(self, host: Host) -> Fronted:
        # SetEnv gives the host its home and PATH; the forced command gives it its login directory.
        home = quote(str(host.home))
        options = {
            "SetEnv": f'HOME={host.home} "PATH={search_path(host.home)}"',
            "ForceCommand": f'cd {home} && exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"',
            "LogLevel": "VERBOSE",
        }
        server = self._sshds.enter_context(sshd(self.state / "sshd" / host.name, options))
        deploy_key = subprocess.run(
            ["ssh-keygen", "-y", "-f", self.hosts.deploy_key], check=True, capture_output=True, text=True
        )
        (server.folder / "authorized_keys").write_text(deploy_key.stdout)
        self.servers[host.name] = server
        return Fronted(host.name, server.host.address, server.port, host.port, host.candidate_port)
