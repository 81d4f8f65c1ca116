"""What the deployers need from the outside: remotes, repositories, health; and what they tell upstairs."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import httpx

from deployers.environment import Environment, Host
from deployers.errors import OnlyGit

Clock = Callable[[], datetime]
"""The time, in UTC."""


class Fate(StrEnum):
    """What a host's own record says about an operation."""

    ABSENT = "absent"
    """It never began here."""
    RUNNING = "running"
    EXITED = "exited"
    REFUSED = "refused"
    """It was not begun: an abort or a newer token came first, or there was no room."""
    UNKNOWN = "unknown"
    """It began, and neither runs nor left an exit code: killed, or the host went down."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing for a host to do exactly once."""

    id: str
    """`<mark>.<step>.<target>.<attempt>`: [A-Za-z0-9._-], at most 100 characters."""
    script: str
    """POSIX sh, built by `deployers.shell`, everything in it quoted; for GitHub what `deployers.workflow` wrote."""
    deadline: timedelta
    title: str = ""
    intended_at: datetime | None = None
    """When it was written down that it shall be done."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a host wrote down about an operation."""

    id: str
    fate: Fate
    exit_code: int | None = None
    output: str = ""
    """The last 64 KiB of what it printed, decoded with replacement characters."""
    output_bytes: int = 0
    output_sha256: str = ""
    token: int = 0
    why: str = ""
    """For REFUSED: `aborted`, `fenced <newest token>`, `no_room <reason>`, `earlier` (one before it failed)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a read-only command printed."""

    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class Authority:
    """In whose name and under which fencing token a host is told to do something."""

    deployment: str
    """Groups operations for an abort: the deployment's mark, `d42-1795543195`."""
    token: int


class Remote(Protocol):
    """The targets of one environment; a kept connection each, safe to use from several threads.

    Every method may raise Unreachable and HostKeyRefused.
    """

    def perform(
        self,
        host: Host,
        operations: Sequence[Operation],
        authority: Authority,
        *,
        heard: Callable[[Record], None] = lambda _: None,
    ) -> tuple[Record, ...]:
        """Do the operations in order, each exactly once, in one go; stop at the first that does not exit 0.

        An operation that has a record already is not run again: it is waited for or its record is returned.
        A lost connection is mended and the records are read back; UNKNOWN is returned, not raised.
        `heard` is told of each record as it ends (exceptions in it are not this method's to catch).
        """
        ...

    def records(self, host: Host, ids: Sequence[str]) -> tuple[Record, ...]:
        """Read what the host wrote down about these operations, in their order."""
        ...

    def abort(self, host: Host, authority: Authority) -> None:
        """Raise the token, mark the deployment aborted, kill its running operations and wait until they stopped."""
        ...

    def lock(self, host: Host, owner: str, authority: Authority) -> None:
        """Take the host's own lock, or keep it if it is ours already; raises HostLocked or Fenced."""
        ...

    def unlock(self, host: Host, owner: str) -> None:
        """Release the host's own lock if it is ours."""
        ...

    def ask(self, host: Host, script: str, *, deadline: timedelta = timedelta(seconds=20)) -> Answer:
        """Run a read-only script and return the first 64 KiB of what it prints; not recorded, may be run twice."""
        ...

    def http(self, host: Host) -> AbstractContextManager[httpx.Client]:
        """Return an HTTP client whose connections begin on the host itself (SSH `direct-tcpip`)."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, as people want to see it."""

    sha: str
    subject: str
    author: str
    at: datetime
    url: str = ""
    """Where it can be looked at; empty where there is only git."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A ref that was resolved, once."""

    ref: str
    """The short name: `v2.3`, `main`, or the SHA itself."""
    full_ref: str
    """`refs/tags/v2.3`, `refs/heads/main`, or empty for a SHA."""
    sha: str
    published: str = ""
    """For a tag that is suggested: `release` or `pre-release`, where somebody made it one."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What lies between what runs and what is asked."""

    ahead: tuple[Commit, ...]
    """Commits that go live, newest first, at most 100."""
    ahead_count: int
    behind: tuple[Commit, ...]
    """Commits that disappear, newest first, at most 100."""
    behind_count: int
    migrations: tuple[str, ...]
    """Paths below the recipe's migrations folder that were added or changed, in either direction."""
    files_changed: int = 0
    insertions: int = 0
    deletions: int = 0
    touched: tuple[str, ...] = ()
    """At most 200 paths."""
    url: str = ""
    """Where it can be looked at; empty where there is only git."""


class Repository(Protocol):
    """A git repository, wherever it is; every method may raise RepositoryUnreachable."""

    def resolve(self, ref: str) -> Revision:
        """Return what the ref names: a tag or a branch by full name, peeled, or a full SHA.

        Raises:
            RefRefused: it is hostile, missing or ambiguous; carries the closest names.
        """
        ...

    def between(self, base: str, head: str, *, migrations: str = "") -> Difference:
        """Return what lies between two SHAs; `base` may be empty when nothing runs yet."""
        ...

    def refs(self, beginning: str = "", *, limit: int = 100) -> tuple[Revision, ...]:
        """Return tags (newest version first), then branches whose names contain the text; as last fetched."""
        ...


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
"""Returns git's hash of the workflow's file that would deploy; raises RepositoryUnreachable when it cannot be told."""


def ask_no_workflow(environment: Environment, revision: Revision) -> str:
    """Return nothing, where no workflow deploys."""
    return ""


AskChecks = Callable[[str, Sequence[str]], None]
"""Asks what continuous integration says about a SHA now, and keeps it in `storage/checks` for the gates.

Takes the names of the checks that are required; what cannot be told of them is kept as unknown. Never raises for that.
"""


def ask_nobody(sha: str, required: Sequence[str]) -> None:
    """Ask nobody, where no continuous integration is known: what is required stays unknown."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at before anybody is asked to approve."""

    where: str
    what: str
    good: bool
    detail: str = ""
    blocking: bool = True


class Preflight(Protocol):
    """Looks at an environment's targets before anyone approves."""

    def inspect(self, environment: Environment) -> tuple[Finding, ...]:
        """Return what was found: reachable, pinned key, disk, git, lock directory, previous release."""
        ...
