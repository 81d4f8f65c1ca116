from collections.abc import Callable

import pytest

from deployers.environment import Environment
from storage.store import Store
from tests.unit.commands.world import World


@pytest.fixture
def world(store: Store) -> World:
    """Give a world with staging (no approvals) and production (one approval)."""
    return World(store)


@pytest.fixture
def worlds(store: Store) -> Callable[..., World]:
    """Give a way to make a world of other environments."""

    def make(*places: Environment) -> World:
        return World(store, *places)

    return make
