"""A past that is made once: v2.1 and then v2.2 on production, v2.2 on staging; each story begins from a copy."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.sandbox.configuration import Pace
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from tests.scenarios.kit import Scene

PACE = Pace(window="1s", interval="200ms", expires="30m")
END_OF_LOG = 6_000

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="session")
def past(tmp_path_factory) -> tuple[Path, Path]:
    """Give the folder in which every story happens, and a copy of how each begins.

    It is the same folder for all stories of a worker: hosts and rows know it by its path.
    """
    folder = tmp_path_factory.mktemp("world")
    state, kept = folder / "state", folder / "kept"
    with World(state, Tuning(manifest=manifest(), pace=PACE)) as world:
        scene = Scene(world)
        scene.says("ana", "/deploy staging v2.2")
        scene.ships("v2.1")
        scene.ships("v2.2")
        scene.until("staging", lambda: world.host("staging1").serves == "v2.2" and _rests(scene))
    shutil.copytree(state, kept, symlinks=True)
    return state, kept


def _rests(scene: Scene) -> bool:
    return not scene.rows("SELECT id FROM deployment WHERE status NOT IN ('SUCCEEDED', 'succeeded')")


@pytest.fixture
def opens(past, request) -> Iterator[Callable[[Pace], Scene]]:
    """Give a way to begin a story at another pace."""
    state, kept = past
    with ExitStack() as stack:

        def open_world(pace: Pace = PACE) -> Scene:
            shutil.rmtree(state, ignore_errors=True)
            shutil.copytree(kept, state, symlinks=True)
            (state / "bot.log").unlink(missing_ok=True)
            return Scene(stack.enter_context(World(state, Tuning(manifest=manifest(), pace=pace))))

        yield open_world
    _print_log(state / "bot.log")


@pytest.fixture
def scene(opens) -> Scene:
    """Give a world in which production serves v2.2 and can go back to v2.1."""
    begun: Scene = opens()
    return begun


def _print_log(log: Path) -> None:
    """Let a failed story show the end of the bot's log; pytest hides it otherwise."""
    if log.exists():
        print(log.read_text(encoding="utf-8", errors="replace")[-END_OF_LOG:])  # noqa: T201 - for a failed story


@pytest.fixture
def world(scene) -> World:
    """Give the same as a bare world."""
    return scene.world
