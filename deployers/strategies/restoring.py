"""Restoring: what lies in a backup serves again; a database is filled beside the one in use, and swapped in last."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from deployers.colours import has_colours
from deployers.environment import Environment
from deployers.plan import (
    Activate,
    Backup,
    Build,
    ColourStart,
    MaintenanceOff,
    MaintenanceOn,
    Prepare,
    Restart,
    Restore,
    Step,
    SwapDatabase,
    Verify,
    WorkersStart,
    WorkersStop,
)

STRATEGY = "restore"


@dataclass(frozen=True, slots=True)
class Restoration:
    """Which backup is restored, and how much of it; part of what is agreed to."""

    backup: str
    """`backup-YYYYMMDD-HHMMSS`."""
    host: str
    """The target on which it lies."""
    sha256: str
    """The digest that it must have."""
    database: bool = False
    """Whether its database takes the place of the one in use."""
    checks_health: bool = True
    undoes: str = ""
    """For an undoing: the name of the backup that was made before the restore that is undone."""

    def document(self) -> dict[str, Any]:
        """Return it as JSON-ready data; `read` is its inverse."""
        return asdict(self)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Restoration":
        """Return what was written as this document."""
        return cls(**document)


def restoring(environment: Environment, restores: Restoration) -> Iterator[Step]:
    """Yield the steps of a restore.

    A fresh backup comes first wherever data is touched. Nobody notices anything before `MaintenanceOn`; from there to
    `MaintenanceOff` it is a rename of the database and a switch of the release.
    """
    everyone = tuple(host.name for host in environment.machines)
    if not restores.undoes:
        if restores.database:
            yield Backup((restores.host,))
        yield Restore((restores.host,))
    yield Prepare(everyone)
    if environment.recipe.build:
        yield Build(everyone)
    yield from _switch(environment, restores, everyone)
    if environment.health and restores.checks_health:
        yield Verify(everyone, hold=timedelta(0))


def _switch(environment: Environment, restores: Restoration, everyone: tuple[str, ...]) -> Iterator[Step]:
    recipe = environment.recipe
    ask = (recipe.maintenance_on, recipe.maintenance_off) if restores.database else (recipe.keeps_out, recipe.lets_in)
    keeps_out, lets_in = ask
    if keeps_out:
        yield MaintenanceOn(everyone)
    if restores.database:
        if recipe.workers_stop:
            yield WorkersStop(everyone)
        yield SwapDatabase((restores.host,))
    if has_colours(environment):
        yield ColourStart(everyone)
    yield Activate(everyone)
    if recipe.restart:
        yield Restart(everyone)
    if restores.database and recipe.workers_start:
        yield WorkersStart(everyone)
    if lets_in:
        yield MaintenanceOff(everyone)
