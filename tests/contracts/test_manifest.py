"""The manifest says what the code does: commands, scopes and events, no more and no less."""

import json
import re
from pathlib import Path

import jsonschema
import yaml

from bot.slack.calls import APP_SCOPES, SCOPES
from bot.slack.listeners import EVENTS, SUGGESTS, bolt, register
from commands import registry

ROOT = Path(__file__).parents[2]
MANIFEST = yaml.safe_load((ROOT / "app-manifest.yml").read_text())
SCHEMA = Path(__file__).with_name("slack_manifest_2_0_0.json")
"""From slackapi/manifest-schema, as it is there (MIT)."""
CALL = re.compile(r"""(?:\.call|\.ask)\(\s*["']([a-z]+(?:\.[A-Za-z]+)+)["']""")
METHOD_NAME = re.compile(r"""method = ["']([a-z]+(?:\.[A-Za-z]+)+)["']|method, where = ["']([a-z.]+)["']""")


def called() -> set[str]:
    """Return every Web API method that the code names where it calls one."""
    found: set[str] = set()
    for path in (ROOT / "bot").rglob("*.py"):
        if "sandbox" in path.parts:
            continue
        text = path.read_text()
        found |= set(CALL.findall(text))
        found |= {name for pair in METHOD_NAME.findall(text) for name in pair if name}
    return found


def test_the_manifest_is_valid_by_slacks_own_schema():
    jsonschema.validate(MANIFEST, json.loads(SCHEMA.read_text()))


def test_its_commands_are_those_of_the_registry():
    commands = [command["command"] for command in MANIFEST["features"]["slash_commands"]]
    assert commands == sorted(f"/{command.name}" for command in registry.COMMANDS)


def test_every_method_that_is_called_has_its_scopes_in_the_table_and_none_stands_there_idly():
    assert called() == {*SCOPES, *APP_SCOPES}


def test_its_scopes_are_exactly_those_that_the_calls_need():
    needed = {"commands"} | {scope for scopes in (*SCOPES.values(), *EVENTS.values()) for scope in scopes}
    asked = MANIFEST["oauth_config"]["scopes"]["bot"]
    assert asked == sorted(needed)


def test_its_events_are_those_that_the_code_listens_to():
    subscriptions = MANIFEST["settings"].get("event_subscriptions", {})
    assert tuple(subscriptions.get("bot_events", ())) == tuple(EVENTS)


def test_a_home_tab_and_messages_to_the_bot_are_on_because_it_listens_to_both():
    tabs = MANIFEST["features"]["app_home"]
    assert tabs["home_tab_enabled"]
    assert tabs["messages_tab_enabled"]
    assert not tabs["messages_tab_read_only_enabled"]


def test_interactivity_and_socket_mode_are_on_because_buttons_and_the_door_need_them():
    assert MANIFEST["settings"]["interactivity"]["is_enabled"]
    assert MANIFEST["settings"]["socket_mode_enabled"]


def test_the_one_menu_that_is_answered_is_the_registrys():
    assert registry.SUGGESTIONS == (SUGGESTS,)


def test_everything_of_the_registry_can_be_registered_with_bolt():
    from bot.process import vocabulary

    register(bolt(), None, vocabulary())
