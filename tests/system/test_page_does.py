"""What a person does on the page: press, fill in, complete, go by keys; nothing of the bot is here."""

from playwright.sync_api import expect

from tests.system.browser import screen
from tests.system.page_chat import browser, button, field, mrkdwn, plain, seen, talk

__all__ = ["browser", "seen", "talk"]


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


def test_a_button_that_is_gone_by_now_does_nothing_and_says_so(seen, talk):
    card = talk.posts("", {"type": "actions", "block_id": "old", "elements": [button("Approve")]})
    approve = seen.messages.get_by_role("button", name="Approve")
    expect(approve).to_be_visible()
    seen.page.route("**/_page/state**", lambda route: route.abort())
    talk.workspace.edit(card, "over", [mrkdwn("over")])
    approve.click()
    expect(seen.page.locator(".toast")).to_contain_text("The card has changed meanwhile")
    assert talk.heard == []
    seen.page.unroute("**/_page/state**")
    talk.workspace.changed()
    expect(seen.message("over")).to_be_visible()
    expect(approve).to_have_count(0)


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
