"""A deployment, and the only moves its status can make."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from storage.columns import Document, Instant, words
from storage.errors import IllegalTransition


class Kind(StrEnum):
    """Which way a deployment goes."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"


class Status(StrEnum):
    """Where a deployment is in its life."""

    REQUESTED = "requested"
    AWAITING_APPROVAL = "awaiting_approval"
    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    VERIFYING = "verifying"
    HOLDING = "holding"
    ROLLING_BACK = "rolling_back"
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


S = Status
_ENDS_EARLY = frozenset({S.CANCELLED, S.REFUSED, S.FAILED})
_ENDS_BADLY = frozenset({S.ROLLING_BACK, S.FAILED, S.INCOMPLETE, S.UNKNOWN, S.CANCELLED})

NEXT: dict[Status, frozenset[Status]] = {
    S.REQUESTED: frozenset({S.AWAITING_APPROVAL, S.QUEUED}) | _ENDS_EARLY,
    S.AWAITING_APPROVAL: frozenset({S.QUEUED, S.REJECTED, S.EXPIRED, S.SUPERSEDED}) | _ENDS_EARLY,
    S.QUEUED: frozenset({S.PREPARING, S.SUPERSEDED}) | _ENDS_EARLY,
    S.PREPARING: frozenset({S.RUNNING, S.REFUSED}) | _ENDS_BADLY,
    S.RUNNING: frozenset({S.VERIFYING, S.HOLDING, S.SUCCEEDED, S.REFUSED}) | _ENDS_BADLY,
    S.VERIFYING: frozenset({S.RUNNING, S.HOLDING, S.SUCCEEDED}) | _ENDS_BADLY,
    S.HOLDING: frozenset({S.RUNNING, S.VERIFYING, S.SUCCEEDED, S.REFUSED}) | _ENDS_BADLY,
    S.ROLLING_BACK: frozenset({S.ROLLED_BACK, S.FAILED, S.INCOMPLETE, S.UNKNOWN}),
    S.INCOMPLETE: frozenset({S.ROLLING_BACK, S.SUPERSEDED, S.ROLLED_BACK, S.FAILED}),
    S.UNKNOWN: frozenset({S.RUNNING, S.ROLLING_BACK, S.FAILED, S.INCOMPLETE, S.CANCELLED, S.SUPERSEDED}),
    S.SUCCEEDED: frozenset(),
    S.FAILED: frozenset(),
    S.ROLLED_BACK: frozenset(),
    S.REJECTED: frozenset(),
    S.EXPIRED: frozenset(),
    S.CANCELLED: frozenset(),
    S.REFUSED: frozenset(),
    S.SUPERSEDED: frozenset(),
}

FINISHED = frozenset(status for status, following in NEXT.items() if not following)
WAITING = frozenset({S.REQUESTED, S.AWAITING_APPROVAL, S.QUEUED})
HOLDS = frozenset(S) - FINISHED - WAITING
_HOLDS = ", ".join(f"'{status}'" for status in sorted(HOLDS))


class Deployment(SQLModel, table=True):
    """One release on its way to one environment."""

    __table_args__ = (
        # One deployment at a time holds an environment; an automatic rollback lives inside its parent's hold.
        Index(
            "one_deployment_holds_an_environment",
            "environment",
            unique=True,
            sqlite_where=text(f"status IN ({_HOLDS}) AND NOT automatic"),
            postgresql_where=text(f"status IN ({_HOLDS}) AND NOT automatic"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: Kind = Field(default=Kind.DEPLOY, sa_type=words(Kind))
    environment: str = Field(index=True)
    ref: str
    """What was asked for: a tag, a branch, or the name of the release to go back to."""
    sha: str
    """The full SHA that the ref was resolved to, once."""
    replaces_sha: str | None = None
    """The SHA that ran when this was asked for; part of what is approved."""
    replaces_ref: str | None = None
    strategy: str
    deployer: str = "ssh"
    release: str
    """The name of the release's directory: `<utc stamp>-<short sha>`."""
    requested_by: str
    """A Slack user id, or `cli:<operating-system user>`, or `shipmate` for an automatic rollback."""
    requested_name: str = ""
    reason: str = ""
    request_key: str | None = Field(default=None, unique=True, index=True)
    """The key of the request that it came from: run again after a crash, that request begins nothing more."""
    status: Status = Field(default=Status.REQUESTED, sa_type=words(Status), index=True)
    version: int = 1
    """Rises with every visible change, so that a projection knows whether it is behind."""
    plan_hash: str = ""
    automatic: bool = False
    known_as: str | None = None
    """For an automatic rollback: what hosts know it by, so that it can begin before it has a row."""
    break_glass: bool = False
    undoes: int | None = Field(default=None, foreign_key="deployment.id")
    """For a rollback: the deployment that it takes back."""
    undone_by: int | None = None
    """The rollback that took this deployment back."""
    bad: bool = False
    """Never a target for `/rollback latest` again."""
    aborted_by: str | None = None
    abort_back: bool = False
    """Whether the abort asked to go back as well."""
    failure: dict[str, Any] | None = Field(default=None, sa_type=Document)
    """`{code, message, step, target, output, advice}` when it ended badly."""
    requested_at: datetime = Field(sa_type=Instant)
    changed_at: datetime = Field(sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    started_at: datetime | None = Field(default=None, sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)
    served_at: datetime | None = Field(default=None, sa_type=Instant)
    """When its release had been verified on every target: its place in the ledger of what was served."""

    def advance(self, to: Status, *, at: datetime) -> None:
        """Move to the next status, or refuse a move the table does not list."""
        if to not in NEXT[self.status]:
            raise IllegalTransition(self.status, to)
        self.status, self.changed_at = to, at
        self.version += 1
        if to is Status.PREPARING and self.started_at is None:
            self.started_at = at
        if to in FINISHED:
            self.finished_at = at

    @property
    def mark(self) -> str:
        """Return what hosts know this deployment by.

        Never the same for two, also where numbers begin again because the database was restored from a backup.
        """
        return self.known_as or f"d{self.number}-{int(self.requested_at.timestamp())}"

    @property
    def finished(self) -> bool:
        """Say whether this deployment can still change."""
        return self.status in FINISHED

    @property
    def holds(self) -> bool:
        """Say whether this deployment holds its environment."""
        return self.status in HOLDS

    @property
    def number(self) -> int:
        """Return the id of a deployment that has been stored."""
        if self.id is None:
            raise ValueError("a deployment has no number before it is stored")
        return self.id
