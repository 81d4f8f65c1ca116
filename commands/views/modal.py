"""The forms: deploy, roll back, reject; pure and ready at once, because a trigger lives three seconds."""

from collections.abc import Mapping, Sequence
from typing import Any

from commands.replies import Block
from commands.views.blocks import code, escape, plain, section
from deployers.environment import Environment

MOST_OPTIONS = 100
OPTION = 75


def deploy(environments: Mapping[str, Environment]) -> dict[str, Any]:
    """Return the form that asks what goes where; the ref is suggested while one types."""
    return _modal(
        "deploy",
        "Deploy a release",
        "Ask for it",
        [
            _choice("environment", "Where", list(environments)),
            _input(
                "ref",
                "Which release",
                {
                    "type": "external_select",
                    "action_id": "deploy.ref",
                    "min_query_length": 0,
                    "placeholder": plain("Type a tag or a branch", 150),
                },
            ),
            _choice("strategy", "How", _strategies(environments), optional=True, hint="Empty: the environment's own."),
            _text("reason", "Why", optional=True, hint="It stands on the card, beside the button."),
        ],
    )


def rollback(environments: Mapping[str, Environment]) -> dict[str, Any]:
    """Return the form that asks what to bring back; it is shown and confirmed before it is done."""
    return _modal(
        "rollback",
        "Roll back",
        "Show me what it does",
        [
            _choice("environment", "Where", list(environments)),
            _text(
                "version", "Back to", optional=True, hint="A version or a number; empty: the latest that served well."
            ),
            _text("reason", "Why", optional=True),
        ],
    )


def reject(value: str) -> dict[str, Any]:
    """Return the form that asks why a deployment is rejected; it carries the button's value."""
    told = section(f"Nothing of #{escape(value.partition(':')[0])} will be done, and your reason stands on its card.")
    form = _modal(
        "deployment.reject", "Reject a deployment", "Reject", [told, _text("reason", "Why not?", multiline=True)]
    )
    return {**form, "private_metadata": value}


def typed(value: str) -> dict[str, Any]:
    """Return the form in which whoever takes data back types of which environment; it carries the button's value."""
    place, _, words = value.split(":", 2)[-1].partition(":")
    asked = code(f"/rollback {words}", 300)
    told = section(f":warning: {asked} takes data back on *{escape(place)}*. What is lost stands beside the button.")
    hint = f"Type {place} to go on."
    form = _modal("rollback.typed", "Take data back", "Take it back", [told, _text("confirm", "Which one?", hint=hint)])
    return {**form, "private_metadata": value}


def answered(value: str) -> dict[str, Any]:
    """Return the form in which whoever answers with the loss of data types of which environment."""
    parts = [*value.split(":", 4), "", "", "", ""]
    word, place = parts[3].replace("_", " "), parts[4]
    told = section(f":warning: *{escape(word).capitalize()}* on *{escape(place)}*: what is lost stands on the card.")
    hint = f"Type {place} to go on."
    form = _modal("hold.typed", "Take data back", "Do it", [told, _text("confirm", "Which one?", hint=hint)])
    return {**form, "private_metadata": value}


def _modal(callback: str, title: str, submit: str, blocks: Sequence[Block]) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain(title, 24),
        "submit": plain(submit, 24),
        "close": plain("Never mind", 24),
        "blocks": list(blocks),
    }


def _choice(name: str, label: str, words: Sequence[str], *, optional: bool = False, hint: str = "") -> Block:
    options = [{"text": plain(word, OPTION), "value": word} for word in words[:MOST_OPTIONS] if len(word) <= OPTION]
    if not options:
        return _text(name, label, optional=optional, hint=hint)
    menu: Block = {"type": "static_select", "action_id": f"{name}.choice", "options": options}
    if len(options) == 1 and not optional:
        menu["initial_option"] = options[0]
    return _input(name, label, menu, optional=optional, hint=hint)


def _text(name: str, label: str, *, optional: bool = False, hint: str = "", multiline: bool = False) -> Block:
    field: Block = {"type": "plain_text_input", "action_id": f"{name}.text", "max_length": 500}
    if multiline:
        field["multiline"] = True
    return _input(name, label, field, optional=optional, hint=hint)


def _input(name: str, label: str, element: Block, *, optional: bool = False, hint: str = "") -> Block:
    block: Block = {"type": "input", "block_id": name, "label": plain(label, 2_000), "element": element}
    if optional:
        block["optional"] = True
    if hint:
        block["hint"] = plain(hint, 2_000)
    return block


def _strategies(environments: Mapping[str, Environment]) -> list[str]:
    return list(dict.fromkeys(name for place in environments.values() for name in place.strategies))
