"""How often, and from which seed."""

import os
from random import SystemRandom

import pytest


def pytest_addoption(parser):
    parser.addoption(
        "--kills",
        type=int,
        default=int(os.environ.get("CRASH_KILLS", "30")),
        help="how many kill -9, over each database",
    )
    parser.addoption("--abreast", type=int, default=2, help="in how many worlds at the same time")
    parser.addoption("--instants", type=int, default=1, help="how many kills of each kind and story; 0: at every one")
    parser.addoption(
        "--dispatch-kills",
        type=int,
        default=int(os.environ.get("DISPATCH_KILLS", "4")),
        help="how many kill -9 while a workflow run is dispatched",
    )
    parser.addoption("--crash-seed", type=int, default=int(os.environ.get("CRASH_SEED", "0")), help="0: a new one")


@pytest.fixture
def kills(request) -> int:
    return request.config.getoption("--kills")


@pytest.fixture
def abreast(request) -> int:
    return request.config.getoption("--abreast")


@pytest.fixture
def dispatch_kills(request) -> int:
    return request.config.getoption("--dispatch-kills")


@pytest.fixture
def instants(request) -> int:
    return request.config.getoption("--instants")


@pytest.fixture
def seed(request) -> int:
    return request.config.getoption("--crash-seed") or SystemRandom().randrange(1, 1_000_000)


def pytest_collection_modifyitems(config, items):
    """Give as much time as the kills may take, on a busy machine."""
    seconds = 600 + 60 * config.getoption("--kills") + 600 * config.getoption("--instants")
    seconds += 120 * config.getoption("--dispatch-kills")
    seconds = seconds if config.getoption("--instants") else 12 * 3600
    for item in items:
        if "tests/crash" in str(item.path):
            item.add_marker(pytest.mark.timeout(seconds))
