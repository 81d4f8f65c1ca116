"""What can go wrong with GitHub; each says what happened in a sentence an operator can act on."""

from dataclasses import dataclass
from datetime import datetime

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
