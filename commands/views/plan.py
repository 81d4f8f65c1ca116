"""A plan, as it would run: steps, targets, changes, and what the gates say."""

from collections.abc import Mapping, Sequence
from typing import Any

from commands.replies import Block
from commands.views.blocks import code, context, escape, facts, line, message, section
from commands.views.request import MOST_MIGRATIONS, commit_lines, warnings
from commands.views.words import count, noun, release, short
from deployers.gates import Refused, Verdict
from deployers.plan import Plan

MOST_STEPS = 40


def shown(plan: Plan, seen: Mapping[str, Any], verdict: Verdict) -> tuple[str, tuple[Block, ...]]:
    """Return the plan as text and as blocks."""
    steps = "\n".join(_steps(plan))
    what = f"{release(plan.ref, plan.sha)} ({code(short(plan.sha))})"
    head = f"*{escape(plan.environment)}* ← {what}, {escape(plan.strategy)}"
    gate = _gate(verdict)
    commits = seen.get("commits", [])
    total = int(seen.get("commits_count", 0))
    blocks = message(
        section(f":memo: {head}"),
        facts(
            [
                ("Replaces", code(short(plan.replaces)) if plan.replaces else "nothing yet"),
                ("Changes", f"{count(total, 'commit')}, {count(int(seen.get('files_changed', 0)), 'file')}"),
                ("Migrations", _migrations(plan.migrations)),
                ("Way back", code(str(seen["way_back"])) if seen.get("way_back") else "none"),
            ]
        ),
        section(f"*Steps*\n{steps}"),
        section(f"*Commits that go live* ({total})\n{commit_lines(commits, total)}") if commits else None,
        *warnings(seen),
        section(gate),
        context(f"Plan `{plan.hash[:12]}` · nothing was run, nobody was asked"),
    )
    return f"{head}\n{steps}\n{gate}", blocks


def _gate(verdict: Verdict) -> str:
    if isinstance(verdict, Refused):
        return f":no_entry_sign: A gate would stop it now: {escape(verdict.why)}"
    if verdict.approvals:
        return f":raised_hand: It would need {count(verdict.approvals, 'approval')}."
    return ":white_check_mark: It would begin at once."


def _steps(plan: Plan) -> list[str]:
    lines = [f"{number}. {noun(step.word)} on {_targets(step.targets)}" for number, step in enumerate(plan.steps, 1)]
    hidden = len(lines) - MOST_STEPS
    return lines if hidden <= 0 else [*lines[:MOST_STEPS], f"… and {count(hidden, 'more step')}"]


def _targets(targets: Sequence[str]) -> str:
    names = ", ".join(line(it, 40) for it in targets[:8])
    return names if len(targets) <= 8 else f"{names} and {len(targets) - 8} more"


def _migrations(paths: Sequence[str]) -> str:
    if not paths:
        return "none"
    names = ", ".join(f"`{line(it.rpartition('/')[2], 60)}`" for it in paths[:MOST_MIGRATIONS])
    return names if len(paths) <= MOST_MIGRATIONS else f"{names} and {len(paths) - MOST_MIGRATIONS} more"
