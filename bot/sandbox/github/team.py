"""How the sandbox's team uses GitHub: a workflow that deploys the environment `preview`, and tests that ran."""

from pathlib import Path

from bot.sandbox.github.entities import Task
from bot.sandbox.github.hub import Hub, utc
from bot.sandbox.github.server import GitHubServer

REPOSITORY = "askproai/call-desk"
HOOK_SECRET = "between the sandbox and the bot"  # noqa: S105  it opens nothing but the sandbox
INPUTS = ("environment", "ref", "reason", "operation")
_RUN_NAME = "Deploy {ref} to {environment} ({operation})"
_STEPS = ("Set up job", "Check out", "Ship", "Look whether it answers")
_SHIPPED = "Unpacked the release\nSwitched to it\nIt answers"

CONFIGURATION = """
[environments.preview]
deployer = "github"
strategy = "rolling"
strategies = ["rolling"]
revisions = { older = "allow" }
approvals = { required = 0, role = "approver", expires = "30m", author_may_approve = false }
checks = { required = ["tests"] }

[environments.preview.github]
workflow = "deploy.yml"
inputs = { environment = "{environment}", ref = "{sha}", reason = "{reason}" }

[environments.preview.rollback]
automatic = true
migrations = "compatible"
"""
"""What the bot is configured with for it."""


class Team:
    """A repository on GitHub with a workflow and checks, and what can be done to both."""

    def __init__(self, repository: Path) -> None:
        owner, _, name = REPOSITORY.partition("/")
        self.hub = Hub(repository, owner, name, clock=utc)
        self.server = GitHubServer(self.hub)
        for ref in self.hub.git.refs():
            self.hub.check(ref.peeled, "tests")
        self.ships_well()

    def ships_well(self, seconds: float = 3) -> None:
        """Let the workflow bring releases to the environment."""
        job = Task("ship", seconds, _STEPS, log=_SHIPPED)
        self._workflow(Task("build", seconds / 2, ("Set up job", "Check out", "Build")), job)

    def fails_to_ship(self, seconds: float = 2) -> None:
        """Let the workflow fail half way."""
        self._workflow(Task("ship", seconds, _STEPS, fails_at="Ship", log="No space left on device"))

    def _workflow(self, *tasks: Task) -> None:
        self.hub.add_workflow("deploy.yml", *tasks, name="Deploy", inputs=INPUTS, run_name=_RUN_NAME)
