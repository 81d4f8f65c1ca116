"""What the gates look at, and what they say: a snapshot in, a verdict out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deployers.environment import Freeze, Revisions
from deployers.ports import Finding


@dataclass(frozen=True, slots=True)
class Frozen:
    """A person's word that nothing is deployed, or Shipmate's after a rollback that did not work."""

    by: str
    reason: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the gates look at, as it was at one instant."""

    environment: str
    ref: str
    sha: str
    strategy: str
    now: datetime
    kind: str = "deploy"
    zone: str = "UTC"
    """The zone in which freezes are meant: `Europe/Berlin`."""
    strategies: tuple[str, ...] = ()
    """The strategies that the environment allows; empty allows any."""
    freezes: tuple[Freeze, ...] = ()
    frozen: Frozen | None = None
    """The freeze that somebody has put on the environment."""
    taken_back: str = ""
    """What became of this very revision here when Shipmate took it back; empty where it never did."""
    insists: bool = False
    """Whether somebody wants it again all the same, with a reason."""
    lasts: timedelta = timedelta(0)
    """How long it takes by design: a canary's duration."""
    after: str = ""
    """The environment where the same SHA must have succeeded first."""
    succeeded_there: bool = False
    required_checks: tuple[str, ...] = ()
    checks: Mapping[str, str] = field(default_factory=dict)
    """What is known of the checks on this SHA: name to conclusion."""
    checks_unasked: str = ""
    """Why nobody could be asked for them; empty where somebody was."""
    skip_tests: bool = False
    """Whether somebody asks to go ahead whatever the checks say."""
    may_skip: bool = False
    """Whether the environment lets that be asked."""
    revisions: Revisions = field(default_factory=Revisions)
    """Which revisions the environment takes."""
    full_ref: str = ""
    """`refs/tags/v2.3`; empty where a bare SHA was asked for."""
    older: bool = False
    """Whether everything that it holds runs already, and more."""
    signed: bool | None = None
    """Whether the revision carries a signature that holds; None when that is not known."""
    findings: tuple[Finding, ...] = ()
    left_behind: tuple[str, ...] = ()
    """Targets that would go on with the old code over a migration that nobody has declared compatible with it."""
    strays: tuple[str, ...] = ()
    """Targets that would be compared with, and serve what was left half way on them."""
    approvals_needed: int = 0
    approvals_standing: int | None = None
    """How many approvers still have the role; None before anybody was asked."""
    who: str = ""
    """Who can clear a gate, as mentions."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """No gate is shut; this many people have to agree."""

    approvals: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A gate is shut: which, why, since when, who can clear it, and what to type next."""

    code: str
    why: str
    since: datetime | None = None
    who: str = ""
    next: str = ""


Verdict = Allowed | Refused
