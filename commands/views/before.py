"""What a card says of what was not well before its deployment began."""

from collections.abc import Mapping, Sequence
from typing import Any

from commands.replies import Block
from commands.views.blocks import code, line, small
from commands.views.words import count

MOST = 5


def told(found: Sequence[Mapping[str, Any]]) -> list[Block]:
    """Return what is not blamed on the release, because it was like that before; nothing where all was well."""
    if not found:
        return []
    lines = [_line(it) for it in found[:MOST]]
    more = [f"… and {count(len(found) - MOST, 'more route')}"] if len(found) > MOST else []
    return [small("Was not well before this release, and is not blamed on it:", *lines, *more)]


def _line(it: Mapping[str, Any]) -> str:
    path, where = str(it.get("path", "")), line(str(it.get("where", "")), 60)
    why = line(str(it.get("why", "")).removeprefix(path).lstrip(": "), 120)
    return f"• {code(path, 80)} on {where} {why}"
