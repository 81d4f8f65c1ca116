"""Looks at the workflow that deploys an environment before anybody is asked to approve."""

from dataclasses import dataclass
from urllib.parse import quote

from deployers.environment import GITHUB, Environment
from deployers.github_api import Door
from deployers.github_errors import GitHubError
from deployers.ports import Finding, Preflight


@dataclass(frozen=True, slots=True)
class GitHubPreflight:
    """Looks on GitHub where GitHub deploys, and leaves everything else to another preflight."""

    door: Door
    others: Preflight

    def inspect(self, environment: Environment) -> tuple[Finding, ...]:
        """Return whether the workflow is there and may run."""
        if environment.deployer != "github" or environment.workflow is None:
            return self.others.inspect(environment)
        name = environment.workflow.workflow
        try:
            with self.door.asking({"actions": "read"}) as asker:
                state = str(asker.get(f"/actions/workflows/{quote(name, safe='')}")["state"])
        except GitHubError as error:
            return (Finding(GITHUB.name, f"workflow `{name}`", good=False, detail=str(error)),)
        detail = "" if state == "active" else f"it is {state.replace('_', ' ')}: enable it under Actions on GitHub"
        return (Finding(GITHUB.name, f"workflow `{name}`", good=state == "active", detail=detail),)
