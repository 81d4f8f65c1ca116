"""What the stand-in for GitHub holds beside the git repository."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """A job of a workflow, as it will go when it runs."""

    name: str
    seconds: float = 1.0
    steps: tuple[str, ...] = ("Set up job", "Run")
    fails_at: str = ""
    """The step that fails; empty for a job that goes well."""
    environment: str = ""
    """A protected environment, whose approval it waits for."""
    log: str = ""
    does: str = ""
    """The step that is done for real, and takes as long as that takes; empty where all of it is played."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What became of a step that was done for real."""

    ended: datetime
    well: bool
    log: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow file of the repository."""

    id: int
    name: str
    path: str
    inputs: tuple[str, ...] = ()
    """The inputs that it declares; others are refused."""
    run_name: str = ""
    """How its runs are called: `Deploy {ref} ({operation})`; the workflow's own name when empty."""
    tasks: tuple[Task, ...] = (Task("deploy"),)
    dispatchable: bool = True


@dataclass(slots=True)
class Run:
    """A workflow's run: what was asked, and what people did to it since."""

    id: int
    number: int
    workflow: Workflow
    branch: str
    """The branch or tag that it was dispatched on."""
    sha: str
    inputs: Mapping[str, str]
    created: datetime
    actor: str
    event: str = "workflow_dispatch"
    attempt: int = 1
    queued_seconds: float = 0.0
    stop_seconds: float = 0.2
    """How long it takes to stop once somebody cancels it."""
    stuck: bool = False
    """Whether no runner ever takes it."""
    behind: bool = False
    """Whether another run of its concurrency group goes first."""
    began: datetime | None = None
    """When the newest attempt began; when it was created unless it was run again."""
    answers: dict[str, tuple[datetime, bool]] = field(default_factory=dict)
    """By environment: when somebody answered, and whether with yes."""
    cancelled: datetime | None = None
    deeds: dict[tuple[int, str], Deed] = field(default_factory=dict)
    """By attempt and job: what was done for real."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check run: what an app found out about a commit."""

    id: int
    sha: str
    name: str
    status: str
    conclusion: str | None
    started: datetime
    completed: datetime | None
    app: str = "github-actions"
    suite: int = 1


@dataclass(frozen=True, slots=True)
class Status:
    """A commit status: the older way to say what was found out about a commit."""

    id: int
    sha: str
    context: str
    state: str
    created: datetime
    description: str = ""


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request."""

    number: int
    title: str
    author: str
    branch: str
    head: str
    merged_as: str = ""
    """The commit that it became; empty while it is open."""
    merged_at: datetime | None = None
    created: datetime | None = None
    labels: tuple[str, ...] = ()
    fork: bool = False
    body: str = ""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment under a pull request."""

    id: int
    pull: int
    body: str
    author: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """An environment of the repository."""

    id: int
    name: str
    protected: bool = False
    may_approve: bool = True
    """Whether who asks is one of its reviewers."""


@dataclass(slots=True)
class Shipment:
    """A deployment as GitHub lists it, with what was said about it since, newest last."""

    id: int
    sha: str
    ref: str
    environment: str
    task: str
    description: str
    payload: Any
    created: datetime
    statuses: list[Json] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Access:
    """What a token opens: permissions by name, and repositories; None opens all."""

    login: str
    permissions: Mapping[str, str] | None = None
    repositories: tuple[str, ...] | None = None
    expires: datetime | None = None

    def allows(self, permission: str, level: str, repository: str) -> bool:
        """Say whether the token may do something of this kind there."""
        if self.repositories is not None and repository not in self.repositories:
            return False
        held = "write" if self.permissions is None else self.permissions.get(permission, "")
        return held in ("write", level)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that came in, and how it was answered; a status of 0 means not at all."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    status: int
    answer: Any
