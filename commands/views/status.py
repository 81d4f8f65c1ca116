"""What runs where, and what is on its way."""

from collections.abc import Sequence

from commands.replies import Block
from commands.views.blocks import code, divider, escape, line, message, section
from commands.views.card import headline
from commands.views.outcome import resolving, unclear, way_out
from commands.views.progress import current_step, progress
from commands.views.words import ICONS, count, release, short, title, when, who
from storage.models import Status
from storage.reports import EnvironmentStatus, Facts

MOST_WAITING = 5


def shown(seen: Sequence[tuple[EnvironmentStatus, Facts | None]]) -> tuple[str, tuple[Block, ...]]:
    """Return the environments as text and as blocks."""
    if not seen:
        return "No environment is configured.", ()
    blocks: list[Block] = []
    texts: list[str] = []
    for now, running in seen:
        told = "\n".join(_lines(now, running))
        texts.append(told)
        blocks += [divider()] if blocks else []
        blocks.append(section(told))
        if running:
            blocks += progress(running)
    return "\n\n".join(texts), message(*blocks)


def _lines(now: EnvironmentStatus, running: Facts | None) -> list[str]:
    lines = [f"*{escape(now.environment)}* {_runs(now)}"]
    if not now.of_one_mind:
        served = ", ".join(f"{line(it.name, 40)} serves {code(short(it.sha) or 'nothing')}" for it in now.targets[:10])
        lines.append(f":warning: The targets are not of one mind: {served}")
    if running:
        lines += _running(running)
    lines += [
        f"{ICONS[it.status]} {title(it)} {_waits(it.status)}, asked for by {who(it.requested_by, it.requested_name)}"
        for it in now.waiting[:MOST_WAITING]
    ]
    if (more := len(now.waiting) - MOST_WAITING) > 0:
        lines.append(f"… and {count(more, 'more request')}")
    return lines


def _runs(now: EnvironmentStatus) -> str:
    if now.current is None:
        return "has nothing that I deployed"
    it = now.current
    return f"runs {release(it.ref, it.sha)} ({code(short(it.sha))}) since {when(it.served_at)}, #{it.id}"


def _running(seen: Facts) -> list[str]:
    deployment = seen.deployment
    lines = [f"{ICONS[deployment.status]} {headline(deployment)}"]
    if step := current_step(seen):
        lines.append(step)
    if deployment.status is Status.INCOMPLETE:
        lines.append(f"Next: {way_out(seen)}")
    if deployment.status is Status.UNKNOWN:
        lines += [resolving(deployment, it) for it in unclear(seen)[:8]]
    return lines


def _waits(status: Status) -> str:
    return "waits for its turn" if status is Status.QUEUED else "waits for approval"
