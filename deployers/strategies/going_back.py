"""Going back: the old release is on the targets already, so the link, the services and a look are enough."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from deployers.colours import has_colours
from deployers.environment import Environment
from deployers.plan import (
    Activate,
    Build,
    ColourStart,
    MaintenanceOff,
    MaintenanceOn,
    MigrateBack,
    Prepare,
    Restart,
    Step,
    Verify,
    WorkersStart,
    WorkersStop,
)
from deployers.strategies.rolling import put_in, taken_out, waves


def going_back(
    environment: Environment,
    migrations: Sequence[str],
    *,
    targets: tuple[str, ...] = (),
    ceremony: bool = True,
    undoing: MigrateBack | None = None,
) -> Iterator[Step]:
    """Yield the steps of a rollback on all targets at once; without ceremony nothing is done before the switch.

    Where migrations are taken back, that happens while nobody is let in and no worker works, before the switch. A host
    that lost the old release gets it again (`prepare` and `build` do nothing where it is complete).
    """
    recipe = environment.recipe
    everyone = targets or tuple(host.name for host in environment.hosts)
    yield Prepare(everyone)
    if recipe.build:
        yield Build(everyone)
    if ceremony and recipe.keeps_out:
        yield MaintenanceOn(everyone)
    if undoing:
        yield from ((WorkersStop(everyone),) if recipe.workers_stop else ())
        yield undoing
    yield from _switched(environment, everyone)
    if undoing:
        yield from ((WorkersStart(everyone),) if recipe.workers_start else ())
    if recipe.lets_in:
        yield MaintenanceOff(everyone)
    if environment.health:
        yield Verify(everyone, hold=timedelta(0))


def going_back_in_turn(
    environment: Environment, migrations: Sequence[str], *, targets: tuple[str, ...] = ()
) -> Iterator[Step]:
    """Yield the steps of a rollback behind a balancer: hosts are taken out, switched, and put in again.

    Targets that are few enough to be away together, as after a first batch that failed, go back in one go.
    """
    recipe, everyone = environment.recipe, targets or tuple(host.name for host in environment.hosts)
    turns = waves(environment, everyone)
    if targets and len(targets) <= len(waves(environment)[0]):
        turns = (targets,)
    yield Prepare(everyone)
    if recipe.build:
        yield Build(everyone)
    for wave in turns:
        yield from taken_out(environment, wave)
        yield from _switched(environment, wave)
        if recipe.lets_in:
            yield MaintenanceOff(wave)
        yield from put_in(environment, wave)
    if environment.health:
        yield Verify(everyone, hold=timedelta(0))


def _switched(environment: Environment, targets: tuple[str, ...]) -> Iterator[Step]:
    if has_colours(environment):
        yield ColourStart(targets)
    yield Activate(targets)
    if environment.recipe.restart:
        yield Restart(targets)
