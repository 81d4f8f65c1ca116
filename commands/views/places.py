"""How an environment is, in lines: what it runs, what its targets serve, what waits."""

from collections.abc import Sequence

from commands.views.blocks import code, escape, line
from commands.views.words import ICONS, count, name_of, release, short, title, when
from storage.models import Deployment, Status
from storage.reports import EnvironmentStatus

MOST_TARGETS = 10
MOST_WAITING = 5


def runs(now: EnvironmentStatus) -> str:
    """Return what it runs, since when and by whom, in two lines."""
    it = now.current
    if it is None:
        return f"*{escape(now.environment)}* has nothing that I deployed."
    sha = "" if it.ref == it.sha else f" ({escape(short(it.sha))})"
    runs = f"*{escape(now.environment)}* runs {release(it.ref, it.sha)}{sha}"
    return f"{runs}\nsince {when(it.served_at)}, by {name_of(it.requested_by, it.requested_name)}, #{it.id}"


def disagreement(now: EnvironmentStatus) -> str:
    """Return which target serves what, where they do not all serve the same; empty where they do."""
    if now.of_one_mind:
        return ""
    served = [f"{line(it.name, 40)} {code(short(it.sha) or 'nothing')}" for it in now.targets[:MOST_TARGETS]]
    more = f" and {len(now.targets) - MOST_TARGETS} more" if len(now.targets) > MOST_TARGETS else ""
    return f":warning: Not every target serves the same: {', '.join(served)}{more}"


def waiting(found: Sequence[Deployment]) -> list[str]:
    """Return requests that hold nothing yet, a line each."""
    lines = [f"{waits(it)}, asked for by {name_of(it.requested_by, it.requested_name)}" for it in found[:MOST_WAITING]]
    more = len(found) - MOST_WAITING
    return lines if more <= 0 else [*lines, f"… and {count(more, 'more request')}"]


def waits(it: Deployment) -> str:
    """Return what a request waits for."""
    what = "waits for its turn" if it.status is Status.QUEUED else "waits for approval"
    return f"{ICONS[it.status]} {title(it)} {what}"
