"""Looks at an environment before its deployment begins: what is not well then is not blamed on the release."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from deployers.blame import Before
from deployers.colours import faced, other
from deployers.environment import Environment
from deployers.plan import Plan, Shift
from deployers.probes import Probes


def as_served(environment: Environment, plan: Plan) -> Environment:
    """Return the environment with the side faced that serves before a plan is played."""
    leaves = any(isinstance(step, Shift) for step in plan.steps)
    return faced(environment, other(plan.colour) if leaves else plan.colour)


def not_well(probes: Probes, environment: Environment) -> list[Before]:
    """Return every route that does not answer well now, at every place at once."""
    if environment.health is None:
        return []
    hosts = environment.hosts if environment.deployer == "ssh" else ()
    looks: list[Callable[[], list[Before]]] = [partial(probes.before, host) for host in hosts]
    if environment.url:
        looks.append(probes.before_url)
    with ThreadPoolExecutor(max_workers=max(1, min(10, len(looks)))) as pool:
        return [each for found in pool.map(lambda look: look(), looks) for each in found]
