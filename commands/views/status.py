"""What runs where, and what is on its way."""

from collections.abc import Sequence
from datetime import datetime

from commands.replies import Block
from commands.views import freezing, maintenance, places
from commands.views.blocks import divider, message, section
from commands.views.card import headline
from commands.views.outcome import resolving, unclear, way_out
from commands.views.progress import bar_lines, timing
from commands.views.words import ICONS
from storage.models import Status
from storage.reports import EnvironmentStatus, Facts


def shown(
    seen: Sequence[tuple[EnvironmentStatus, Facts | None]], at: datetime | None = None
) -> tuple[str, tuple[Block, ...]]:
    """Return the environments as text and as blocks, at an instant."""
    if not seen:
        return "No environment is configured.", ()
    blocks: list[Block] = []
    texts: list[str] = []
    for now, running in seen:
        paragraphs = _paragraphs(now, running, at)
        texts.append("\n".join(paragraphs))
        blocks += [divider()] if blocks else []
        blocks += [section(it) for it in paragraphs]
    return "\n\n".join(texts), message(*blocks)


def _paragraphs(now: EnvironmentStatus, running: Facts | None, at: datetime | None) -> list[str]:
    told = [places.runs(now), places.disagreement(now), "\n".join(places.waiting(now.waiting))]
    if running:
        told[2:2] = ["\n".join(_running(running))]
    told.append(maintenance.standing(now.maintenance))
    told.append(freezing.standing(now.freeze, at))
    return [it for it in told if it]


def _running(seen: Facts) -> list[str]:
    deployment = seen.deployment
    lines = [f"{ICONS[deployment.status]} {headline(deployment)}", *bar_lines(seen), timing(seen)]
    if deployment.status is Status.INCOMPLETE:
        lines.append(f"Next: {way_out(seen)}")
    if deployment.status is Status.UNKNOWN:
        lines += [resolving(deployment, it) for it in unclear(seen)[:8]]
    return lines
