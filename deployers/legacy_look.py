"""Looks on a target for backups that others made; reads names alone."""

from collections.abc import Callable
from datetime import timedelta

from deployers import legacy
from deployers.environment import Environment
from deployers.errors import DeployError
from deployers.ports import Remote

WITHIN = timedelta(seconds=20)


class OldBackups:
    """What others have left in an environment's folders for backups; implements `deployers.legacy.AskLegacy`."""

    def __init__(self, remote_for: Callable[[Environment], Remote]) -> None:
        self._remote_for = remote_for

    def __call__(self, environment: Environment) -> tuple[legacy.Old, ...]:
        if not environment.machines:
            return ()
        remote = self._remote_for(environment)
        try:
            answer = remote.ask(environment.machines[0], legacy.listing(_folders(environment)), deadline=WITHIN)
        except DeployError:
            return ()
        finally:
            remote.close()
        return legacy.read(answer.output)


def _folders(environment: Environment) -> tuple[str, ...]:
    usual = environment.backup.directory if environment.backup else f"/var/backups/{environment.app.lower()}"
    shared = (f"{environment.place.path}/shared/storage/backups",) if environment.place else ()
    return tuple(folder.removeprefix("~/") for folder in (usual, *shared))
