"""What was deployed, newest first, a line each."""

from collections.abc import Sequence

from commands.replies import Block
from commands.views.blocks import escape, message, section
from commands.views.words import ICONS, lasting, title, when, who
from storage.models import Deployment

A_SECTION = 8


def shown(found: Sequence[Deployment], place: str | None) -> tuple[str, tuple[Block, ...]]:
    """Return the deployments as text and as blocks."""
    where = f" on {escape(place)}" if place else ""
    if not found:
        text = f"Nothing was deployed{where} yet. To begin: `/deploy {escape(place or 'production')} v1.0`."
        return text, message(section(text))
    lines = [entry(it) for it in found]
    parts = ["\n".join(lines[at : at + A_SECTION]) for at in range(0, len(lines), A_SECTION)]
    head = f"*Deployments{where}, newest first*"
    return "\n".join([head, *lines]), message(section(head), *(section(part) for part in parts))


def entry(it: Deployment) -> str:
    """Return a deployment and how it ended, in one line."""
    took = ""
    if it.started_at and it.finished_at:
        took = f", {lasting((it.finished_at - it.started_at).total_seconds())}"
    marks = f"{', taken back by #' + str(it.undone_by) if it.undone_by else ''}{', marked bad' if it.bad else ''}"
    state = it.status.value.replace("_", " ")
    by = who(it.requested_by, it.requested_name)
    return f"{ICONS[it.status]} {title(it)} {state} {when(it.requested_at)} by {by}{took}{marks}"
