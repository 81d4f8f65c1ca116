"""Blue-green: the release is brought up on the side that does not serve, and then visitors are sent there."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from deployers.environment import Environment
from deployers.plan import (
    Activate,
    Build,
    CandidateCheck,
    ColourStart,
    Drain,
    MaintenanceOff,
    Optimize,
    Prepare,
    Prune,
    Restart,
    Shift,
    Step,
    Verify,
)
from deployers.strategies.rolling import migrating


def blue_green(environment: Environment, migrations: Sequence[str]) -> Iterator[Step]:
    """Yield the steps of a blue-green deployment."""
    yield from brought_up(environment)
    yield Shift(balancers(environment), share=100)
    yield from taken_over(environment)


def brought_up(environment: Environment) -> Iterator[Step]:
    """Yield the steps after which the release serves on its side, where nobody is sent to it yet."""
    everyone, recipe = _everyone(environment), environment.recipe
    yield Prepare(everyone)
    if recipe.build:
        yield Build(everyone)
    yield from migrating(environment, everyone)
    if recipe.optimize:
        yield Optimize(everyone)
    yield ColourStart(everyone)
    if environment.health:
        yield CandidateCheck(everyone)


def taken_over(environment: Environment) -> Iterator[Step]:
    """Yield the steps after all visitors were sent to the release: the old side empties, and the rest follows."""
    everyone, recipe = _everyone(environment), environment.recipe
    yield Drain(balancers(environment), limit=drained_within(environment))
    yield Activate(everyone)
    if recipe.restart:
        yield Restart(everyone)
    if environment.health:
        yield Verify(everyone, hold=environment.health.window)
    yield Prune(everyone)


def switching_back(environment: Environment, migrations: Sequence[str] = ()) -> Iterator[Step]:
    """Yield the steps of a person's rollback: the old release is brought up beside what serves, or still is."""
    everyone, recipe = _everyone(environment), environment.recipe
    yield Prepare(everyone)
    if recipe.build:
        yield Build(everyone)
    yield ColourStart(everyone)
    if environment.health:
        yield CandidateCheck(everyone)
    yield Shift(balancers(environment), share=100)
    yield Drain(balancers(environment), limit=drained_within(environment))
    yield Activate(everyone)
    if recipe.restart:
        yield Restart(everyone)
    if environment.health:
        yield Verify(everyone, hold=timedelta(0))


def shifted_back(environment: Environment, targets: tuple[str, ...]) -> Iterator[Step]:
    """Yield the steps of an automatic way back: the old side was never stopped, so visitors are sent there at once."""
    everyone, recipe = _everyone(environment), environment.recipe
    yield Shift(balancers(environment), share=100)
    if targets:
        yield Prepare(targets)
        yield Activate(targets)
        if recipe.restart:
            yield Restart(targets)
        if recipe.lets_in:
            yield MaintenanceOff(targets)
    if environment.health:
        yield Verify(everyone, hold=timedelta(0))


def balancers(environment: Environment) -> tuple[str, ...]:
    """Return the names of the hosts on which visitors are sent here or there."""
    return tuple(host.name for host in environment.balancers)


def _everyone(environment: Environment) -> tuple[str, ...]:
    return tuple(host.name for host in environment.hosts)


def drained_within(environment: Environment) -> timedelta:
    """Return how long is waited at most until nobody is left on a side."""
    return environment.balancer.drain if environment.balancer else timedelta(0)
