"""Rolling: batch after batch, the first one gates the rest."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from math import ceil, floor

from deployers.colours import SWITCHING, has_colours
from deployers.environment import Environment
from deployers.plan import (
    Activate,
    Build,
    Candidate,
    CandidateCheck,
    CandidateStop,
    ColourStart,
    Drain,
    MaintenanceOff,
    MaintenanceOn,
    Migrate,
    Optimize,
    Pause,
    Prepare,
    Prune,
    PutIn,
    Restart,
    Step,
    TakeOut,
    Verify,
)


def batches(targets: Sequence[str], size: int | str) -> tuple[tuple[str, ...], ...]:
    """Cut the targets into batches of a count or of a share such as `"25%"`; never empty, at least one at a time."""
    return _cut(targets, max(1, ceil(_counted(targets, size))))


def waves(environment: Environment, targets: Sequence[str] = ()) -> tuple[tuple[str, ...], ...]:
    """Cut the targets into what is away at a time: a batch, but no more than may be away, and never all of them.

    Where a balancer takes hosts out, at least one stays in.
    """
    place, everyone = environment.place, tuple(host.name for host in environment.machines)
    targets = tuple(targets) or everyone
    if place is None:
        return ()
    count = max(1, ceil(_counted(everyone, place.batch)))
    if place.max_unavailable:
        count = min(count, max(1, floor(_counted(everyone, place.max_unavailable))))
    if stands_before(environment) and len(everyone) > 1:
        count = min(count, len(everyone) - 1)
    return _cut(targets, count)


def stands_before(environment: Environment) -> bool:
    """Say whether there is a balancer that can do without some of the hosts."""
    return environment.balancer is not None and bool(environment.balancer.hosts)


def rolling(environment: Environment, migrations: Sequence[str]) -> Iterator[Step]:
    """Yield the steps of a rolling deployment."""
    place = environment.place
    if place is None:
        return
    everyone = tuple(host.name for host in place.hosts)
    window = environment.health.window if environment.health else timedelta(0)
    in_turn = waves(environment)
    yield Prepare(everyone)
    if environment.recipe.build:
        yield Build(everyone)
    for number, wave in enumerate(in_turn):
        yield from turn(environment, wave, first=number == 0)
        if environment.health and len(in_turn) > 1 and (number == 0 or not _apart(environment, wave)):
            yield Verify(wave, hold=window if number == 0 else timedelta(0))
        if place.pause and wave is not in_turn[-1]:
            yield Pause(wave, hold=place.pause)
    if environment.health:
        yield Verify(everyone, hold=window)
    yield Prune(everyone)


def turn(environment: Environment, wave: tuple[str, ...], *, first: bool) -> Iterator[Step]:
    """Yield the steps that bring a batch from the old release to the new one; the first one changes the database."""
    yield from taken_out(environment, wave)
    if environment.recipe.keeps_out:
        yield MaintenanceOn(wave)
    if first:
        yield from migrating(environment, wave)
    yield from switch(environment, wave)
    yield from put_in(environment, wave)


def taken_out(environment: Environment, wave: tuple[str, ...]) -> Iterator[Step]:
    """Yield the steps after which a balancer sends nobody to a batch, and nobody is left on it."""
    if environment.balancer and _apart(environment, wave):
        balancers = tuple(host.name for host in environment.balancers)
        yield TakeOut(balancers, servers=wave)
        yield Drain(balancers, limit=environment.balancer.drain, servers=wave)


def put_in(environment: Environment, wave: tuple[str, ...]) -> Iterator[Step]:
    """Yield the steps after which a balancer sends visitors to a batch again, once it is well."""
    if _apart(environment, wave):
        if environment.health:
            yield Verify(wave, hold=timedelta(0))
        yield PutIn(tuple(host.name for host in environment.balancers), servers=wave)


def migrating(environment: Environment, wave: tuple[str, ...]) -> Iterator[Step]:
    """Yield what changes the database, on the first target."""
    if environment.recipe.migrate:
        yield Migrate(wave[:1])


def _apart(environment: Environment, wave: tuple[str, ...]) -> bool:
    return stands_before(environment) and len(wave) < len(environment.machines)


def _counted(targets: Sequence[str], size: int | str) -> float:
    share = isinstance(size, str) and size.endswith("%")
    return len(targets) * float(str(size)[:-1]) / 100 if share else int(size)


def _cut(targets: Sequence[str], count: int) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(targets[start : start + count]) for start in range(0, len(targets), count))


def left_behind(environment: Environment, migrations: Sequence[str], strategy: str = "rolling") -> tuple[str, ...]:
    """Return the targets that go on with the old code over a migration that nobody has declared compatible with it."""
    if not migrations or environment.place is None or environment.rollback.migrations == "compatible":
        return ()
    if strategy in SWITCHING:
        return tuple(host.name for host in environment.place.hosts)
    _first, *others = waves(environment)
    return tuple(name for wave in others for name in wave)


def switch(environment: Environment, wave: tuple[str, ...]) -> Iterator[Step]:
    """Yield the steps that make a batch serve a release that lies ready on it."""
    recipe = environment.recipe
    if recipe.optimize:
        yield Optimize(wave)
    if recipe.candidate_start and environment.health and environment.health.candidate:
        yield Candidate(wave)
        yield CandidateCheck(wave)
        yield CandidateStop(wave)
    if has_colours(environment):
        yield ColourStart(wave)
    yield Activate(wave)
    if recipe.restart:
        yield Restart(wave)
    if recipe.lets_in:
        yield MaintenanceOff(wave)
