"""A refusal: which gate, why, since when, who can clear it, and the command to type next."""

from commands.replies import Block
from commands.views.blocks import code, context, escape, message, section
from commands.views.words import when
from deployers.gates import Refused


def refused(verdict: Refused) -> tuple[str, tuple[Block, ...]]:
    """Return a refusal as text and as blocks; private, so that the card is left alone."""
    since = f" Since {when(verdict.since)}." if verdict.since else ""
    who = f" {verdict.who} can clear it." if verdict.who else ""
    following = f" When it is clear: {code(verdict.next)}" if verdict.next else ""
    why = escape(verdict.why)
    blocks = [section(f":no_entry_sign: {why}{since}{who}")]
    if verdict.next:
        blocks.append(section(f"Type next, when it is clear: {code(verdict.next)}"))
    blocks.append(context(f"Gate `{escape(verdict.code)}` · nothing was done"))
    return f"{why}{since}{who}{following}", message(*blocks)
