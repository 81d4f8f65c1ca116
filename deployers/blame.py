"""Whose fault trouble is, pure: what a release is blamed for, until when, and what was like that before it came."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from deployers.environment import Health, RollbackPolicy
from deployers.health import Verdict

HEALTH, ERROR_RATE, COMPONENT = "health", "error_rate", "component"


@dataclass(frozen=True, slots=True)
class Before:
    """A route that did not answer well before a deployment began."""

    where: str
    path: str
    why: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return asdict(self)


def ignored(before: Iterable[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    """Return which routes are not asked at which place, because they were not well before."""
    found: dict[str, set[str]] = {}
    for each in before:
        found.setdefault(str(each["where"]), set()).add(str(each["path"]))
    return {where: frozenset(paths) for where, paths in found.items()}


def trigger(verdict: Verdict, health: Health) -> str:
    """Return which of the triggers a verdict of sickness is."""
    if verdict.over_all:
        return ERROR_RATE
    route = verdict.why.split(" ", 1)[0].rstrip(":")
    return COMPONENT if route in {part.path for part in health.components} else HEALTH


def acts(policy: RollbackPolicy, trigger: str) -> bool:
    """Say whether this takes a release back by itself; what is no look at health always may."""
    return policy.automatic and (not trigger or trigger in policy.on)


def window(served_at: datetime, policy: RollbackPolicy) -> datetime:
    """Return until when a release is blamed for what goes wrong."""
    return served_at + policy.blame_window


def in_a_row(looks: Sequence[str], bad: str) -> int:
    """Return how many of the newest looks, oldest first, were bad without a break."""
    count = 0
    for look in reversed(looks):
        if look != bad:
            break
        count += 1
    return count


QUICKEST, SLOWEST = 5.0, 30.0
"""Seconds between two looks at a release that was served, as long as all is well."""
_SPARING = 5


def pace(health: Health, *, suspicious: bool) -> float:
    """Return after how many seconds a release that was served is looked at again: seldom, unless something was bad."""
    quick = health.interval.total_seconds()
    return quick if suspicious else max(quick, min(SLOWEST, max(QUICKEST, _SPARING * quick)))
