"""A canary's steps: by the weight of two sides, or by targets where there are none."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployers.comparing.tuning import Canary
from deployers.environment import Balancer, Environment, Health, Host, Place, Recipe
from deployers.plan import Activate, Compare, Shift, Step, Verify
from deployers.steps import read, written
from deployers.strategies.canary import canary, first_ones


def environment(count: int, tuning: Canary, *, colours: bool = False) -> Environment:
    """Return an environment of so many hosts, with a balancer in front and two sides where that is wanted."""
    hosts = tuple(Host(f"web{number}", f"10.0.0.{number}") for number in range(1, count + 1))
    recipe = Recipe("web", colour_start=("start {colour}",) if colours else ())
    place = Place(user="deploy", path="/srv", hosts=hosts, known_hosts="known_hosts")
    balancer = Balancer("nginx", hosts=(Host("lb", "10.0.0.99"),)) if colours else None
    return Environment(
        "production", "App", "git", recipe, place=place, balancer=balancer, health=Health(), canary=tuning
    )


def of(kind: type[Step], steps: list[Step]) -> list[Step]:
    """Return the steps of one kind."""
    return [step for step in steps if isinstance(step, kind)]


def test_visitors_are_shifted_share_by_share_and_each_share_is_compared():
    """The last shift comes only after the last comparison."""
    steps = list(canary(environment(2, Canary(duration=timedelta(minutes=30), steps=(1, 10, 50)), colours=True), ()))
    told = [step.share for step in steps if isinstance(step, Shift | Compare)]
    assert told == [1, 1, 10, 10, 50, 50, 100]
    assert {step.hold for step in steps if isinstance(step, Compare)} == {timedelta(minutes=10)}
    assert max(steps.index(step) for step in of(Compare, steps)) < min(steps.index(s) for s in of(Activate, steps))


def test_without_sides_the_first_targets_are_the_canary():
    """A tenth of ten hosts is one of them; the others follow once it was compared."""
    steps = list(canary(environment(10, Canary(percentage=10)), ()))
    (compare,) = of(Compare, steps)
    assert compare.targets == ("web1",)
    activated = [step.targets for step in of(Activate, steps)]
    assert activated[0] == ("web1",)
    assert steps.index(of(Activate, steps)[0]) < steps.index(compare) < steps.index(of(Activate, steps)[1])


@pytest.mark.parametrize(
    ("count", "steps", "found"),
    [(3, (), ((1, 10),)), (2, (50,), ((1, 50),)), (10, (1, 10, 50), ((1, 1), (5, 50))), (4, (99,), ((3, 99),))],
)
def test_shares_become_numbers_of_targets_and_one_is_left_to_compare_with(count, steps, found):
    """Shares that come to as many targets are one step."""
    assert first_ones(environment(count, Canary(steps=steps))) == found


@given(count=st.integers(2, 12), rising=st.sets(st.integers(1, 99), min_size=1, max_size=4), batch=st.integers(1, 4))
def test_every_target_is_switched_once_and_verified_at_the_end(count, rising, batch):
    """Whatever the shares."""
    there = environment(count, Canary(steps=tuple(sorted(rising))))
    assert there.place is not None
    there = replace(there, place=replace(there.place, batch=batch))
    steps = list(canary(there, ()))
    everyone = tuple(host.name for host in there.hosts)
    assert tuple(name for step in of(Activate, steps) for name in step.targets) == everyone
    assert of(Verify, steps)[-1].targets == everyone
    assert all(len(step.targets) < count for step in of(Compare, steps))
    assert [read(written(step)) for step in steps] == steps
