"""What the file of a workflow holds where it would run: part of what is approved."""

from dataclasses import dataclass

from deployers.environment import Environment
from deployers.errors import RepositoryUnreachable
from deployers.github_errors import GitHubError, GitHubRefused
from deployers.github_runs import Runs
from deployers.ports import Revision


@dataclass(frozen=True, slots=True)
class WorkflowFiles:
    """The files of the workflows that deploy."""

    runs: Runs

    def of(self, environment: Environment, revision: Revision) -> str:
        """Return the hash of the file that would run for a revision; empty where no workflow deploys.

        Raises:
            RepositoryUnreachable: GitHub cannot be asked at the moment.
            GitHubRefused: there is no such file, nowhere to run it, or it is not shown to us.
        """
        if environment.deployer != "github" or environment.workflow is None:
            return ""
        name, anywhere = environment.workflow.workflow, "{sha}" in environment.workflow.inputs.values()
        try:
            _, head = self.runs.head_for(revision.ref, revision.sha, anywhere=anywhere)
            return self.runs.file_at(name, head)
        except GitHubRefused:
            raise
        except GitHubError as error:
            raise RepositoryUnreachable(environment.repository, str(error)) from error
