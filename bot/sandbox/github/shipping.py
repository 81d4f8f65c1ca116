"""Brings a release to hosts as a deploy workflow does: packed, sent over SSH, and switched to in one rename."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Protocol

import asyncssh

from bot.sandbox.github.entities import Run

_CONNECTS, _TAKES = 5.0, 60.0
_KEPT = 5
_SCRIPT = """set -eu
mkdir -p app/releases app/shared/storage
cd app
rm -rf releases/{name}
mkdir releases/{name}
tar -xf - -C releases/{name}
printf '%s\\n' {sha} > releases/{name}/REVISION
rm -rf releases/{name}/storage
ln -s ../../shared/storage releases/{name}/storage
(cd releases/{name} && sh build.sh && python3 migrate.py)
ln -sfn releases/{name} current.next
mv -T current.next current
svc restart web
ls -1t releases | tail -n +{beyond} | while read -r old; do rm -rf "releases/$old"; done
"""


class Reachable(Protocol):
    """A host as a secret of the repository names it."""

    name: str
    address: str
    ssh_port: int


@dataclass(frozen=True, slots=True)
class Shipper:
    """Knows the repository, and how the hosts of one environment are reached."""

    repository: Path
    hosts: Sequence[Reachable]
    user: str
    key: Path
    known_hosts: Path

    async def ship(self, run: Run) -> tuple[bool, str]:
        """Bring the commit that the run was asked for to every host; return whether it serves, and what was printed."""
        sha = run.inputs.get("ref") or run.sha
        told: list[str] = []
        try:
            async with asyncio.timeout(_TAKES):
                packed = await self._packed(sha)
                script = _SCRIPT.format(name=f"{run.id}-{sha[:7]}", sha=quote(sha), beyond=_KEPT + 1)
                for host in self.hosts:
                    told.append(f"{host.name}: {sha[:12]}")
                    code, printed = await self._on(host, script, packed)
                    told += printed.splitlines()
                    if code:
                        return False, "\n".join((*told, f"{host.name}: exit {code}"))
        except (OSError, asyncssh.Error, RuntimeError) as error:
            return False, "\n".join((*told, f"it cannot be brought there: {error or type(error).__name__}"))
        return True, "\n".join(told)

    async def _packed(self, sha: str) -> bytes:
        words = ("git", "archive", "--format=tar", "--end-of-options", sha)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*words, cwd=self.repository, stdout=pipe, stderr=pipe)
        out, errors = await process.communicate()
        if process.returncode:
            raise RuntimeError(errors.decode(errors="replace").strip())
        return out

    async def _on(self, host: Reachable, script: str, given: bytes) -> tuple[int, str]:
        async with asyncssh.connect(
            host.address,
            host.ssh_port,
            username=self.user,
            client_keys=[str(self.key)],
            known_hosts=str(self.known_hosts),
            config=None,
            agent_path=None,
            connect_timeout=_CONNECTS,
        ) as connection:
            done = await connection.run(f"sh -c {quote(script)} 2>&1", input=given, encoding=None)
            printed = done.stdout or b""
            text = printed.decode(errors="replace") if isinstance(printed, bytes) else str(printed)
            return 255 if done.exit_status is None else done.exit_status, text
