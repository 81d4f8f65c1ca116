"""What the bot costs when nobody asks for anything: from its start to its connection, at rest, and its imports."""

import subprocess
import sys
from time import monotonic

from benchmarks import usage
from benchmarks.kit import Result, pause, summary, timed, until
from benchmarks.worlds import folder, tuning
from bot.sandbox.world import World

CONNECTED, MEMORY, IDLE = 3.0, 130.0, 2.0
_IMPORTS = {"import bot.__main__": "import bot.__main__", "import all of it": "import bot.__main__, bot.process"}


def run(*, quick: bool) -> Result:
    """Start the bot several times, leave it alone for a while, and import it."""
    starts, rest = (2, 2.0) if quick else (7, 60.0)
    with folder() as state, World(state, tuning()) as world:
        connected, cpu = zip(*(_started(world) for _ in range(starts)), strict=True)
        pause(2 if quick else 10)
        pid, began, before = world.bot.pid, monotonic(), usage.cpu(world.bot.pid)
        pause(rest)
        idle = 100 * (usage.cpu(pid) - before) / (monotonic() - began)
        memory, peak = usage.rss(pid), usage.peak_rss(pid)
    imports = {name: _imported(code, 2 if quick else 7) for name, code in _IMPORTS.items()}
    figures = {
        "connected_s": summary(connected),
        "connected_cpu_s": summary(cpu),
        "idle_rss_mb": memory,
        "peak_rss_mb": peak,
        "idle_cpu_percent": idle,
        "idle_seconds": rest,
        "import_s": {name: summary(taken) for name, taken in imports.items()},
    }
    return Result("footprint", ("at rest, on SQLite", "measured"), _rows(figures), figures, targets=_targets(figures))


def _rows(figures: dict) -> list[list[str]]:
    connected = figures["connected_s"]
    return [
        ["start to connected, median", f"{connected['p50']:.2f} s"],
        ["start to connected, slowest", f"{connected['max']:.2f} s"],
        ["processor seconds until then, median", f"{figures['connected_cpu_s']['p50']:.2f} s"],
        ["resident memory", f"{figures['idle_rss_mb']:.0f} MB"],
        ["largest resident memory since the start", f"{figures['peak_rss_mb']:.0f} MB"],
        [f"processor over {figures['idle_seconds']:.0f} s", f"{figures['idle_cpu_percent']:.2f} %"],
        *([name, f"{taken['p50']:.2f} s"] for name, taken in figures["import_s"].items()),
    ]


def _targets(figures: dict) -> dict[str, bool]:
    return {
        f"connected within {CONNECTED:.0f} s": figures["connected_s"]["p50"] <= CONNECTED,
        f"resident memory under {MEMORY:.0f} MB": figures["idle_rss_mb"] < MEMORY,
        f"idle processor under {IDLE:.0f} %": figures["idle_cpu_percent"] < IDLE,
    }


def _started(world: World) -> tuple[float, float]:
    world.bot.stop()
    began = monotonic()
    world.bot.start()
    until(lambda: world.server.sockets.connections, 60, "the bot's connection")
    return monotonic() - began, usage.cpu(world.bot.pid)


def _imported(code: str, times: int) -> list[float]:
    taken: list[float] = []
    for _ in range(times):
        with timed(taken):
            subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    return taken
