"""Every step of one deployment: what it did, where, how long, and how it ended."""

from collections.abc import Sequence

from commands.replies import Block
from commands.views.blocks import context, fence, line, message, section, small
from commands.views.card import text
from commands.views.outcome import failing, last_lines
from commands.views.request import asked_by, digest
from commands.views.words import count, lasting, noun, who
from storage.models import StepRecord, StepState
from storage.reports import Facts

MOST_STEPS = 30
_MARKS: dict[StepState, str] = {
    StepState.INTENDED: "…",
    StepState.SUCCEEDED: "✓",
    StepState.FAILED: "✗",
    StepState.UNKNOWN: "?",
    StepState.SKIPPED: "–",
}


def details(seen: Facts) -> tuple[str, tuple[Block, ...]]:
    """Return the steps as text and as blocks, the newest ones if there are many."""
    lines = [_line(it) for it in seen.steps]
    back = [_line(it) for it in seen.child_steps]
    shown = _newest(lines) or "No step has begun."
    output = last_lines(seen.deployment.failure or {}, failing(seen), 20)
    blocks = message(
        section(text(seen)),
        small(f"{digest(seen)} · {asked_by(seen.deployment)}"),
        section(f"*Steps*\n{shown}"),
        section(f"*Going back*\n{_newest(back)}") if back else None,
        section(fence(output, 2_000)) if output else None,
        context(f"Plan `{seen.deployment.plan_hash[:12]}`"),
    )
    return f"{text(seen)}\n{shown}", blocks


def _newest(lines: Sequence[str]) -> str:
    hidden = len(lines) - MOST_STEPS
    more = [f"… {count(hidden, 'earlier step')}"] if hidden > 0 else []
    return "\n".join([*more, *lines[-MOST_STEPS:]])


def _line(record: StepRecord) -> str:
    took = ""
    if record.finished_at:
        took = f", {lasting((record.finished_at - record.started_at).total_seconds())}"
    code = f", exit {record.exit_code}" if record.exit_code else ""
    again = f", attempt {record.attempt}" if record.attempt > 1 else ""
    by = f", resolved by {who(record.resolved_by)}" if record.resolved_by else ""
    why = f": {line(record.message, 120)}" if record.message else ""
    what = f"{_MARKS[record.state]} {record.number + 1}. {noun(record.kind)} on {line(record.target, 40)}"
    return f"{what}{took}{code}{again}{by}{why}"
