"""What people fill in, and how Slack wraps it for the app."""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack import words
from bot.sandbox.slack.entities import Json, SlackError

TYPED = frozenset({"plain_text_input", "number_input", "email_text_input", "url_text_input"})
ONE_OPTION = frozenset({"static_select", "external_select", "radio_buttons", "overflow"})
MANY_OPTIONS = frozenset({"checkboxes", "multi_static_select", "multi_external_select"})
PLAIN_KEYS = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}
INITIAL = (
    *("initial_value", "initial_option", "initial_options", "initial_user", "initial_users", "initial_date"),
    *("initial_time", "initial_date_time", "initial_conversation", "initial_channel"),
)
FILL_IN = "Please complete this required field."


def wrap(element: Json, raw: Any) -> Json:
    """Return an element's state or action as Slack writes it, from what a person gave."""
    kind = element["type"]
    if kind in TYPED:
        return {"type": kind, "value": raw or None}
    if kind in ONE_OPTION:
        return {"type": kind, "selected_option": option(element, raw) if raw else None}
    if kind in MANY_OPTIONS:
        return {"type": kind, "selected_options": [option(element, one) for one in raw or ()]}
    if kind in PLAIN_KEYS:
        return {"type": kind, PLAIN_KEYS[kind]: raw or None}
    return {"type": kind, "text": element.get("text"), "value": element.get("value", "")}


def option(element: Json, raw: Any) -> Json:
    """Return the option somebody means by its value or its text; a whole option is itself."""
    if isinstance(raw, dict):
        return raw
    for one in options(element):
        if raw in (one.get("value"), one["text"]["text"]):
            return one
    if "external" in element["type"]:
        return {"text": {"type": "plain_text", "text": raw}, "value": raw}
    raise SlackError("no_such_option", wanted=raw, there_are=[one["text"]["text"] for one in options(element)])


def options(element: Json) -> list[Json]:
    """Return the options of an element, out of their groups."""
    grouped = [one for group in element.get("option_groups", ()) for one in group["options"]]
    return [*element.get("options", ()), *grouped]


def initial(element: Json) -> Any:
    """Return what an element holds before anybody touched it."""
    return next((element[key] for key in INITIAL if key in element), None)


def state(blocks: list[Json], given: dict[str, dict[str, Any]]) -> Json:
    """Return the values of all elements that hold one, by block id and action id."""
    values: Json = {}
    for block, element in holders(blocks):
        key, action = block["block_id"], element["action_id"]
        raw = given.get(key, {}).get(action, initial(element))
        values.setdefault(key, {})[action] = wrap(element, raw)
    return values


def holders(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield each element that holds a value, with its block."""
    for block in blocks:
        for element in words.interactive(block):
            if element["type"] in TYPED | ONE_OPTION | MANY_OPTIONS or element["type"] in PLAIN_KEYS:
                yield block, element


def faults(blocks: list[Json], given: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return what keeps a modal from being sent, by block id, as Slack checks it on the screen."""
    found: dict[str, str] = {}
    for block, element in holders(blocks):
        raw = given.get(block["block_id"], {}).get(element["action_id"], initial(element))
        if block["type"] == "input" and (fault := _fault(block, element, raw)):
            found[block["block_id"]] = fault
    return found


def _fault(block: Json, element: Json, raw: Any) -> str:
    if not raw:
        return "" if block.get("optional") else FILL_IN
    if element["type"] != "plain_text_input":
        return ""
    if len(raw) < element.get("min_length", 0):
        return f"Please enter at least {element['min_length']} characters."
    if len(raw) > element.get("max_length", 3000):
        return f"Please enter at most {element.get('max_length', 3000)} characters."
    return ""


def element_of(blocks: list[Json], action_id: str, block_id: str = "") -> tuple[Json, Json]:
    """Return the block and the element that an action id names."""
    for block in blocks:
        for element in words.interactive(block):
            if element["action_id"] == action_id and block_id in ("", block["block_id"]):
                return block, element
    raise SlackError("no_such_element", wanted=action_id)
