"""How fast slash commands are acknowledged while deployments run, beside a bare Bolt app on an equal socket.

Both get the same commands in turn, over the same seconds of the same machine, from the same stand-in for Slack.
"""

import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic, perf_counter
from typing import Any

from benchmarks.kit import Result, ms, pause, summary, until
from benchmarks.worlds import UNDER_WAY, Rows, approved, asked, finished, folder, tuning
from bot.sandbox.slack.server import SlackServer
from bot.sandbox.slack.thread import SlackThread
from bot.sandbox.slack.workspace import Workspace
from bot.sandbox.world import World
from bot.trying import manifest

A_SECOND, MOST, TIMES = 20, 1.0, 4.0
Work = Coroutine[Any, Any, None]
Call = Callable[[Work], None]
OURS, BARE = "Shipmate, written down before it is acknowledged", "bare Bolt app that only acknowledges"


def run(*, quick: bool) -> Result:
    """Send commands to both in turn while two deployments run."""
    count = 10 if quick else 200
    with folder() as state, AckWorld(state, tuning("2s" if quick else "30s")) as world, bare() as other:
        rows = Rows(world.variables()["DATABASE_URL"])
        running = [_begun(world, rows, "staging"), _begun(world, rows, "production")]
        before = rows.ask("SELECT count(*) FROM inbox")[0][0]
        taken = _in_turn({OURS: (world.server, world.call), BARE: other}, count)
        still = [rows.status(number) for number in running]
        after = rows.ask("SELECT count(*) FROM inbox")[0][0]
        for number in running:
            finished(rows, number)
    figures = {name: summary(seconds) for name, seconds in taken.items()}
    figures["deployments_at_the_end"] = still
    figures["not_written_down"] = count - (after - before)
    return Result(
        "ack",
        (f"{count} slash commands, {A_SECOND} a second each", "p50", "p99", "max"),
        [[name, *(ms(figures[name][key]) for key in ("p50", "p99", "max"))] for name in (OURS, BARE)],
        figures,
        notes=(f"p99 {figures[OURS]['p99'] / figures[BARE]['p99']:.2f} x; at the end the two were {', '.join(still)}",),
        targets={
            f"p99 at most {TIMES:.0f} x the bare app's": figures[OURS]["p99"] <= TIMES * figures[BARE]["p99"],
            "every command was written down": figures["not_written_down"] == 0,
            f"never above {MOST:.0f} s": figures[OURS]["max"] <= MOST,
        },
    )


class AckWorld(World):
    """A world in whose workspace a coroutine can be run."""

    def call(self, work: Work) -> None:
        """Run a coroutine in the workspace's loop."""
        self._slack.call(work)


def _begun(world: World, rows: Rows, environment: str) -> int:
    number = asked(world, rows, f"/deploy {environment} v2.1")
    if rows.status(number) == "awaiting_approval":
        approved(world, rows, number)
    until(lambda: rows.status(number) in UNDER_WAY[1:], 60, f"deployment {number} to begin")
    return number


@contextmanager
def bare() -> Iterator[tuple[SlackServer, Call]]:
    """Give a workspace of its own to which a bare app is connected."""
    server = SlackServer(Workspace(manifest=manifest()))
    with SlackThread(server) as thread:
        variables = {
            "SLACK_API_URL": server.api_url,
            "SLACK_BOT_TOKEN": server.tokens.bot,
            "SLACK_APP_TOKEN": server.tokens.app,
        }
        process = subprocess.Popen([sys.executable, "-m", "benchmarks.bare"], env=variables)
        try:
            until(lambda: server.sockets.connections, 60, "the bare app's connection")
            yield server, thread.call
        finally:
            process.kill()
            process.wait(20)


def _in_turn(servers: Mapping[str, tuple[SlackServer, Call]], count: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in servers}
    people = ("ana", "ben", "omar", "lea")
    gap, began = 1 / A_SECOND / len(servers), monotonic()
    with ThreadPoolExecutor(100) as pool:
        sent = []
        for number in range(count * len(servers)):
            pause(max(0.0, began + number * gap - monotonic()))
            name = list(servers)[number % len(servers)]
            server, call = servers[name]
            sent.append(pool.submit(call, _one(server, people[number // len(servers) % 4], taken[name])))
        for each in sent:
            each.result()
    return taken


async def _one(server: SlackServer, person: str, taken: list[float]) -> None:
    workspace = server.workspace
    who, where = workspace.person(person), workspace.channel("deployments")
    began = perf_counter()
    await server.interactions.say(who, "/deploy status production", where)
    taken.append(perf_counter() - began)
