"""What the deployers need from the outside: remotes, repositories, health; and what they tell upstairs."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import httpx

from deployers.environment import Environment, Host
from deployers.ports_beyond import (
    AskChecks,
    AskPulls,
    AskWorkflow,
    Ci,
    Learn,
    Learned,
    OpenPull,
    Pull,
    ask_no_pulls,
    ask_no_workflow,
    ask_nobody,
    learn_nothing,
)
from deployers.ports_git import Commit, Difference, Repository, Revision

__all__ = [
    "Answer",
    "AskChecks",
    "AskPulls",
    "AskWorkflow",
    "Authority",
    "Ci",
    "Clock",
    "Commit",
    "Difference",
    "Fate",
    "Finding",
    "Learn",
    "Learned",
    "OpenPull",
    "Operation",
    "Preflight",
    "Pull",
    "Record",
    "Remote",
    "Repository",
    "Revision",
    "ask_no_pulls",
    "ask_no_workflow",
    "ask_nobody",
    "learn_nothing",
]

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
