"""How often, and from which seed."""

import os
from random import SystemRandom

import pytest


def pytest_addoption(parser):
    parser.addoption("--kills", type=int, default=int(os.environ.get("CRASH_KILLS", "20")), help="how many kill -9")
    parser.addoption("--crash-seed", type=int, default=int(os.environ.get("CRASH_SEED", "0")), help="0: a new one")


@pytest.fixture
def kills(request) -> int:
    return request.config.getoption("--kills")


@pytest.fixture
def seed(request) -> int:
    return request.config.getoption("--crash-seed") or SystemRandom().randrange(1, 1_000_000)


def pytest_collection_modifyitems(config, items):
    """Give as much time as the kills may take, on a busy machine."""
    seconds = 600 + 60 * config.getoption("--kills")
    for item in items:
        if "tests/crash" in str(item.path):
            item.add_marker(pytest.mark.timeout(seconds))
