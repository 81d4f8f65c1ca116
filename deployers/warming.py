"""Connections opened ahead of time: while somebody reads a question, the targets are reached already."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Thread

from deployers.environment import Environment, Host
from deployers.errors import DeployError
from deployers.ports import Remote

Warm = Callable[[Environment], None]
"""Reaches an environment's targets in the background; never waits, never raises."""
MOST = 10


def stay_cold(environment: Environment) -> None:
    """Reach nobody, where nothing is kept open."""


class Warming:
    """Opens connections over a remote whose closing leaves them for whoever comes next."""

    def __init__(self, remote_for: Callable[[Environment], Remote]) -> None:
        self._remote_for = remote_for

    def __call__(self, environment: Environment) -> None:
        if environment.deployer == "ssh" and environment.machines:
            Thread(target=self._reach, args=(environment,), name="warming", daemon=True).start()

    def _reach(self, environment: Environment) -> None:
        remote = self._remote_for(environment)
        try:
            with ThreadPoolExecutor(min(MOST, len(environment.machines))) as pool:
                list(pool.map(lambda host: _touch(remote, host), environment.machines))
        finally:
            remote.close()


def _touch(remote: Remote, host: Host) -> None:
    # Whoever cannot be reached now is told of when it counts.
    with suppress(DeployError):
        remote.ask(host, ":")
