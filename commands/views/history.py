"""What was deployed, newest first, a line each."""

from collections.abc import Sequence

from commands.replies import Block
from commands.views.blocks import escape, message, section
from commands.views.words import ICONS, lasting, name_of, release, state, title, when
from storage.models import Deployment, Kind

A_SECTION = 8


def shown(found: Sequence[Deployment], place: str | None) -> tuple[str, tuple[Block, ...]]:
    """Return the deployments as text and as blocks."""
    where = f" on {escape(place)}" if place else ""
    if not found:
        text = f"Nothing was deployed{where} yet. To begin: `/deploy {escape(place or 'production')} v1.0`."
        return text, message(section(text))
    lines = [entry(it, everywhere=place is None) for it in found]
    parts = ["\n".join(lines[at : at + A_SECTION]) for at in range(0, len(lines), A_SECTION)]
    head = f"*Deployments{where}, newest first*"
    return "\n".join([head, *lines]), message(section(head), *(section(part) for part in parts))


def entry(it: Deployment, *, everywhere: bool = True) -> str:
    """Return a deployment and how it ended, in one line; of one environment alone, without its name."""
    took = ""
    if it.started_at and it.finished_at:
        took = f" in {lasting((it.finished_at - it.started_at).total_seconds())}"
    marks = f"{', taken back by #' + str(it.undone_by) if it.undone_by else ''}{', marked bad' if it.bad else ''}"
    by = name_of(it.requested_by, it.requested_name)
    back = "back to " if it.kind is Kind.ROLLBACK else ""
    what = title(it) if everywhere else f"#{it.id} {back}{release(it.ref, it.sha)}"
    return f"{ICONS[it.status]} {what} {state(it)}{took}{marks} · {when(it.requested_at)}, {by}"
