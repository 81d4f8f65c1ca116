"""What our own rows say for a check: deployments, the week against the one before, availability, open locks; pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from deployers.checklists import Item
from deployers.checkup.answers import Case, Known, level
from deployers.checkup.backup import old
from deployers.environment import Environment
from deployers.findings import Found, State, worst
from storage.models import Deployment, Kind, Lock, Review, Status
from storage.samples import Summary

WEEK = timedelta(days=7)
FEW = 60
"""Fewer looks than an hour's say nothing of a week."""
SHOWN = 6
RAN = frozenset({Status.SUCCEEDED, Status.FAILED, Status.ROLLED_BACK})
STUCK = frozenset({Status.INCOMPLETE, Status.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Rows:
    """What was read before anybody was asked."""

    now: datetime
    since: datetime
    """When the check before this one was done."""
    finished: tuple[Deployment, ...] = ()
    """What finished within two weeks, or since then if that is longer ago; oldest first."""
    unfinished: tuple[Deployment, ...] = ()
    locks: tuple[Lock, ...] = ()
    reviews: tuple[Review, ...] = ()
    """Emergencies that nobody has looked back on."""
    samples: Mapping[str, tuple[Summary, Summary]] = field(default_factory=dict)
    """By environment: this week, and the week before."""
    known: Mapping[str, Known] = field(default_factory=dict)


Places = Sequence[Environment]


def deployments(item: Item, rows: Rows, places: Places) -> list[Found]:
    """Return what was deployed since the check before, and how it ended."""
    names = {place.name for place in places}
    ended = [it for it in rows.finished if it.finished_at and it.finished_at >= rows.since and it.environment in names]
    stuck = [it for it in rows.unfinished if it.status in STUCK and it.environment in names and not it.automatic]
    ran = [it for it in ended if it.status in RAN and not it.automatic]
    badly = [it for it in ran if it.status is not Status.SUCCEEDED]
    owed = [it for it in rows.reviews if it.environment in names]
    lines = [
        *(f"{_title(it)} needs somebody" for it in stuck),
        *(f"#{it.deployment_id} was an emergency, and nobody has looked back on it" for it in owed),
        *(_line(it) for it in reversed(ran)),
    ]
    state = State.BAD if stuck else State.ATTENTION if badly or owed else State.GOOD
    advice = "Look at `/deploy status`: it says what to type." if stuck else ""
    advice = advice or ("Look back on it: `/ops review` says what to type." if owed else "")
    return [_found(item, state, _counted(ran, stuck), advice, lines[:SHOWN])]


def week(item: Item, rows: Rows, places: Places) -> list[Found]:
    """Return the week's deployments beside those of the week before."""
    names = {place.name for place in places}
    ran = [it for it in rows.finished if it.status in RAN and not it.automatic and it.environment in names]
    this, last = (_of(ran, rows.now - WEEK, rows.now), _of(ran, rows.now - 2 * WEEK, rows.now - WEEK))
    worse = this.failed + this.rolled_back > last.failed + last.rolled_back
    state = State.ATTENTION if worse else State.GOOD
    return [_found(item, state, this.said(), "", [f"Week before: {last.said()}"])]


def availability(item: Item, rows: Rows, places: Places) -> list[Found]:
    """Return how often each environment answered well, and how fast."""
    return [_available(Case(item, place), rows.samples.get(place.name)) for place in places]


def _available(case: Case, weeks: tuple[Summary, Summary] | None) -> Found:
    place = case.environment
    if not (place.url and place.health):
        return case.found(State.IDLE, "`url` or `health` is not configured")
    this, last = weeks or (Summary(), Summary())
    if this.percent is None or this.told < FEW:
        return case.found(
            State.UNKNOWN,
            f"too few looks to tell: {this.told} this week",
            "I look once a minute: ask again in an hour.",
        )
    slow = this.p95 is not None and timedelta(seconds=this.p95) > place.health.max_p95
    state = worst([level(case.item, this.percent), State.ATTENTION if slow else State.GOOD])
    said = f"{_share(this)}, 95 of 100 answers within {_ms(this.p95)}"
    then = f" (week before: {_share(last)}, {_ms(last.p95)})" if last.told >= FEW else ""
    blind = f"; {this.blind} looks could not be taken" if this.blind else ""
    return case.found(state, said + then + blind)


def locks(item: Item, rows: Rows, places: Places) -> list[Found]:
    """Return which environments are held, by what and for how long."""
    names = {place.name for place in places}
    held = [it for it in rows.locks if it.environment in names]
    ages = {it.environment: (rows.now - it.taken_at).total_seconds() for it in held}
    said = ", ".join(f"{it.environment} by #{it.deployment_id} for {old(ages[it.environment])}" for it in held)
    state = worst(level(item, age) for age in ages.values()) if held else State.GOOD
    return [_found(item, state, said or "none", "", ())]


JUDGES: Mapping[str, Callable[[Item, Rows, Places], list[Found]]] = {
    "deployments": deployments,
    "week": week,
    "availability": availability,
    "locks": locks,
}


@dataclass(frozen=True, slots=True)
class _Week:
    count: int
    failed: int
    rolled_back: int
    median: float | None
    """Seconds from request to done."""

    def said(self) -> str:
        """Return the week in one sentence."""
        took = f"; done {old(self.median)} after the request (median)" if self.median is not None else ""
        deployed = f"{self.count} deployment{'' if self.count == 1 else 's'}"
        return f"{deployed}, {self.failed} failed, {self.rolled_back} rolled back{took}"


def _of(ran: Sequence[Deployment], since: datetime, until: datetime) -> _Week:
    meant = [it for it in ran if it.finished_at and since <= it.finished_at < until]
    asked = [it for it in meant if it.kind is Kind.DEPLOY]
    took = [
        (it.finished_at - it.requested_at).total_seconds()
        for it in asked
        if it.finished_at and it.status is Status.SUCCEEDED
    ]
    rollbacks = sum(it.kind is Kind.ROLLBACK or it.status is Status.ROLLED_BACK for it in meant)
    failed = sum(it.status is Status.FAILED for it in meant)
    return _Week(len(asked), failed, rollbacks, median(took) if took else None)


def _counted(ran: Sequence[Deployment], stuck: Sequence[Deployment]) -> str:
    counts = Counter(it.status for it in ran)
    words = [f"{counts[status]} {status.value.replace('_', ' ')}" for status in RAN_IN_ORDER if counts[status]]
    words += [f"{len(stuck)} unfinished"] if stuck else []
    return ", ".join(words) or "none since the last check"


RAN_IN_ORDER = (Status.SUCCEEDED, Status.ROLLED_BACK, Status.FAILED)


def _title(it: Deployment) -> str:
    ref = it.sha[:7] if it.ref == it.sha else it.ref
    return f"#{it.number} {ref} {'←' if it.kind is Kind.ROLLBACK else '→'} {it.environment}"


def _line(it: Deployment) -> str:
    by = it.requested_name or it.requested_by.removeprefix("cli:")
    return f"{_title(it)} {it.status.value.replace('_', ' ')}, by {by}"


def _found(item: Item, state: State, said: str, advice: str, lines: Sequence[str]) -> Found:
    told = "" if state is State.GOOD else item.advice or advice or item.kind.advice
    return Found(item.probe, item.called, "", state, said, told, tuple(lines))


def _share(summary: Summary) -> str:
    return f"{int((summary.percent or 0) * 100) / 100:g} % available"


def _ms(seconds: float | None) -> str:
    return "?" if seconds is None else f"{seconds * 1000:.0f} ms"
