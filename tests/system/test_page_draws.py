"""The page draws all that our own views need."""

import ast
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

from playwright.sync_api import expect

from bot.sandbox.page import HERE
from tests.golden.__main__ import PLACE
from tests.system.browser import screen
from tests.system.page_chat import browser, mrkdwn, seen, talk

__all__ = ["browser", "seen", "talk"]
ROOT = Path(__file__).parents[2]


def shortcodes():
    found = set()
    for path in (ROOT / "commands").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(re.findall(r"(?<![\w:]):([a-z][a-z0-9_+-]*):(?!\w)", node.value))
    return found


def test_every_emoji_of_our_views_is_drawn(seen, talk):
    names = sorted(shortcodes())
    drawn = {each.get("id") for each in ET.parse(HERE / "emoji.svg").iter() if each.tag.endswith("symbol")}  # noqa: S314 - ours
    assert len(names) > 15
    for at in range(0, len(names), 20):
        talk.posts("", mrkdwn(" ".join(f":{name}:" for name in names[at : at + 20])))
    uses = seen.messages.locator("svg.emoji use")
    expect(uses).to_have_count(len(names))
    shown = {uses.nth(at).get_attribute("href").rpartition("#")[2] for at in range(len(names))}
    assert shown <= drawn


def test_every_golden_view_is_drawn_whole(browser, talk):
    with screen(browser, f"{talk.url}/preview") as opened:
        for path in sorted(PLACE.glob("*.json")):
            view = path.read_text(encoding="utf-8")
            opened.page.locator("#json").evaluate(
                "(field, text) => { field.value = text; field.dispatchEvent(new Event('input')); }", view
            )
            assert opened.page.locator("#fault").text_content() == "", path.name
            assert opened.page.locator(".unknown").count() == 0, path.name
            shown = opened.page.evaluate(
                "(document.querySelector('dialog') ?? document.querySelector('#drawn')).textContent"
            )
            for words in _plain_words(json.loads(view)):
                assert words in shown, f"{path.name}: {words}"
            opened.page.evaluate("document.querySelectorAll('dialog').forEach((each) => each.remove())")


def _plain_words(node):
    """Yield the labels of what can be pressed and filled in."""
    if isinstance(node, dict):
        if node.get("type") in {"button", "input"}:
            yield (node.get("text") or node["label"])["text"]
        for value in node.values():
            yield from _plain_words(value)
    elif isinstance(node, list):
        for value in node:
            yield from _plain_words(value)
