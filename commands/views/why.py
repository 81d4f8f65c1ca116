"""Why something waits: every gate, how it is, and who can clear it."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.replies import Block
from commands.views.blocks import code, context, escape, message, section
from commands.views.words import count, when
from deployers.gates import Standing

_OPEN, _SHUT, _ABSENT = ":white_check_mark:", ":no_entry_sign:", ":white_small_square:"


@dataclass(frozen=True, slots=True)
class Line:
    """One gate as people read it."""

    name: str
    told: str
    """Escaped already: it may hold mentions."""
    shut: bool = False
    there: bool = True
    clears: str = ""
    """Who or what can clear it, as a whole sentence, escaped."""


def line_of(gate: Standing) -> Line:
    """Return the line of a gate."""
    it = gate.refused
    since = f" Since {when(it.since)}." if it and it.since else ""
    return Line(
        gate.name,
        f"{escape(gate.told)}{since}",
        shut=it is not None,
        there=gate.there,
        clears=clears(it.who, it.next) if it else "",
    )


def clears(who: str, following: str) -> str:
    """Return who can clear a gate, and what to type then; `who` may hold mentions."""
    by = f"{who} can clear it" if who else ""
    then = f"{'then type' if by else 'Type'} {code(following)}" if following else ""
    both = ", ".join(filter(None, [by, then]))
    return f"{both}." if both else ""


def shown(head: str, lines: Sequence[Line], note: str = "") -> tuple[str, tuple[Block, ...]]:
    """Return every gate as text and as blocks: the shut ones first; `head` and `note` are escaped already."""
    shut = [it for it in lines if it.shut]
    rest = sorted((it for it in lines if not it.shut), key=lambda it: not it.there)
    state = _state(len(shut)) if lines else ""
    told = [_told(it) for it in (*shut, *rest)]
    text = "\n".join(filter(None, [f"{head} {state}".strip(), *told, note]))
    blocks = message(
        section(f"{head} {state}".strip()),
        section("\n".join(told[: len(shut)])) if shut else None,
        section("\n".join(told[len(shut) :])) if rest else None,
        context(note) if note else None,
    )
    return text, blocks


def _state(shut: int) -> str:
    return f"*{count(shut, 'gate is', 'gates are')} shut.*" if shut else "*No gate is shut.*"


def _told(it: Line) -> str:
    icon = _SHUT if it.shut else _OPEN if it.there else _ABSENT
    return f"{icon} *{it.name}*: {it.told}{f' {it.clears}' if it.clears else ''}"
