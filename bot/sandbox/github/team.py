"""How the sandbox's team uses GitHub: a workflow that brings releases to staging, and tests that ran."""

from dataclasses import replace
from pathlib import Path

from bot.sandbox.github.entities import Task
from bot.sandbox.github.hub import Hub, utc
from bot.sandbox.github.runner import Runner
from bot.sandbox.github.server import GitHubServer
from bot.sandbox.github.shipping import Shipper

REPOSITORY = "askproai/call-desk"
HOOK_SECRET = "between the sandbox and the bot"  # noqa: S105  it opens nothing but the sandbox
ENVIRONMENT = "staging"
INPUTS = ("environment", "ref", "skip_tests", "reason", "operation")
_RUN_NAME = "Deploy {ref} to {environment} ({operation})"
_STEPS = ("Set up job", "Check out", "Ship", "Look whether it answers")


class Team:
    """A repository on GitHub with a workflow and checks, and what can be done to both."""

    def __init__(self, repository: Path, shipper: Shipper | None = None) -> None:
        """Know the repository; without somebody who ships, runs are only played."""
        owner, _, name = REPOSITORY.partition("/")
        self.hub = Hub(repository, owner, name, clock=utc)
        self.server = GitHubServer(self.hub, runner=Runner(self.hub, shipper.ship) if shipper else None)
        self._does = "Ship" if shipper else ""
        self._seconds, self._fails, self._guarded = 3.0, False, False
        for ref in self.hub.git.refs():
            self.hub.check(ref.peeled, "tests")
        self._write()

    def ships_well(self, seconds: float = 3) -> None:
        """Let the workflow bring releases to staging."""
        self._seconds, self._fails = seconds, False
        self._write()

    def fails_to_ship(self, seconds: float = 2) -> None:
        """Let the workflow fail half way."""
        self._seconds = seconds
        self.breaks()

    def breaks(self, on: bool = True) -> None:
        """Let the workflow fail half way, or go well, as quickly as it does."""
        self._fails = on
        self._write()

    def protects(self, on: bool = True, *, may_approve: bool = True) -> None:
        """Let runs wait until somebody approves staging on GitHub; Shipmate may be one of the reviewers."""
        self._guarded = on
        self.hub.protect(ENVIRONMENT, may_approve=may_approve)
        self._write()

    def _write(self) -> None:
        build = Task("build", self._seconds / 2, ("Set up job", "Check out", "Build"))
        ship = Task("ship", self._seconds, _STEPS, does=self._does)
        if self._guarded:
            ship = replace(ship, environment=ENVIRONMENT)
        if self._fails:
            ship = replace(ship, fails_at="Ship", log="No space left on device")
        self.hub.add_workflow("deploy.yml", build, ship, name="Deploy", inputs=INPUTS, run_name=_RUN_NAME)
