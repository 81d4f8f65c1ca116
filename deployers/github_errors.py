"""What can go wrong with GitHub; each says what happened in a sentence an operator can act on."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from deployers.errors import DeployError

_HINTS = {
    401: "Check `GITHUB_TOKEN`, or the App's id, private key and installation",
    403: "Check what the token or the App may do there, and that the App is not suspended",
    404: "Check the name, and that the token or the App may see it",
}


class GitHubError(DeployError):
    """The root of what GitHub makes go wrong."""

    code = "github"


@dataclass
class GitHubAway(GitHubError):
    """GitHub did not answer, or not as itself; whether it did what it was asked is not known."""

    why: str
    brief: bool = False
    """Whether asking once more may help: the connection broke, or a server of theirs did."""
    code = "github_away"

    def __str__(self) -> str:
        return f"GitHub cannot be asked: {self.why}. See https://www.githubstatus.com and try again"


@dataclass
class GitHubLimited(GitHubError):
    """GitHub answers no more for a while, because it was asked too much; it did nothing."""

    seconds: int = 0
    until: datetime | None = None
    code = "github_limited"

    def over(self, now: datetime) -> datetime:
        """Return when asking again may help; GitHub wants a minute where it does not say."""
        return self.until or now + timedelta(seconds=self.seconds or 60)

    def __str__(self) -> str:
        when = f"in {self.seconds} s" if self.seconds else "in a few minutes"
        if self.until is not None:
            when = f"from {self.until:%H:%M} UTC on"
        return f"GitHub has been asked too much in my name and answers again {when}"


@dataclass
class GitHubRefused(GitHubError):
    """GitHub said no; nothing was done."""

    status: int
    what: str
    why: str
    code = "github_refused"

    def __str__(self) -> str:
        hint = f". {_HINTS[self.status]}" if self.status in _HINTS else ""
        return f"GitHub refused {self.what} ({self.status}: {self.why}){hint}"


@dataclass
class RunsAmbiguous(GitHubError):
    """More than one run could be the one that was started; nobody guesses which."""

    operation: str
    urls: tuple[str, ...]
    code = "github_ambiguous"

    def __str__(self) -> str:
        which = " and ".join(self.urls)
        return (
            f"{len(self.urls)} runs on GitHub could be the one that I started: {which}. I touch none of them."
            f" Cancel the wrong ones there; to be told apart, a workflow names its runs `${{{{ inputs.operation }}}}`"
        )


@dataclass
class RunNotStarted(GitHubError):
    """A run was asked for, the answer was lost, and no run came of it."""

    workflow: str
    why: str
    code = "github_not_started"

    def __str__(self) -> str:
        return f"`{self.workflow}` was not started: {self.why}, and no run of it has appeared since. Ask for it again"


@dataclass
class WorkflowChanged(GitHubError):
    """The workflow's file is no longer what was approved; nothing was started."""

    workflow: str
    code = "github_workflow_changed"

    def __str__(self) -> str:
        return f"`{self.workflow}` is no longer what was approved: somebody changed its file. Ask for it again"


@dataclass
class RunMismatch(GitHubError):
    """The run that was started works on another commit than the one that was approved; it was cancelled."""

    url: str
    wanted: str
    found: str
    stopped: bool = True
    code = "github_mismatch"

    def __str__(self) -> str:
        told = "I cancelled it, and it has stopped" if self.stopped else "It could not be cancelled: do that there, now"
        return f"{self.url} works on {self.found[:7]}, and {self.wanted[:7]} was approved: the ref was moved. {told}"


@dataclass
class RunGone(GitHubError):
    """Somebody deleted the run on GitHub; what it did until then is not known."""

    run: int
    code = "github_run_gone"

    def __str__(self) -> str:
        return f"the run {self.run} was deleted on GitHub; look at what is served, I cannot read what it did"


@dataclass
class RunNotStopped(GitHubError):
    """A run was cancelled and goes on."""

    url: str
    seconds: float
    code = "github_not_stopped"

    def __str__(self) -> str:
        return f"{self.url} was cancelled {self.seconds:.0f} s ago and has not stopped; look at it there"


NOTHING_STARTED = frozenset(
    each.code for each in (GitHubAway, GitHubLimited, GitHubRefused, RunNotStarted, WorkflowChanged)
)
"""What a step that runs a workflow can fail with before anything was started: nobody has noticed anything."""
