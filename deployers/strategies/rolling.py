"""Rolling: batch after batch, the first one gates the rest."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from math import ceil

from deployers.environment import Environment
from deployers.plan import (
    Activate,
    Build,
    Candidate,
    CandidateCheck,
    CandidateStop,
    MaintenanceOff,
    MaintenanceOn,
    Migrate,
    Optimize,
    Prepare,
    Prune,
    Restart,
    Step,
    Verify,
)


def batches(targets: Sequence[str], size: int | str) -> tuple[tuple[str, ...], ...]:
    """Cut the targets into batches of a count or of a share such as `"25%"`; never empty, at least one at a time."""
    share = isinstance(size, str) and size.endswith("%")
    count = max(1, ceil(len(targets) * float(str(size)[:-1]) / 100) if share else int(size))
    return tuple(tuple(targets[start : start + count]) for start in range(0, len(targets), count))


def rolling(environment: Environment, migrations: Sequence[str]) -> Iterator[Step]:
    """Yield the steps of a rolling deployment."""
    recipe, place = environment.recipe, environment.place
    if place is None:
        return
    everyone = tuple(host.name for host in place.hosts)
    window = environment.health.window if environment.health else timedelta(0)
    waves = batches(everyone, place.batch)
    yield Prepare(everyone)
    if recipe.build:
        yield Build(everyone)
    for number, wave in enumerate(waves):
        if recipe.keeps_out:
            yield MaintenanceOn(wave)
        if number == 0 and recipe.migrate:
            yield Migrate(wave[:1])
        yield from switch(environment, wave)
        if environment.health and len(waves) > 1:
            yield Verify(wave, hold=window if number == 0 else timedelta(0))
    if environment.health:
        yield Verify(everyone, hold=window)
    yield Prune(everyone)


def left_behind(environment: Environment, migrations: Sequence[str]) -> tuple[str, ...]:
    """Return the targets that go on with the old code over a migration that nobody has declared compatible with it."""
    if not migrations or environment.place is None or environment.rollback.migrations == "compatible":
        return ()
    _first, *others = batches(tuple(host.name for host in environment.place.hosts), environment.place.batch)
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
    yield Activate(wave)
    if recipe.restart:
        yield Restart(wave)
    if recipe.lets_in:
        yield MaintenanceOff(wave)
