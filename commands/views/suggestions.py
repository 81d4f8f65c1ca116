"""Tags, releases and branches, as a menu offers them while somebody types."""

from collections import Counter
from collections.abc import Iterable

from commands.replies import Block
from commands.views.blocks import plain
from commands.views.words import short
from deployers.ports import Revision

MOST = 100
_LONGEST = 75


def options(found: Iterable[Revision]) -> list[Block]:
    """Return what can be chosen; a name that is a tag and a branch is offered as both, each so that it means one."""
    revisions = list(dict.fromkeys(found))
    names = Counter(it.ref for it in revisions)
    offered = [_option(it, _said(it, alone=names[it.ref] == 1)) for it in revisions]
    return [it for it in offered if 0 < len(it["value"]) <= _LONGEST][:MOST]


def _said(it: Revision, *, alone: bool) -> str:
    return it.ref if alone else it.full_ref.removeprefix("refs/")


def _option(it: Revision, said: str) -> Block:
    kind = "tag" if it.full_ref.startswith("refs/tags/") else "branch"
    about = f"{it.published or kind} · {short(it.sha)}"
    return {"text": plain(said, _LONGEST), "value": said, "description": plain(about, _LONGEST)}
