"""What speaks against this moment: the time of day, and how it went before; told before anybody approves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from commands.views.words import short, state
from storage.models import Deployment, Kind, Status

MORNING, EVENING, FRIDAY = 7, 18, 15
"""The hours between which people are there to notice, and from which on Friday is nearly the weekend."""
_WENT_BADLY = frozenset({Status.FAILED, Status.ROLLED_BACK, Status.INCOMPLETE, Status.UNKNOWN})
_TRIED = _WENT_BADLY | {Status.SUCCEEDED}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When something is asked for, and what was deployed there before."""

    now: datetime
    zone: str
    sha: str
    before: Sequence[Deployment] = ()
    """The newest first."""


def circumstances(it: Circumstances) -> list[str]:
    """Return what is unusual about the moment, in words."""
    return [*_hour(it.now.astimezone(ZoneInfo(it.zone)), it.zone), *_outcome(it)]


def _hour(local: datetime, zone: str) -> Iterator[str]:
    told = f"it is {local:%A %H:%M} in {zone}"
    if local.weekday() > 4 or not MORNING <= local.hour < EVENING:
        yield f"{told}: few people are there to notice"
    elif local.weekday() == 4 and local.hour >= FRIDAY:
        yield f"{told}: the weekend is near"


def _outcome(it: Circumstances) -> Iterator[str]:
    tried = [one for one in it.before if one.kind is Kind.DEPLOY and one.status in _TRIED]
    bad = next((one for one in tried if one.sha == it.sha and _went_badly(one)), None)
    if bad:
        yield f"this very commit did not go well here before (#{bad.id} {_ended(bad)})"
    elif tried and _went_badly(tried[0]):
        yield f"the last deployment here did not go well (#{tried[0].id} {_named(tried[0])} {_ended(tried[0])})"


def _went_badly(one: Deployment) -> bool:
    return one.status in _WENT_BADLY or one.bad or one.undone_by is not None


def _ended(one: Deployment) -> str:
    return "was taken back" if one.status is Status.SUCCEEDED else f"is {state(one)}"


def _named(one: Deployment) -> str:
    return short(one.sha) if one.ref == one.sha else one.ref
