"""The limits that Slack documents for each kind of block and element, as data."""

from dataclasses import dataclass, field

PLAIN = ("plain_text",)
ANY = ("plain_text", "mrkdwn")


@dataclass(frozen=True, slots=True)
class Words:
    """A text object: how long it may be, of which types, and whether it must be there."""

    longest: int
    types: tuple[str, ...] = PLAIN
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A plain string: how long it may be and whether it must be there."""

    longest: int
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Nested:
    """A list of things, or one thing when `one` is set: which shapes, how many."""

    shapes: tuple[str, ...]
    most: int = 1
    least: int = 0
    one: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """What one kind of block, element or object may hold."""

    words: dict[str, Words] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    nested: dict[str, Nested] = field(default_factory=dict)
    either: tuple[str, ...] = ()
    """At least one of these must be there."""


ACTION_ID = {"action_id": Line(255)}
BLOCK_ID = {"block_id": Line(255)}
PLACEHOLDER = {"placeholder": Words(150)}
CONFIRM = {"confirm": Nested(("confirm",), one=True)}
OPTIONS = {
    "options": Nested(("option",), 100, 1),
    "option_groups": Nested(("option_group",), 100, 1),
}
SELECTS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
MULTI_SELECTS = tuple(f"multi_{select}" for select in SELECTS)
PICKERS = ("datepicker", "timepicker", "datetimepicker")
CHOICES = ("checkboxes", "radio_buttons")
IN_ACTIONS = ("button", "overflow", "workflow_button", *SELECTS, *MULTI_SELECTS, *PICKERS, *CHOICES)
IN_SECTION = ("image", *IN_ACTIONS)
IN_INPUT = (
    *("plain_text_input", "number_input", "email_text_input", "url_text_input", "file_input", "rich_text_input"),
    *SELECTS,
    *MULTI_SELECTS,
    *PICKERS,
    *CHOICES,
)

_select = Shape(PLACEHOLDER, ACTION_ID, CONFIRM)
_static = Shape(PLACEHOLDER, ACTION_ID, CONFIRM | OPTIONS, either=("options", "option_groups"))
_typed = Shape({"placeholder": Words(150)}, ACTION_ID | {"initial_value": Line(3000)})
_choice = Shape({}, ACTION_ID, CONFIRM | {"options": Nested(("choice",), 10, 1)})

ELEMENTS: dict[str, Shape] = {
    "button": Shape(
        {"text": Words(75, needed=True)},
        ACTION_ID | {"value": Line(2000), "url": Line(3000), "accessibility_label": Line(75)},
        CONFIRM,
    ),
    "workflow_button": Shape({"text": Words(75, needed=True)}, ACTION_ID),
    "overflow": Shape({}, ACTION_ID, CONFIRM | {"options": Nested(("option",), 5, 1)}),
    "image": Shape({}, {"alt_text": Line(2000, needed=True), "image_url": Line(3000)}),
    "mrkdwn": Shape({}, {"text": Line(3000, needed=True)}),
    "plain_text": Shape({}, {"text": Line(3000, needed=True)}),
    "plain_text_input": _typed,
    "number_input": _typed,
    "email_text_input": _typed,
    "url_text_input": _typed,
    "rich_text_input": _typed,
    "file_input": Shape({}, ACTION_ID),
    "checkboxes": _choice,
    "radio_buttons": _choice,
    **dict.fromkeys(PICKERS, _select),
    **dict.fromkeys(SELECTS, _select),
    **dict.fromkeys(MULTI_SELECTS, _select),
    "static_select": _static,
    "multi_static_select": _static,
}

OBJECTS: dict[str, Shape] = {
    "option": Shape(
        {"text": Words(75, needed=True), "description": Words(75)}, {"value": Line(150, needed=True), "url": Line(3000)}
    ),
    "choice": Shape(
        {"text": Words(75, ANY, needed=True), "description": Words(75, ANY)}, {"value": Line(150, needed=True)}
    ),
    "option_group": Shape({"label": Words(75, needed=True)}, nested={"options": Nested(("option",), 100, 1)}),
    "confirm": Shape(
        {
            "title": Words(100, needed=True),
            "text": Words(300, ANY, needed=True),
            "confirm": Words(30, needed=True),
            "deny": Words(30, needed=True),
        }
    ),
    "field": Shape({}, {"text": Line(2000, needed=True)}),
}

BLOCKS: dict[str, Shape] = {
    "section": Shape(
        {"text": Words(3000, ANY)},
        BLOCK_ID,
        {"fields": Nested(("field",), 10, 1), "accessory": Nested(IN_SECTION, one=True)},
        either=("text", "fields"),
    ),
    "header": Shape({"text": Words(150, needed=True)}, BLOCK_ID),
    "divider": Shape({}, BLOCK_ID),
    "context": Shape({}, BLOCK_ID, {"elements": Nested(("image", "mrkdwn", "plain_text"), 10, 1)}),
    "actions": Shape({}, BLOCK_ID, {"elements": Nested(IN_ACTIONS, 25, 1)}),
    "image": Shape({"title": Words(2000)}, BLOCK_ID | {"alt_text": Line(2000, needed=True), "image_url": Line(3000)}),
    "input": Shape(
        {"label": Words(2000, needed=True), "hint": Words(2000)},
        BLOCK_ID,
        {"element": Nested(IN_INPUT, one=True, least=1)},
    ),
    "rich_text": Shape({}, BLOCK_ID),
    "markdown": Shape({}, BLOCK_ID | {"text": Line(12000, needed=True)}),
    "video": Shape({"title": Words(200, needed=True)}, BLOCK_ID),
    "file": Shape({}, BLOCK_ID),
    "table": Shape({}, BLOCK_ID),
    "context_actions": Shape({}, BLOCK_ID),
}
ONLY_IN_MESSAGES = frozenset({"file", "markdown", "table", "context_actions"})
