"""Going back: the old release is on the targets already, so the link, the services and a look are enough."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from deployers.environment import Environment
from deployers.plan import Activate, Build, MaintenanceOff, MaintenanceOn, Prepare, Restart, Step, Verify


def going_back(
    environment: Environment,
    migrations: Sequence[str],
    *,
    targets: tuple[str, ...] = (),
    ceremony: bool = True,
) -> Iterator[Step]:
    """Yield the steps of a rollback on all targets at once; without ceremony nothing is done before the switch.

    A host that lost the old release gets it again (`prepare` and `build` do nothing where it is complete).
    """
    recipe = environment.recipe
    everyone = targets or tuple(host.name for host in environment.hosts)
    yield Prepare(everyone)
    if recipe.build:
        yield Build(everyone)
    if ceremony and recipe.keeps_out:
        yield MaintenanceOn(everyone)
    yield Activate(everyone)
    if recipe.restart:
        yield Restart(everyone)
    if recipe.lets_in:
        yield MaintenanceOff(everyone)
    if environment.health:
        yield Verify(everyone, hold=timedelta(0))
