"""Open pull requests: what could go out first, then what needs somebody; the oldest first in each."""

from collections.abc import Sequence
from datetime import datetime

from commands.replies import Block
from commands.views.blocks import code, context, line, message, section
from commands.views.revisions import labels, link
from commands.views.words import ago, count
from deployers.ports import Ci, OpenPull

MOST = 40
MOST_RED = 3
A_SECTION = 8
_GROUPS = {
    Ci.GREEN: ":large_green_circle: *Green*",
    Ci.RED: ":red_circle: *A check has failed*",
    Ci.PENDING: ":large_yellow_circle: *Checks still run*",
    Ci.NONE: ":white_circle: *Nothing was checked*",
    Ci.UNKNOWN: ":white_circle: *GitHub did not tell me about their checks*",
}
_DRAFTS = ":memo: *Drafts*"


def shown(pulls: Sequence[OpenPull], now: datetime) -> tuple[str, tuple[Block, ...]]:
    """Return the pull requests as text and as blocks."""
    head = _head(pulls, now)
    groups = _grouped(pulls[:MOST])
    told = [f"{title} ({len(found)})\n" + "\n".join(_line(it, now) for it in found) for title, found in groups]
    more = f"… and {count(len(pulls) - MOST, 'newer one')}" if len(pulls) > MOST else ""
    parts = [part for title, found in groups for part in _sections(title, found, now)]
    blocks = message(section(head), *map(section, parts), context(more) if more else None)
    return "\n\n".join(filter(None, [head, *told, more])), blocks


def _head(pulls: Sequence[OpenPull], now: datetime) -> str:
    if not pulls:
        return "No pull request is open."
    oldest = ago(now - min(it.opened for it in pulls))
    green = sum(1 for it in pulls if it.ci is Ci.GREEN and not it.draft)
    be = "is" if len(pulls) == 1 else "are"
    ready = f"{green or 'none'} of them {'is' if green in (0, 1) else 'are'} green and no draft"
    return f"*{count(len(pulls), 'pull request')} {be} open*; the oldest was opened {oldest}, and {ready}."


def _grouped(pulls: Sequence[OpenPull]) -> list[tuple[str, list[OpenPull]]]:
    groups = {title: [it for it in pulls if it.ci is ci and not it.draft] for ci, title in _GROUPS.items()}
    groups[_DRAFTS] = [it for it in pulls if it.draft]
    return [(title, found) for title, found in groups.items() if found]


def _sections(title: str, found: Sequence[OpenPull], now: datetime) -> list[str]:
    """Return a group in so many parts that none is too long for a section."""
    lines = [_line(it, now) for it in found]
    parts = ["\n".join(lines[at : at + A_SECTION]) for at in range(0, len(lines), A_SECTION)]
    return [f"{title} ({len(found)})\n{parts[0]}", *parts[1:]]


def _line(it: OpenPull, now: datetime) -> str:
    pull = it.pull
    fork = ", from a fork" if pull.fork else ""
    red = ", ".join(code(name, 40) for name in it.red[:MOST_RED])
    failed = f" — {red}{' and more' if len(it.red) > MOST_RED else ''} failed" if red else ""
    what = f"• {link(pull.url, f'#{pull.number}')} {line(pull.title, 80)}"
    return f"{what} by {line(pull.author, 40)}{fork}, opened {ago(now - it.opened)}{labels(pull)}{failed}"
