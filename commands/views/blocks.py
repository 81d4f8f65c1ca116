"""Block Kit by construction: every limit of Slack's is kept here, and what is cut says so."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from commands.replies import Block

MOST_BLOCKS = 50
MOST_TOGETHER = 13_200
SECTION = 3_000
FIELD = 2_000
HEADER = 150
VALUE = 2_000
BUTTON = 75
CONFIRM = 300
CONFIRM_TITLE = 100
ELEMENTS = 25
FIELDS = 10
CONTEXT = 10
CUT = " … _(cut)_"
_TOKEN = re.compile(r"&(?:amp|lt|gt);|<[^<>]{1,400}>")


def escape(text: str) -> str:
    """Return foreign text so that Slack shows it as it is: it links nothing, pings nobody and turns no line around."""
    kept = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs"})
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def line(text: str, limit: int = 200) -> str:
    """Return foreign text as one escaped line of bounded length."""
    flat = " ".join(text.split())
    return escape(flat if len(flat) <= limit else flat[: limit - 1] + "…")


def code(text: str, limit: int = 200) -> str:
    """Return foreign text as inline code; a backtick in it cannot end the code."""
    inside = line(text.replace("`", "ˋ"), limit)
    return f"`{inside or ' '}`"


def fence(text: str, limit: int = 2_000) -> str:
    """Return the end of foreign output as a code block, cut at the beginning, where it matters least."""
    inside = escape(text.strip("\n").replace("`", "ˋ"))
    if len(inside) > limit:
        inside = "…" + _whole_end(inside, limit - 1)
    return f"```\n{inside or ' '}\n```"


def cut(text: str, limit: int) -> str:
    """Return the text within the limit, never through an entity or a mention, and say that it was cut."""
    if len(text) <= limit:
        return text
    room = limit - len(CUT)
    kept = _whole_beginning(text, room)
    if kept.count("```") % 2:
        kept = _whole_beginning(text, max(0, room - 4)) + "\n```"
    return kept + CUT


def _whole_beginning(text: str, end: int) -> str:
    """Return the text up to this place, or up to the entity or mention that lies across it."""
    for found in _TOKEN.finditer(text, 0, min(len(text), end + 500)):
        if found.start() < end < found.end():
            return text[: found.start()]
    return text[:end]


def header(text: str) -> Block:
    """Return a headline; plain text."""
    return {"type": "header", "text": plain(text, HEADER)}


def section(text: str, *, fields: Sequence[str] = (), accessory: Block | None = None) -> Block:
    """Return a paragraph of mrkdwn, with facts in two columns."""
    block: Block = {"type": "section", "text": mrkdwn(text, SECTION)}
    if fields:
        block["fields"] = [mrkdwn(it, FIELD) for it in fields[:FIELDS]]
    if accessory:
        block["accessory"] = accessory
    return block


def facts(pairs: Iterable[tuple[str, str]]) -> Block:
    """Return labelled facts in two columns; empty ones are left out."""
    shown = [f"*{label}*\n{value}" for label, value in pairs if value]
    return {"type": "section", "fields": [mrkdwn(it, FIELD) for it in shown[:FIELDS]]}


def context(*texts: str) -> Block:
    """Return small print."""
    return {"type": "context", "elements": [mrkdwn(it, SECTION) for it in texts[:CONTEXT]]}


def small(*lines: str) -> Block:
    """Return small print, a line each; empty ones are left out."""
    return context("\n".join(it for it in lines if it))


def divider() -> Block:
    """Return a thin line."""
    return {"type": "divider"}


def actions(*buttons: Block) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "elements": list(buttons[:ELEMENTS])}


def button(text: str, *, action: str, value: str, style: str = "", confirm: Block | None = None) -> Block:
    """Return a button; the value is never cut, because half a value means something else."""
    if len(value) > VALUE:
        raise ValueError(f"a button's value has at most {VALUE} characters")
    block: Block = {"type": "button", "text": plain(text, BUTTON), "action_id": action, "value": value}
    if style:
        block["style"] = style
    if confirm:
        block["confirm"] = confirm
    return block


def confirm(title: str, text: str, *, yes: str, no: str = "No, leave it", danger: bool = True) -> Block:
    """Return the question that a dangerous button asks once more, in its own words."""
    asked: Block = {
        "title": plain(title, CONFIRM_TITLE),
        "text": plain(text, CONFIRM),
        "confirm": plain(yes, 30),
        "deny": plain(no, 30),
    }
    if danger:
        asked["style"] = "danger"
    return asked


def plain(text: str, limit: int) -> Block:
    """Return a plain text object; Slack shows it as it is."""
    flat = "".join(char for char in text if unicodedata.category(char) not in {"Cc", "Cf", "Cs"} or char == "\n")
    flat = flat or " "
    return {"type": "plain_text", "text": flat if len(flat) <= limit else flat[: limit - 1] + "…"}


def mrkdwn(text: str, limit: int) -> Block:
    """Return a mrkdwn text object that unfolds nothing by itself."""
    return {"type": "mrkdwn", "text": cut(text, limit) or " "}


def message(*blocks: Block | None) -> tuple[Block, ...]:
    """Return a message's blocks within Slack's limits: the head and every row of buttons stay, and a cut is told."""
    present = [block for block in blocks if block]
    if len(present) <= MOST_BLOCKS and weight(present) <= MOST_TOGETHER:
        return tuple(present)
    note = context("_Some of this is left out here, because a Slack message holds no more._")
    chosen = [at for at, block in enumerate(present) if at == 0 or block["type"] == "actions"][: MOST_BLOCKS - 1]
    room = MOST_TOGETHER - weight([*(present[at] for at in chosen), note])
    for at, block in enumerate(present):
        if at in chosen or len(chosen) >= MOST_BLOCKS - 1:
            continue
        if (needs := weight(block)) > room:
            break
        chosen.append(at)
        room -= needs
    return (*(present[at] for at in sorted(chosen)), note)


def weight(value: Any) -> int:
    """Return how many characters of text a value holds, as Slack counts them together."""
    if isinstance(value, dict):
        return sum(weight(it) for key, it in value.items() if key != "type")
    if isinstance(value, list | tuple):
        return sum(weight(it) for it in value)
    return len(value) if isinstance(value, str) else 0


def _whole_end(text: str, limit: int) -> str:
    begin = len(text) - limit
    for found in _TOKEN.finditer(text, max(0, begin - 10)):
        if found.start() < begin < found.end():
            begin = found.end()
            break
        if found.start() >= begin:
            break
    return text[begin:]
