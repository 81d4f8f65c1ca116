"""What may be asked of whoever knows more than git: pull requests, checks, the workflow's file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from deployers.environment import Environment
from deployers.errors import DeployError, OnlyGit
from deployers.ports_git import Difference, Revision


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request that was merged."""

    number: int
    title: str
    author: str
    url: str
    labels: tuple[str, ...] = ()
    fork: bool = False
    """Whether it came from somebody else's copy of the repository."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known of the commits that go live beyond git; by itself: that nobody was asked."""

    pulls: tuple[Pull, ...] = ()
    """The pull requests that brought them, newest first."""
    alone: tuple[str, ...] = ()
    """Commits that came without one."""
    unasked: int = 0
    """Commits of which it is not known."""
    signed: bool | None = None
    """Whether the revision carries a signature that holds; None when that is not known."""
    asked: bool = False
    """Whether there is anybody to ask beyond git."""


Learn = Callable[[Revision, Difference], Learned]
"""Asks whoever knows more than git; never raises."""


def learn_nothing(revision: Revision, difference: Difference) -> Learned:
    """Ask nobody, where there is only git."""
    return Learned()


class Ci(StrEnum):
    """What all checks on a commit say together."""

    GREEN = "green"
    PENDING = "pending"
    RED = "red"
    NONE = "none"
    """Nothing was checked."""
    UNKNOWN = "unknown"
    """It could not be asked, or not in time."""


@dataclass(frozen=True, slots=True)
class OpenPull:
    """A pull request that waits to be merged."""

    pull: Pull
    opened: datetime
    ci: Ci
    red: tuple[str, ...] = ()
    """The checks that failed."""
    draft: bool = False


AskPulls = Callable[[], tuple[OpenPull, ...]]
"""Returns the open pull requests, oldest first; raises a DeployError when they cannot be told."""


def ask_no_pulls() -> tuple[OpenPull, ...]:
    """Say that nobody can be asked, where there is only git."""
    raise OnlyGit("pull requests")


AskWorkflow = Callable[[Environment, Revision], str]
"""Returns git's hash of the workflow's file that would deploy.

Raises RepositoryUnreachable while it cannot be told, and another DeployError where it never can.
"""


def ask_no_workflow(environment: Environment, revision: Revision) -> str:
    """Return nothing, where no workflow deploys."""
    return ""


AskChecks = Callable[[str, Sequence[str]], DeployError | None]
"""Asks what continuous integration says about a SHA now, and keeps it in `storage/checks` for the gates.

Takes the names of the checks that are required; what cannot be told of them is kept as unknown. Returns why it could
not be asked, and never raises for that.
"""


def ask_nobody(sha: str, required: Sequence[str]) -> DeployError | None:
    """Ask nobody, where no continuous integration is known: what is required stays unknown."""
    return None
