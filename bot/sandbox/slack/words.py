"""What Block Kit says in words, and the ids that Slack gives to blocks that have none."""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import Any

from bot.sandbox.slack.entities import Json

TEXT_OBJECTS = frozenset({"mrkdwn", "plain_text"})
TELLING = ("text", "title", "fields", "elements", "accessory", "label", "element", "hint", "placeholder", "alt_text")
QUIET = frozenset({"static_select", "external_select", "users_select", "multi_static_select"})


def of(blocks: Iterable[Json]) -> str:
    """Return all the words of all blocks, one piece a line, mrkdwn as it is."""
    return "\n".join(piece for block in blocks for piece in _pieces(block) if piece)


def of_message(text: str, blocks: list[Json]) -> str:
    """Return what a message says: its blocks where it has some, otherwise its text."""
    return of(blocks) if blocks else text


def _pieces(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        yield from _row(node)
    elif isinstance(node, dict):
        yield from _of_object(node)


def _row(nodes: list[Any]) -> Iterator[str]:
    for node in nodes:
        yield from _pieces(node)


def _of_object(node: Json) -> Iterator[str]:
    kind = node.get("type")
    if kind in TEXT_OBJECTS:
        yield str(node.get("text", ""))
    elif kind == "emoji":
        yield f":{node.get('name', '')}:"
    elif kind in {"user", "channel", "link"}:
        yield str(node.get("text") or node.get("url") or f"<@{node.get('user_id', node.get('channel_id', ''))}>")
    elif kind == "rich_text_section":
        yield "".join(_row(node.get("elements", [])))
    else:
        for key in TELLING:
            if key in node and not (key == "placeholder" and kind in QUIET):
                yield from _pieces(node[key])


def named(blocks: list[Json], number: Callable[[], int]) -> list[Json]:
    """Return the blocks with an id for each block and each interactive element, as Slack returns them."""
    out = deepcopy(blocks)
    for block in out:
        block.setdefault("block_id", f"b{number()}")
        for element in interactive(block):
            element.setdefault("action_id", f"a{number()}")
    return out


def interactive(block: Json) -> list[Json]:
    """Return the elements of a block that one can press, choose from or type into."""
    found = [*block.get("elements", [])] if block.get("type") in {"actions", "context_actions"} else []
    found += [block[key] for key in ("accessory", "element") if isinstance(block.get(key), dict)]
    return [element for element in found if element.get("type") != "image"]
