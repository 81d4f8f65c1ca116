"""The page as a person meets it: chat, cards, dialogs, panels; nothing of the bot is here."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import Browser, expect

from bot.sandbox.page import HERE
from bot.sandbox.slack.entities import File
from tests.golden.__main__ import PLACE
from tests.system.browser import SIZES, Screen, chromium, screen
from tests.system.page_chat import Chat, chat

ROOT = Path(__file__).parents[2]
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def talk() -> Iterator[Chat]:
    with chat() as made:
        yield made


@pytest.fixture
def seen(browser, talk) -> Iterator[Screen]:
    with screen(browser, talk.url) as opened:
        yield opened


def plain(text):
    return {"type": "plain_text", "text": text}


def mrkdwn(text):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(text, **more):
    return {"type": "button", "text": plain(text), "action_id": text.lower(), "value": "7", **more}


def field(label, **element):
    typed = {"type": "plain_text_input", "action_id": label.lower(), **element}
    return {"type": "input", "block_id": label.lower(), "label": plain(label), "element": typed}


# What is said


def test_unread_marks_stand_on_channels_until_one_looks(seen, talk):
    for number in range(3):
        talk.posts(f"look at this, {number}", channel="C0ALERT")
    alerts = seen.page.locator(".place").filter(has_text="alerts")
    expect(alerts).to_contain_text("3")
    expect(seen.page).to_have_title(re.compile(r"^\(3\)"))
    seen.goes("alerts")
    expect(alerts).not_to_contain_text("3")
    seen.goes("deployments")
    seen.page.reload()
    expect(alerts).not_to_contain_text("3")


def test_a_note_tells_about_another_channel_and_leads_there(seen, talk):
    talk.posts(":rotating_light: *production* is sick, <@U0BEN>", channel="C0ALERT")
    note = seen.page.locator(".toast")
    expect(note).to_contain_text("#alerts")
    expect(note).to_contain_text("Shipmate: production is sick, @Ben Wolf")
    note.click()
    expect(seen.page.locator("#title")).to_have_text(re.compile("alerts"))


def test_a_private_answer_is_marked_and_seen_by_one(seen, talk):
    talk.posts("between us", only_for="U0ANA")
    expect(seen.message("between us")).to_contain_text("Only visible to you")
    seen.is_("ben")
    expect(seen.message("between us")).to_have_count(0)


def test_mrkdwn_reads_as_in_slack(seen, talk):
    talk.posts(
        "",
        mrkdwn(
            "*bold* _italic_ ~gone~ `x < y` <@U0ANA> <!subteam^S0REL> <#C0ALERT> <https://example.org|a link>\n"
            "&gt; quoted\n```line 1\nline 2```\n&lt;b&gt; 🚀 :rocket: :no_such_thing: 12:30:45"
        ),
    )
    text = seen.message("bold").locator(".text")
    for tag, words in {"strong": "bold", "em": "italic", "s": "gone", "blockquote": "quoted", "a": "a link"}.items():
        expect(text.locator(tag).first).to_have_text(words)
    expect(text.locator(".mention")).to_have_text(["@Ana Silva", "@release-managers", "#alerts"])
    expect(text.locator("pre")).to_have_text("line 1\nline 2")
    expect(text.locator("svg[aria-label=rocket]")).to_have_count(2)
    expect(text).to_contain_text("<b>")
    expect(text).to_contain_text(":no_such_thing: 12:30:45")


@pytest.mark.parametrize(
    ("ahead", "shown"),
    [
        (0, "today 10:30"),
        (-1, "yesterday 10:30"),
        (1, "tomorrow 10:30"),
        (-2, "8 Nov 2026 10:30"),
    ],
)
def test_a_date_says_today_yesterday_and_tomorrow(browser, talk, ahead, shown):
    at = 1794303000 + ahead * 86400  # 10:30 in Berlin, on 10 November 2026 where nothing is added
    talk.posts(f"it was <!date^{at}^{{date_short_pretty}} {{time}}|long ago>")
    noon = "2026-11-10T12:00:00+01:00"
    with screen(browser, talk.url, before=lambda page: page.clock.set_fixed_time(noon)) as opened:
        expect(opened.message("it was")).to_contain_text(f"it was {shown}")


def test_a_page_left_open_over_night_says_yesterday_in_the_morning(browser, talk):
    late = "2026-11-10T23:00:00+01:00"
    with screen(browser, talk.url, before=lambda page: page.clock.install(time=late)) as opened:
        talk.posts("ready <!date^1794347000^{date_short_pretty}|then>")
        expect(opened.message("ready")).to_contain_text("ready today")
        opened.page.clock.run_for(2 * 3600 * 1000)
        expect(opened.message("ready")).to_contain_text("ready yesterday")


def test_files_and_pictures_are_shown_in_the_channel(seen, talk):
    for key, name, content in (("F1", "steps.txt", b"first\n" * 2000 + b"the last line"), ("F2", "chart.png", PIXEL)):
        talk.workspace.files[key] = File(key, name, len(content), content=content, uploaded=True)
    talk.posts("see", files=["F1", "F2"])
    expect(seen.message("see").locator("pre")).to_contain_text("the last line")
    picture = seen.message("see").get_by_role("img", name="chart.png")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("naturalWidth", 1)


@pytest.mark.parametrize("size", SIZES)
def test_a_thread_is_read_and_answered_beside_the_channel(browser, talk, size):
    root = talk.posts("the card")
    talk.posts("the log", thread_ts=root.ts)
    with screen(browser, talk.url, size) as opened:
        opened.message("the card").get_by_role("button", name="1 reply").click()
        thread = opened.page.locator("#thread")
        expect(thread).to_contain_text("the log")
        thread.get_by_role("textbox").fill("thanks")
        thread.get_by_role("textbox").press("Enter")
        expect(thread.locator("article")).to_have_count(3)
        opened.page.keyboard.press("Escape")
        expect(thread).to_be_hidden()
        expect(opened.message("the card").get_by_role("button", name="2 replies")).to_be_visible()
    assert talk.workspace.messages("C0DEPLOY")[-1].thread_ts == root.ts


# What one does with it


def test_a_button_asks_first_and_shows_that_it_was_pressed(seen, talk):
    ask = {"title": plain("Sure?"), "text": plain("It goes back."), "confirm": plain("Yes"), "deny": plain("No")}
    talk.posts("", {"type": "actions", "elements": [button("Back", style="danger", confirm=ask)]})
    back = seen.messages.get_by_role("button", name="Back")
    back.click()
    dialog = seen.page.get_by_role("dialog", name="Sure?")
    expect(dialog).to_contain_text("It goes back.")
    dialog.get_by_role("button", name="No").click()
    expect(dialog).to_have_count(0)
    assert talk.heard == []
    back.click()
    dialog.get_by_role("button", name="Yes").click()
    expect(back).to_have_attribute("aria-busy", "true")
    assert talk.hears("block_actions")["actions"][0]["value"] == "7"
    expect(back).not_to_have_attribute("aria-busy", "true")


def test_ticking_a_box_on_a_card_sends_all_that_are_ticked(seen, talk):
    options = [{"text": plain(name), "value": name} for name in ("certificates", "backups")]
    boxes = {"type": "checkboxes", "action_id": "ticked", "options": options, "initial_options": options[:1]}
    card = talk.posts("", {"type": "actions", "block_id": "list", "elements": [boxes]})
    expect(seen.messages.get_by_role("checkbox", name="certificates")).to_be_checked()
    seen.messages.get_by_role("checkbox", name="backups").check()
    (action,) = talk.hears("block_actions")["actions"]
    assert [it["value"] for it in action["selected_options"]] == ["certificates", "backups"]
    emptied = {name: value for name, value in boxes.items() if name != "initial_options"}
    talk.workspace.edit(card, None, [{"type": "actions", "block_id": "list", "elements": [emptied]}])
    expect(seen.messages.get_by_role("checkbox", name="backups")).not_to_be_checked()


def test_a_dialog_says_what_is_wrong_until_it_is_right(seen, talk):
    talk.answer = lambda told: (
        {"response_action": "errors", "errors": {"why": "Say more than that."}}
        if told["type"] == "view_submission" and len(told["view"]["state"]["values"]["why"]["why"]["value"]) < 5
        else {}
    )
    talk.opens("U0ANA", field("Why"))
    dialog = seen.page.get_by_role("dialog", name="A dialog")
    dialog.get_by_role("button", name="Ask for it").click()
    expect(dialog.get_by_role("alert")).to_have_text("Please complete this required field.")
    expect(dialog.get_by_label("Why")).to_be_focused()
    dialog.get_by_label("Why").fill("so")
    expect(dialog.get_by_role("alert")).to_have_count(0)
    dialog.get_by_role("button", name="Ask for it").click()
    expect(dialog.get_by_role("alert")).to_have_text("Say more than that.")
    dialog.get_by_label("Why").fill("because it is time")
    dialog.get_by_role("button", name="Ask for it").click()
    expect(dialog).to_have_count(0)


def test_suggestions_come_as_one_types(seen, talk):
    talk.answer = lambda _told: {"options": [{"text": plain(f"v2.{n}"), "value": f"v2.{n}"} for n in (1, 2, 3)]}
    talk.opens("U0ANA", field("Which", type="external_select", min_query_length=1))
    which = seen.page.get_by_role("combobox", name="Which")
    which.press_sequentially("v2")
    expect(seen.page.get_by_role("option")).to_have_text(["v2.1", "v2.2", "v2.3"])
    which.press("ArrowDown")
    which.press("Enter")
    expect(which).to_have_value("v2.2")
    seen.page.get_by_role("button", name="Ask for it").click()
    values = talk.hears("view_submission")["view"]["state"]["values"]
    assert values["which"]["which"]["selected_option"]["value"] == "v2.2"


def test_a_reload_in_the_middle_of_a_dialog_loses_nothing(seen, talk):
    talk.opens("U0ANA", field("Why"), field("Notes", multiline=True))
    seen.page.get_by_label("Why").fill("half a sent")
    seen.page.get_by_label("Notes").fill("a note")
    seen.page.reload()
    expect(seen.page.get_by_label("Why")).to_have_value("half a sent")
    expect(seen.page.get_by_label("Notes")).to_have_value("a note")


def test_the_same_page_twice_shows_the_same(browser, talk):
    with screen(browser, talk.url) as one, screen(browser, talk.url) as other:
        one.says("hello from here")
        expect(other.message("hello from here")).to_be_visible()
        talk.opens("U0ANA", field("Why"))
        expect(other.page.get_by_role("dialog")).to_be_visible()
        one.page.get_by_label("Why").fill("because")
        one.page.get_by_role("button", name="Ask for it").click()
        expect(other.page.get_by_role("dialog")).to_have_count(0)
        other.is_("ben")
        expect(one.page.locator("#who .me")).to_contain_text("Ana Silva")


def test_slash_commands_complete_with_what_may_follow(seen, talk):
    typed = seen.page.locator("#composer-text")
    typed.press_sequentially("/de")
    expect(seen.page.get_by_role("option")).to_contain_text(["/deploy"])
    typed.press("Enter")
    expect(typed).to_have_value("/deploy ")
    typed.press_sequentially("pr")
    expect(seen.page.get_by_role("option").first).to_have_text("/deploy production v2.3")
    typed.press("Tab")
    expect(typed).to_have_value("/deploy production v2.3")
    typed.press("Enter")
    expect(typed).to_have_value("")
    assert talk.hears("command")["text"] == "production v2.3"


def test_every_command_of_the_manifest_is_offered(seen, talk):
    seen.page.locator("#composer-text").press_sequentially("/")
    expect(seen.page.get_by_role("option")).to_have_count(len(talk.workspace.commands()))
    for name in talk.workspace.commands():
        expect(seen.page.get_by_role("option").filter(has_text=name)).to_have_count(1)


def test_the_home_tab_is_asked_for_and_shown(seen, talk):
    talk.workspace.manifest["settings"]["event_subscriptions"] = {"bot_events": ["app_home_opened"]}
    seen.goes("Shipmate")
    assert talk.hears("app_home_opened")["user"] == "U0ANA"
    home = {"type": "home", "blocks": [mrkdwn("*production* serves `v2.2`"), {"type": "divider"}]}
    talk.workspace.surfaces.publish("U0ANA", home, "")
    talk.workspace.changed()
    expect(seen.page.locator("#home")).to_contain_text("production serves v2.2")
    seen.page.get_by_role("tab", name="Messages").click()
    expect(seen.page.locator("#messages")).to_be_visible()


def test_everything_is_reached_by_keys_alone(seen, talk):
    talk.posts("", {"type": "actions", "elements": [button("Approve"), button("Reject")]})
    seen.page.locator("body").press("Tab")
    expect(seen.page.locator(".skip")).to_be_focused()
    for _ in range(40):
        if seen.page.evaluate("document.activeElement?.textContent") == "Reject":
            break
        seen.page.keyboard.press("Tab")
    seen.page.keyboard.press("Enter")
    assert talk.hears("block_actions")["actions"][0]["action_id"] == "reject"


# What it survives


def test_two_thousand_messages_stay_quick_and_can_all_be_read(seen, talk):
    with talk.workspace.lock:
        for number in range(2000):
            talk.posts(f"number {number}.", mrkdwn(f"*number {number}.* of many"), {"type": "divider"})
    expect(seen.message("number 1999.")).to_be_visible()
    assert seen.messages.count() <= 100
    talk.posts("and one more")
    expect(seen.message("and one more")).to_be_in_viewport()
    while (earlier := seen.page.get_by_role("button", name=re.compile("Show earlier"))).count():
        before = seen.messages.count()
        earlier.click()
        expect(seen.messages).not_to_have_count(before)
    expect(seen.messages).to_have_count(2001)
    expect(seen.messages.first).to_contain_text("number 0.")


def test_the_page_takes_up_again_after_the_sandbox_was_away(seen, talk):
    server = talk.slack.server
    talk.slack.call(server.stop())
    expect(seen.page.locator("#offline")).to_be_visible()
    talk.posts("said meanwhile")
    talk.slack.call(server.start())
    expect(seen.message("said meanwhile")).to_be_visible(timeout=30_000)
    expect(seen.page.locator("#offline")).to_be_hidden()


def test_what_an_app_writes_is_never_markup(seen, talk):
    talk.posts(
        "", mrkdwn("<img src=x onerror=alert(1)> <javascript:alert(1)|click>"), {"type": "header", "text": plain("<b>")}
    )
    expect(seen.message("click")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(seen.message("click").locator("a, b, img:not(.avatar)")).to_have_count(0)


# What our views need


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
