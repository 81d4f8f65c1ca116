"""A backup before migrations: made while visitors are still let in, and read back before anything is changed."""

from collections.abc import Sequence
from itertools import takewhile

from deployers.environment import Environment
from deployers.plan import Backup, Build, Migrate, Prepare, Step


def backed_up(environment: Environment, migrations: Sequence[str], steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return a deployment's steps with a backup before the first that anybody notices, where one is called for.

    That is where a database is dumped and the release brings migrations, or may: nobody said where they would lie.
    """
    backup, migrates = environment.backup, any(isinstance(step, Migrate) for step in steps)
    if not (migrates and backup and backup.database) or not (migrations or not environment.recipe.migrations_path):
        return tuple(steps)
    quiet = tuple(takewhile(lambda step: isinstance(step, Prepare | Build), steps))
    first = environment.machines[0].name
    return (*quiet, Backup((first,)), *steps[len(quiet) :])
