"""Bringing visitors together: what was left half way sends some here and some there, and nothing is begun over that."""

from collections.abc import Sequence
from itertools import takewhile

from deployers.environment import Environment
from deployers.plan import Backup, Build, ColourStart, Drain, Prepare, PutIn, Restore, Shift, Step
from deployers.strategies.blue_green import balancers, drained_within

_QUIET = (Prepare, Build, Backup, Restore)


def gathered(environment: Environment, steps: Sequence[Step], *, leaves: bool) -> tuple[Step, ...]:
    """Return a plan's steps with all visitors brought to the side that counts as served before that can matter.

    A plan that leaves that side brings the other one up, so nobody may be on it by then. One that stays on it would
    never tell the balancers about the other side, or only by the way.
    """
    told, limit = balancers(environment), drained_within(environment)
    if leaves:
        before = tuple(takewhile(lambda step: not isinstance(step, ColourStart), steps))
        return (*before, Shift(told, share=0), Drain(told, limit=limit, share=0), *steps[len(before) :])
    before = tuple(takewhile(lambda step: isinstance(step, _QUIET), steps))
    return (*before, PutIn(told), Drain(told, limit=limit), *steps[len(before) :])
