"""A sandbox GitHub over the sample repository, for tests of everything that asks GitHub."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from bot.sandbox.github.entities import Task
from bot.sandbox.github.hub import TOKEN, Hub
from bot.sandbox.github.server import GitHubServer
from bot.sandbox.repository import build_repository

REPOSITORY = "askproai/call-desk"
INPUTS = ("environment", "ref", "skip_tests", "reason", "operation")
JOBS = (Task("build", 4, ("Set up job", "Build")), Task("deploy", 6, ("Set up job", "Ship", "Look"), log="shipped"))


class Clock:
    """The time on GitHub: real, and moved on by who tells the story."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def passes(self, seconds):
        self.ahead += timedelta(seconds=seconds)


@contextmanager
def github(folder, *, clock=None):
    """Serve the sample repository as GitHub would, with a workflow that deploys."""
    hub = Hub(build_repository(folder), clock=clock or Clock())
    hub.add_workflow("deploy.yml", *JOBS, name="Deploy", inputs=INPUTS, run_name="Deploy {ref} {operation}")
    with GitHubServer(hub) as server:
        yield server


__all__ = ["INPUTS", "JOBS", "REPOSITORY", "TOKEN", "Clock", "github"]
