"""Say no to blocks and views the way Slack does: by its limits, with a pointer to what is wrong."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack import shapes, words
from bot.sandbox.slack.entities import Json, SlackError
from bot.sandbox.slack.shapes import Nested, Shape

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
BLOCKS_CHARACTERS = 13_200
TEXT_CHARACTERS = 40_000
EDIT_CHARACTERS = 4_000
VIEW_BYTES = 250_000
TITLE_CHARACTERS = 24


def message(text: str, blocks: Any, *, longest: int = TEXT_CHARACTERS) -> list[Json]:
    """Return the blocks of a message when Slack would take it."""
    if len(text) > longest:
        raise SlackError("msg_too_long")
    faults = list(_of_list(blocks, MESSAGE_BLOCKS)) if blocks is not None else []
    _refuse(faults, "invalid_blocks")
    found: list[Json] = blocks or []
    if sum(len(piece) for piece in words.of(found).split("\n")) > BLOCKS_CHARACTERS:
        raise SlackError("msg_blocks_too_long")
    return found


def view(content: Any) -> Json:
    """Return a view when Slack would show it."""
    if not isinstance(content, dict):
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: view"]})
    if len(str(content)) > VIEW_BYTES:
        raise SlackError("view_too_large")
    _refuse([*_of_view(content), *_of_list(content.get("blocks"), VIEW_BLOCKS, "/view/blocks")], "invalid_arguments")
    return content


def _of_view(content: Json) -> Iterator[str]:
    kind = content.get("type")
    if kind not in {"modal", "home"}:
        yield "must be one of modal, home [json-pointer:/view/type]"
    blocks = [block for block in content.get("blocks") or () if isinstance(block, dict)]
    for at, block in enumerate(blocks):
        if block.get("type") in shapes.ONLY_IN_MESSAGES:
            yield f"unsupported type: {block['type']} [json-pointer:/view/blocks/{at}/type]"
    if kind == "modal":
        title = content.get("title")
        yield from _of_text(title, shapes.Words(TITLE_CHARACTERS, needed=True), "/view/title")
        for key in ("submit", "close"):
            yield from _of_text(content.get(key), shapes.Words(TITLE_CHARACTERS), f"/view/{key}")
        if not content.get("submit") and any(block.get("type") == "input" for block in blocks):
            yield "missing required field: submit [json-pointer:/view]"
    for key, longest in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        yield from _of_line(content.get(key), shapes.Line(longest), f"/view/{key}")


def _refuse(faults: list[str], code: str) -> None:
    if faults:
        told = [f"[ERROR] {fault}" for fault in faults]
        raise SlackError(code, errors=faults, response_metadata={"messages": told})


def _of_list(blocks: Any, most: int, pointer: str = "/blocks") -> Iterator[str]:
    if not isinstance(blocks, list):
        yield f"must provide an array [json-pointer:{pointer}]"
        return
    if len(blocks) > most:
        yield f"no more than {most} items allowed [json-pointer:{pointer}]"
    for at, block in enumerate(blocks):
        yield from _of_block(block, f"{pointer}/{at}")
    yield from _twice(blocks, "block_id", pointer)


def _of_block(block: Any, pointer: str) -> Iterator[str]:
    if not isinstance(block, dict):
        yield f"must be an object [json-pointer:{pointer}]"
        return
    shape = shapes.BLOCKS.get(str(block.get("type")))
    if shape is None:
        yield f"unsupported type: {block.get('type')} [json-pointer:{pointer}/type]"
        return
    yield from _of_shape(block, shape, pointer)
    if isinstance(block.get("elements"), list):
        yield from _twice(block["elements"], "action_id", f"{pointer}/elements")


def _of_shape(node: Json, shape: Shape, pointer: str) -> Iterator[str]:
    for key, text in shape.words.items():
        yield from _of_text(node.get(key), text, f"{pointer}/{key}")
    for key, line in shape.lines.items():
        yield from _of_line(node.get(key), line, f"{pointer}/{key}")
    for key, nested in shape.nested.items():
        yield from _of_nested(node.get(key), nested, f"{pointer}/{key}")
    if shape.either and not any(node.get(key) for key in shape.either):
        yield f"one of {', '.join(shape.either)} is required [json-pointer:{pointer}]"


def _of_text(node: Any, rule: shapes.Words, pointer: str) -> Iterator[str]:
    if node is None:
        if rule.needed:
            yield f"missing required field: {pointer.rsplit('/', 1)[1]} [json-pointer:{pointer}]"
    elif not isinstance(node, dict) or node.get("type") not in rule.types:
        yield f"must be a text object of type {' or '.join(rule.types)} [json-pointer:{pointer}]"
    else:
        yield from _of_line(node.get("text"), shapes.Line(rule.longest, needed=True), f"{pointer}/text")


def _of_line(value: Any, rule: shapes.Line, pointer: str) -> Iterator[str]:
    if value is None:
        if rule.needed:
            yield f"missing required field: {pointer.rsplit('/', 1)[1]} [json-pointer:{pointer}]"
    elif not isinstance(value, str):
        yield f"must be a string [json-pointer:{pointer}]"
    elif len(value) > rule.longest:
        yield f"must be less than {rule.longest + 1} characters [json-pointer:{pointer}]"
    elif rule.needed and not value:
        yield f"must be more than 0 characters [json-pointer:{pointer}]"


def _of_nested(value: Any, rule: Nested, pointer: str) -> Iterator[str]:
    if value is None:
        if rule.one and rule.least:
            yield f"missing required field: {pointer.rsplit('/', 1)[1]} [json-pointer:{pointer}]"
        return
    if rule.one:
        yield from _of_member(value, rule, pointer)
    elif not isinstance(value, list):
        yield f"must provide an array [json-pointer:{pointer}]"
    elif not rule.least <= len(value) <= rule.most:
        yield f"between {rule.least} and {rule.most} items allowed [json-pointer:{pointer}]"
    else:
        for at, member in enumerate(value):
            yield from _of_member(member, rule, f"{pointer}/{at}")


def _of_member(member: Any, rule: Nested, pointer: str) -> Iterator[str]:
    if not isinstance(member, dict):
        yield f"must be an object [json-pointer:{pointer}]"
    elif rule.shapes[0] in shapes.OBJECTS:
        yield from _of_shape(member, shapes.OBJECTS[rule.shapes[0]], pointer)
    elif member.get("type") not in rule.shapes:
        yield f"unsupported type: {member.get('type')} [json-pointer:{pointer}/type]"
    else:
        yield from _of_shape(member, shapes.ELEMENTS[str(member["type"])], pointer)


def _twice(nodes: list[Any], key: str, pointer: str) -> Iterator[str]:
    ids = Counter(node[key] for node in nodes if isinstance(node, dict) and node.get(key))
    for name, times in ids.items():
        if times > 1:
            yield f"`{key}` {name} is not unique [json-pointer:{pointer}]"
