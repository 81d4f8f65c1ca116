"""Opens the sandbox for a person, and plays its stories."""

import json
import signal
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from bot.sandbox.stories import STORIES as PLAIN
from bot.sandbox.stories import Teller, seed
from bot.sandbox.stories_balanced import BALANCED
from bot.sandbox.world import Tuning, World

MANIFEST = Path(__file__).resolve().parent.parent / "app-manifest.yml"
LIST = "list"
"""What is asked for instead of a story by whoever wants to know which there are."""
STORIES = PLAIN | BALANCED


def manifest() -> dict[str, Any] | None:
    """Return the app manifest: which commands and scopes the workspace gives to the app."""
    if not MANIFEST.exists():
        return None
    read: dict[str, Any] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return read


def open_sandbox(*, port: int, headless: bool, state: Path | None, say: Callable[[str], None]) -> int:
    """Serve the sandbox until Ctrl-C; return the exit code."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    say("Starting three hosts and a balancer, a repository, a workspace and the bot …")
    fresh = state is None or not (state / "shipmate.db").exists()
    with World(state, Tuning(port=port, manifest=manifest(), github=True, balanced=True)) as world:
        url = world.server.url
        say(f"Open {url}: you are Ana, a developer. Type /deploy production v2.3; then be Ben and approve it.")
        say("Stop with Ctrl-C.")
        if not headless:
            webbrowser.open(url)
        if fresh:
            threading.Thread(target=_history, args=(world, say), daemon=True).start()
        stopped.wait()
        say("Stopping …")
    return 0


def _history(world: World, say: Callable[[str], None]) -> None:
    """Give the channel a past: two releases, shipped for real while the person looks around."""
    world.making_history = True
    try:
        teller = Teller(world, _silently)
        teller.says("ana", "/deploy staging v2.2")
        seed(teller)
        say("Production serves v2.2; v2.1 is there to go back to.")
    except Exception as error:  # noqa: BLE001 - the sandbox stays open whatever became of its past
        say(f"The first two releases could not be shipped: {error}")
    finally:
        world.making_history = False


def _silently(_at: float, _line: str) -> None:
    """Show nothing."""


def play(story: str, say: Callable[[str], None], *, as_json: bool = False) -> int:
    """Play one story, or all, each in a world of its own; 0 only if every promise held."""
    if story == LIST:
        say("\n".join(f"{name:16} {_summary(name)}" for name in STORIES))
        return 0
    if story and story not in STORIES:
        say(f"There is no story “{story}”. There are: {', '.join(STORIES)}.")
        return 2
    broken = 0
    for name in [story] if story else STORIES:
        try:
            _play(name, say, as_json=as_json)
        except AssertionError as error:
            broken += 1
            say(json.dumps({"story": name, "broken": str(error)}) if as_json else f"BROKEN: {error}")
    return 1 if broken else 0


def _summary(name: str) -> str:
    """Return what a story is about, in one sentence."""
    return (STORIES[name].__doc__ or "").splitlines()[0]


def _play(name: str, say: Callable[[str], None], *, as_json: bool) -> None:
    def show(at: float, line: str) -> None:
        say(json.dumps({"story": name, "at": round(at, 2), "line": line}) if as_json else f"{at:7.1f} s  {line}")

    if not as_json:
        say(f"\n== {name}: {_summary(name)} ==")
    on_github = name.startswith("github")
    with World(None, Tuning(manifest=manifest(), github=on_github, balanced=name in BALANCED)) as world:
        if not on_github:
            seed(Teller(world, _silently))
        STORIES[name](Teller(world, show))
        show(0.0, "every promise held") if as_json else say("         every promise held")
