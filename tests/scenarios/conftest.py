"""A past that is made once: v2.1 and then v2.2 on production, v2.2 on staging; each story begins from a copy."""

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.sandbox.bot_process import Launch
from bot.sandbox.configuration import Pace
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from tests.scenarios.kit import Scene

PACE = Pace(window="1s", interval="200ms", expires="30m")
END_OF_LOG = 6_000

pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True, slots=True)
class Past:
    """The folder in which every story happens, a copy of how each begins, and how bots are started there."""

    state: Path
    kept: Path
    launch: Launch

    def opened(self, pace: Pace = PACE) -> World:
        """Return a world over what is in the folder."""
        return World(self.state, Tuning(manifest=manifest(), pace=pace, launch=self.launch))


@pytest.fixture(scope="session")
def past(tmp_path_factory, launch) -> Past:
    """Give the folder in which every story happens, and a copy of how each begins.

    It is the same folder for all stories of a worker: hosts and rows know it by its path.
    """
    folder = tmp_path_factory.mktemp("world")
    made = Past(folder / "state", folder / "kept", launch)
    with made.opened() as world:
        scene = Scene(world)
        scene.says("ana", "/deploy staging v2.2")
        scene.ships("v2.1")
        scene.ships("v2.2")
        scene.until("staging", lambda: world.host("staging1").serves == "v2.2" and _rests(scene))
    shutil.copytree(made.state, made.kept, symlinks=True)
    return made


def _rests(scene: Scene) -> bool:
    return not scene.rows("SELECT id FROM deployment WHERE status NOT IN ('SUCCEEDED', 'succeeded')")


def _copied(past: Past, pace: Pace) -> World:
    state = past.state
    assert not _in_use(state), "a file whose stories share a world opens no other"
    _put_aside(state)
    shutil.copytree(past.kept, state, symlinks=True)
    (state / "bot.log").unlink(missing_ok=True)
    return past.opened(pace)


def _put_aside(state: Path) -> None:
    # Whoever is only just ending may still write into it, and it cannot be removed as a whole then.
    aside = Path(tempfile.mkdtemp(dir=state.parent))
    state.rename(aside / state.name)
    shutil.rmtree(aside, ignore_errors=True)


def _in_use(state: Path) -> bool:
    lock = state / "hosts.lock"
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


@pytest.fixture
def opens(past) -> Iterator[Callable[..., Scene]]:
    """Give a way to begin a story at another pace, or with a bot that is started otherwise."""
    with ExitStack() as stack:

        def begun(pace: Pace = PACE, launch: Launch = past.launch) -> Scene:
            return Scene(stack.enter_context(_copied(replace(past, launch=launch), pace)))

        yield begun
    _print_log(past.state)


@pytest.fixture
def scene(opens) -> Scene:
    """Give a world in which production serves v2.2 and can go back to v2.1."""
    begun: Scene = opens()
    return begun


@pytest.fixture(scope="module")
def shared_launch(past) -> Launch:
    """Give how the bot of the world that stories share is started."""
    launch: Launch = past.launch
    return launch


@pytest.fixture(scope="module")
def shared_pace() -> Pace:
    """Give the pace of the world that stories share."""
    return PACE


@pytest.fixture(scope="module")
def shared_world(past, shared_launch, shared_pace) -> Iterator[World]:
    """Give one world to all stories of a file that change nothing for good; such a file opens no other."""
    with _copied(replace(past, launch=shared_launch), shared_pace) as world:
        yield world


@pytest.fixture
def calm(shared_world) -> Iterator[Scene]:
    """Give the world that the stories of the file share; what a story leaves waiting or broken is cleared away."""
    scene = Scene(shared_world)
    yield scene
    _print_log(shared_world.state)
    scene.clears_away()


def _print_log(state: Path) -> None:
    """Let a failed story show the end of the bot's log; pytest hides it otherwise."""
    log = state / "bot.log"
    if log.exists():
        print(log.read_text(encoding="utf-8", errors="replace")[-END_OF_LOG:])  # noqa: T201 - for a failed story


@pytest.fixture
def world(scene) -> World:
    """Give the same as a bare world."""
    return scene.world
