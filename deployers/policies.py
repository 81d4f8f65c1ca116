"""What an environment lets Shipmate do by itself, and what an emergency may go past."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

TRIGGERS = ("health", "error_rate", "component")
"""What may take a release back: it is not well, too many looks were bad, or a part of it is gone."""


@dataclass(frozen=True, slots=True)
class RollbackPolicy:
    """When Shipmate goes back by itself."""

    automatic: bool = True
    veto: timedelta = timedelta(0)
    blame_window: timedelta = timedelta(minutes=30)
    """So long after it was served a release is blamed for what goes wrong."""
    on: tuple[str, ...] = TRIGGERS
    """What takes a release back by itself."""
    migrations: Literal["ask", "compatible"] = "ask"


@dataclass(frozen=True, slots=True)
class Emergency:
    """What the strategy `emergency` may go past, and who may ask for it; always with a reason."""

    role: str = "operator"
    skip_approvals: bool = False
    skip_tests: bool = False
    """Whether `--skip-tests` may be said."""
    skip_freezes: bool = False
    """Whether weekly freezes are gone past; what a person has frozen stays frozen."""
    skip_order: bool = False
    """Whether the environment that comes before is gone past."""
    page: bool = True
    """Whether the on-call is told as well."""
