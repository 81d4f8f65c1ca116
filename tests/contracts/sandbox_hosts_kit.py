"""How tests reach the sandbox's hosts: over SSH, by the key and the known hosts that the sandbox wrote."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from bot.sandbox.hosts import Host, Hosts
from bot.sandbox.repository import git_url, sha

PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a command."""

    exit_code: int | None
    stdout: bytes
    stderr: bytes

    @property
    def said(self) -> str:
        return self.stdout.decode().strip()


def connect(hosts: Hosts, host: Host, **other: Any):
    """Return an asyncssh connection to enter; nothing of this machine's own SSH configuration is read."""
    wanted = {
        "username": hosts.user,
        "client_keys": [str(hosts.deploy_key)],
        "known_hosts": str(hosts.known_hosts),
        "agent_path": None,
        "config": [],
        "connect_timeout": PATIENCE,
    }
    return asyncssh.connect(host.address, host.ssh_port, **(wanted | other))


def run(hosts: Hosts, name: str, command: str, given: bytes = b"") -> Ran:
    """Run a command on a host and return what became of it."""

    async def inside() -> Ran:
        async with connect(hosts, hosts.host(name)) as connection:
            done = await connection.run(command, input=given, encoding=None, timeout=PATIENCE)
            return Ran(done.exit_status, done.stdout, done.stderr)

    return asyncio.run(inside())


def unpack(hosts: Hosts, name: str, repository: Path, ref: str) -> str:
    """Put a release on a host, built and migrated but not switched to, and return its directory."""
    full = sha(repository, ref)
    done = run(
        hosts,
        name,
        f"""set -eu
        cd app; mkdir -p releases
        [ -d repo ] || git clone --quiet --mirror {git_url(repository)} repo
        rm -rf releases/{ref}; mkdir releases/{ref}
        git --git-dir=repo archive {full} | tar -x -C releases/{ref}
        echo {full} > releases/{ref}/REVISION
        ln -s "$PWD/shared/storage" releases/{ref}/storage
        cd releases/{ref}; python3 migrate.py""",
    )
    assert done.exit_code == 0, done
    return f"app/releases/{ref}"


def switch(hosts: Hosts, name: str, ref: str) -> Ran:
    """Point `current` at a release and restart the service."""
    return run(hosts, name, f"cd app && ln -s releases/{ref} next && mv -T next current && svc restart web")


def deploy(hosts: Hosts, name: str, repository: Path, ref: str) -> None:
    """Put a release on a host and serve it."""
    unpack(hosts, name, repository, ref)
    done = switch(hosts, name, ref)
    assert done.exit_code == 0, done


def eventually(holds: Callable[[], object], *, within: float = PATIENCE) -> bool:
    """Say whether something comes true before patience ends."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return bool(holds())
