"""How far a deployment has come: a bar for each target, what happens now, how long it takes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from commands.replies import Block
from commands.views.blocks import line, section
from commands.views.words import count, doing, lasting, stopped_by, when
from storage.models import Deployment, Status, StepRecord, StepState
from storage.reports import Facts

MOST_TARGETS = 10
CELLS = 10
_STANDS_STILL = frozenset({Status.INCOMPLETE, Status.UNKNOWN})
_DONE = frozenset({StepState.SUCCEEDED, StepState.SKIPPED})


class Interest(IntEnum):
    """How much somebody who watches wants to see a target; the lowest first."""

    TROUBLE = 0
    BUSY = 1
    WAITING = 2
    DONE = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """One target's way through the plan."""

    target: str
    done: int
    steps: int
    word: str
    interest: Interest

    @property
    def text(self) -> str:
        """Return the bar as text."""
        full = CELLS if self.done >= self.steps else self.done * CELLS // self.steps
        return f"{'▰' * full}{'▱' * (CELLS - full)}  *{line(self.target, 60)}*  {self.word}"


def progress(seen: Facts) -> list[Block]:
    """Return the bars of all targets; beyond ten those in trouble or at work come first, the rest is counted."""
    lines = bar_lines(seen)
    return [section("\n".join(lines))] if lines else []


def bar_lines(seen: Facts) -> list[str]:
    """Return the same as lines."""
    cut_off = bool(stopped_by(seen.deployment))
    return _folded(bars(seen.plan.get("steps", []), seen.steps, cut_off=cut_off))


def going_back(records: Sequence[StepRecord]) -> list[Block]:
    """Return how far an automatic rollback has come, from its records alone."""
    targets = dict.fromkeys(it.target for it in records)
    lines = []
    for target in targets:
        latest = list(_latest(it for it in records if it.target == target).values())
        done = sum(it.state in _DONE for it in latest)
        word = "is back" if done == len(latest) else _word(latest, total=0)[0]
        lines.append(f"{':white_check_mark:' if done == len(latest) else ':rewind:'} *{line(target, 60)}* {word}")
    more = [f"… and {len(lines) - MOST_TARGETS} more targets"] if len(lines) > MOST_TARGETS else []
    return [section("\n".join([*lines[:MOST_TARGETS], *more]))] if lines else []


def bars(steps: Sequence[Mapping[str, Any]], records: Iterable[StepRecord], *, cut_off: bool = False) -> list[Bar]:
    """Return a bar for each target of the plan, in the order of the plan.

    Where somebody stopped the deployment, the step that ran was cut off and did not fail.
    """
    latest = _latest(records)
    targets = dict.fromkeys(target for step in steps for target in step["targets"])
    return [_bar(target, steps, latest, cut_off=cut_off) for target in targets]


def timing(seen: Facts, now: datetime | None = None) -> str:
    """Return when it began, how long it has taken and how long it usually takes."""
    deployment = seen.deployment
    if deployment.started_at is None:
        return "Not started yet"
    until = deployment.finished_at or now or last_seen(deployment, (*seen.steps, *seen.child_steps))
    took = lasting((until - deployment.started_at).total_seconds())
    usual = f", usually {lasting(seen.typical_seconds)}" if seen.typical_seconds else ""
    if deployment.finished_at:
        return f"Took {took}{usual} · ended {when(deployment.finished_at)}"
    if deployment.status in _STANDS_STILL:
        return f"Began {when(deployment.started_at)}"
    step = step_of(seen)
    return f"{f'{step} · running' if step else 'Running'} for {took}{usual}"


def last_seen(deployment: Deployment, records: Iterable[StepRecord]) -> datetime:
    """Return the newest instant that the rows tell of."""
    told = [it.finished_at or it.started_at for it in records]
    return max([deployment.changed_at, *told])


def step_of(seen: Facts) -> str:
    """Return which step of how many it is at; empty when none runs, or when it goes back."""
    running = [it.number for it in _latest(seen.steps).values() if it.state is StepState.INTENDED]
    if not running or seen.child_steps:
        return ""
    return f"Step {min(running) + 1} of {len(seen.plan.get('steps', []))}"


def _latest(records: Iterable[StepRecord]) -> dict[tuple[int, str], StepRecord]:
    newest: dict[tuple[int, str], StepRecord] = {}
    for record in sorted(records, key=lambda it: it.attempt):
        newest[record.number, record.target] = record
    return newest


def _bar(
    target: str,
    steps: Sequence[Mapping[str, Any]],
    latest: Mapping[tuple[int, str], StepRecord],
    *,
    cut_off: bool,
) -> Bar:
    numbers = [number for number, step in enumerate(steps) if target in step["targets"]]
    records = [latest[number, target] for number in numbers if (number, target) in latest]
    done = sum(record.state in _DONE for record in records)
    word, interest = _word(records, total=len(numbers), cut_off=cut_off)
    return Bar(target, done, len(numbers), word, interest)


def _word(records: Sequence[StepRecord], *, total: int, cut_off: bool = False) -> tuple[str, Interest]:
    for record in records:
        if record.state is StepState.FAILED:
            became = ":black_square_for_stop: {} stopped" if cut_off else ":x: {} failed"
            return became.format(doing(record.kind)), Interest.TROUBLE
        if record.state is StepState.UNKNOWN:
            return f":question: {doing(record.kind)}: outcome unknown", Interest.TROUBLE
    for record in records:
        if record.state is StepState.INTENDED:
            return doing(record.kind), Interest.BUSY
    if len(records) >= total:
        return "done", Interest.DONE
    return f"{len(records)} of {total} done" if records else "not begun", Interest.WAITING


def _folded(shown: Sequence[Bar]) -> list[str]:
    if len(shown) <= MOST_TARGETS:
        return [bar.text for bar in shown]
    ordered = sorted(shown, key=lambda bar: bar.interest)
    rest = ordered[MOST_TARGETS:]
    counted = ", ".join(
        f"{number} {name}"
        for name, number in (
            ("in trouble", sum(bar.interest is Interest.TROUBLE for bar in rest)),
            ("at work", sum(bar.interest is Interest.BUSY for bar in rest)),
            ("waiting", sum(bar.interest is Interest.WAITING for bar in rest)),
            ("done", sum(bar.interest is Interest.DONE for bar in rest)),
        )
        if number
    )
    return [
        *(bar.text for bar in ordered[:MOST_TARGETS]),
        f"… and {count(len(rest), 'more target', 'more targets')}: {counted}",
    ]
