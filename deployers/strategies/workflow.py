"""Workflow: GitHub does it all in one run; what is served afterwards is judged as everywhere."""

from collections.abc import Iterator, Sequence

from deployers.environment import GITHUB, Environment
from deployers.plan import Run, Step, Verify


def workflow(environment: Environment, migrations: Sequence[str]) -> Iterator[Step]:
    """Yield the steps of a deployment, or of a rollback, through a workflow run."""
    yield Run((GITHUB.name,))
    if environment.health and environment.url:
        yield Verify((GITHUB.name,), hold=environment.health.window)
