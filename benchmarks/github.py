"""What following a workflow run costs: calls of GitHub's API, and seconds until it is noticed that the run is over.

Against a plain loop that dispatches and asks every 5 seconds how the run is. Both ask the sandbox's GitHub, over HTTP;
its clock is moved on by whoever pauses, so that runs of half an hour take moments. Jobs take up to a tenth longer or
shorter than usual.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any
from uuid import uuid4

import httpx

from benchmarks.kit import Result, summary
from benchmarks.worlds import folder
from bot.sandbox.github.entities import Run, Task
from bot.sandbox.github.hub import TOKEN, Hub
from bot.sandbox.github.server import GitHubServer
from bot.sandbox.github.webhooks import Webhooks
from bot.sandbox.repository import build_repository, sha
from bot.webhook import Ear
from deployers.environment import GITHUB
from deployers.github_api import Door
from deployers.github_follow import House
from deployers.github_remote import GitHubRemote
from deployers.github_runs import Runs
from deployers.ports import Authority, Operation
from storage.store import Store

REPOSITORY = "askproai/call-desk"
INPUTS = ("environment", "ref", "operation")
SHARES = {"build": 0.25, "tests": 0.35, "deploy": 0.4}
USUAL = (60, 300, 900)
PLAIN_PAUSE = 5.0
ROUNDS = 5
SEED = 6


class Clock:
    """The time on GitHub, which passes only while somebody pauses."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Taken:
    """What deployments cost."""

    calls: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)


@dataclass
class Place:
    """A GitHub, its clock, and how long its jobs take next."""

    server: GitHubServer
    clock: Clock
    commit: str
    store: Store

    def takes(self, usual: int, random: Random) -> None:
        """Let the next run take about as long as usual."""
        tasks = (Task(name, usual * share * random.uniform(0.9, 1.1)) for name, share in SHARES.items())
        self.server.hub.add_workflow("deploy.yml", *tasks, inputs=INPUTS, run_name="Deploy {operation}")

    def measured(self, deploys: Callable[["Place"], None], taken: Taken) -> None:
        """Deploy once, and write down what it cost."""
        hub = self.server.hub
        hub.runs.clear()
        hub.exchanges.clear()
        deploys(self)
        run: Run = hub.runs[-1]
        ended = hub.progress(run).updated
        taken.calls.append(len(hub.exchanges))
        taken.late.append((self.clock() - ended).total_seconds())


def run(*, quick: bool) -> Result:
    """Deploy through runs of several lengths, in every way, interleaved."""
    lengths, rounds = (USUAL[:1], 1) if quick else (USUAL, ROUNDS)
    found: dict[str, dict[str, Taken]] = {}
    with folder() as state, _opened(state) as place:
        for usual in lengths:
            ways = _ways({name: usual * share for name, share in SHARES.items()})
            taken = found.setdefault(f"{usual} s", {name: Taken() for name in ways})
            random = Random(SEED)  # noqa: S311 - the same runs in every run
            for _ in range(rounds):
                lasts = random.getstate()
                for name, deploys in ways.items():
                    random.setstate(lasts)
                    place.takes(usual, random)
                    # Where a run begins between two looks of whoever polls is left to chance.
                    place.clock.passes(random.uniform(0, PLAIN_PAUSE))
                    place.measured(deploys, taken[name])
    figures = {length: {name: _figures(each) for name, each in ways.items()} for length, ways in found.items()}
    return Result("github", _HEADINGS, _rows(figures), figures, _NOTES, _targets(figures))


PLAIN, POLLS, HEARS, FIRST = (
    "plain loop, every 5 s",
    "Shipmate, polling alone",
    "Shipmate, webhook",
    "Shipmate, first time",
)
_HEADINGS = ("runs that usually take, and how they are followed", "calls", "noticed after, mean", "p95")
_NOTES = (
    "before it dispatches, Shipmate asks for tags, branches and the workflow's file: what was approved is what runs",
    "a webhook is heard at the latest half a second after it was sent; looks that make sure are 20 s apart",
)


@contextmanager
def _opened(state: Path) -> Iterator[Place]:
    clock = Clock()
    hub = Hub(build_repository(state), clock=clock)
    store = Store(f"sqlite:///{state}/heard.db")
    store.migrate()
    with GitHubServer(hub) as server:
        yield Place(server, clock, sha(state / "repository.git", "v2.3"), store)
    store.close()


def _ways(usual: dict[str, float]) -> dict[str, Callable[[Place], None]]:
    return {
        PLAIN: _plain,
        POLLS: lambda place: _shipmate(place, House(usual=lambda: usual)),
        HEARS: lambda place: _shipmate(place, House(usual=lambda: usual, rest=_hearing(place))),
        FIRST: lambda place: _shipmate(place, House()),
    }


def _plain(place: Place) -> None:
    """Dispatch, and ask every five seconds, as scripts do."""
    api = f"{place.server.url}/repos/{REPOSITORY}/actions"
    with httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30) as http:
        body = {"ref": "v2.3", "inputs": {"environment": "production"}, "return_run_details": True}
        number = http.post(f"{api}/workflows/deploy.yml/dispatches", json=body).json()["workflow_run_id"]
        while http.get(f"{api}/runs/{number}").json()["status"] != "completed":
            place.clock.passes(PLAIN_PAUSE)


def _shipmate(place: Place, house: House) -> None:
    """Deploy as the bot does."""
    runs = Runs(Door(REPOSITORY, TOKEN, place.server.url, patience=30), place.clock, place.clock.passes)
    inputs = {"environment": "production", "ref": place.commit}
    asked = {"workflow": "deploy.yml", "ref": "v2.3", "sha": place.commit, "inputs": inputs}
    asked["file"] = runs.file_at("deploy.yml", place.commit)
    place.server.hub.exchanges.clear()
    mark = "d1-1795543195"
    operation = Operation(f"{mark}.0.github.1", json.dumps(asked), timedelta(hours=2), intended_at=place.clock())
    (record,) = GitHubRemote(runs, house).perform(GITHUB, [operation], Authority(mark, 1))
    assert record.exit_code == 0, record.output


def _hearing(place: Place) -> Callable[[int, float], bool]:
    """Return how the bot rests where GitHub tells what happens: events are kept and found as they are in it."""
    ear = Ear(place.store, place.clock, REPOSITORY)
    hooks = Webhooks(place.server.hub, lambda: place.server.shapes)

    def pause(seconds: float) -> None:
        place.clock.passes(seconds)
        for event, body in hooks.news():
            ear.hear(str(uuid4()), event, {**body, "repository": {"full_name": REPOSITORY}})

    hooks.news()
    return ear.rest(pause)


def _figures(taken: Taken) -> dict[str, Any]:
    return {"calls": mean(taken.calls), "late_mean_s": mean(taken.late), "late_s": summary(taken.late)}


def _rows(figures: dict[str, dict[str, Any]]) -> list[list[str]]:
    return [
        [
            f"{length}: {name}",
            f"{each['calls']:.1f}",
            f"{each['late_mean_s']:.1f} s",
            f"{each['late_s']['p95']:.1f} s",
        ]
        for length, ways in figures.items()
        for name, each in ways.items()
    ]


def _targets(figures: dict[str, dict[str, Any]]) -> dict[str, bool]:
    first = {
        f"{length}, {FIRST}: noticed no later, with no more calls, than by the plain loop": (
            ways[FIRST]["late_mean_s"] <= ways[PLAIN]["late_mean_s"] and ways[FIRST]["calls"] <= ways[PLAIN]["calls"]
        )
        for length, ways in figures.items()
    }
    return first | {
        f"{length}, {name}: noticed sooner, with fewer calls, than by the plain loop": (
            ways[name]["late_mean_s"] < ways[PLAIN]["late_mean_s"] and ways[name]["calls"] < ways[PLAIN]["calls"]
        )
        for length, ways in figures.items()
        for name in (POLLS, HEARS)
    }
