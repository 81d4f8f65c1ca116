"""Canary: a share of the visitors gets the release first, and it is compared with what the others are served."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from math import ceil

from deployers.colours import has_colours
from deployers.comparing.tuning import Canary
from deployers.environment import Environment
from deployers.plan import Build, Compare, Prepare, Prune, Shift, Step, Verify
from deployers.strategies.blue_green import balancers, brought_up, taken_over
from deployers.strategies.rolling import turn, waves


def canary(environment: Environment, migrations: Sequence[str]) -> Iterator[Step]:
    """Yield the steps of a canary: by the weight of the two sides, or by targets where there are no sides."""
    yield from _by_weight(environment) if has_colours(environment) else _by_targets(environment)


def shares(tuning: Canary) -> tuple[int, ...]:
    """Return the percentages through which a canary rises."""
    return tuning.steps or (tuning.percentage,)


def lasting(environment: Environment, strategy: str) -> timedelta:
    """Return how long a deployment takes by design; nothing but for a canary."""
    tuning = environment.canary or Canary()
    return tuning.duration if strategy == "canary" else timedelta(0)


def left(steps: Sequence[Step]) -> timedelta:
    """Return how long these steps of a canary take by design."""
    return sum((it.hold for it in steps if isinstance(it, Compare)), timedelta(0))


def compares_hosts(environment: Environment, strategy: str) -> bool:
    """Say whether a deployment compares hosts with each other, and not two sides of them."""
    return strategy == "canary" and not has_colours(environment)


def first_ones(environment: Environment) -> tuple[tuple[int, int], ...]:
    """Return how many targets are switched at each share, where it goes by targets; at least one is never switched."""
    count, tuning = len(environment.machines), environment.canary or Canary()
    found: dict[int, int] = {}
    for share in shares(tuning):
        found.setdefault(min(count - 1, ceil(count * share / 100)), share)
    return tuple((some, share) for some, share in found.items() if some)


def _by_weight(environment: Environment) -> Iterator[Step]:
    tuning, everyone = environment.canary or Canary(), tuple(host.name for host in environment.hosts)
    rising = shares(tuning)
    yield from brought_up(environment)
    for share in rising:
        yield Shift(balancers(environment), share=share)
        yield Compare(everyone, hold=tuning.duration / len(rising), share=share)
    yield Shift(balancers(environment), share=100)
    yield from taken_over(environment)


def _by_targets(environment: Environment) -> Iterator[Step]:
    tuning, everyone = environment.canary or Canary(), tuple(host.name for host in environment.machines)
    rising, switched = first_ones(environment), 0
    yield Prepare(everyone)
    if environment.recipe.build:
        yield Build(everyone)
    for some, share in rising:
        for wave in waves(environment, everyone[switched:some]):
            yield from turn(environment, wave, first=wave[0] == everyone[0])
        switched = some
        yield Compare(everyone[:some], hold=tuning.duration / len(rising), share=share)
    for wave in waves(environment, everyone[switched:]):
        yield from turn(environment, wave, first=wave[0] == everyone[0])
        if environment.health:
            yield Verify(wave)
    if environment.health:
        yield Verify(everyone, hold=environment.health.window)
    yield Prune(everyone)
