"""What the page survives: much, long, away, and what an app may write; nothing of the bot is here."""

import re

from playwright.sync_api import expect

from tests.system.page_chat import browser, mrkdwn, plain, seen, talk

__all__ = ["browser", "seen", "talk"]


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


def test_the_newest_message_stays_in_sight_when_there_is_less_room(seen, talk):
    for number in range(12):
        talk.posts(f"number {number}.", mrkdwn(f"*number {number}.* of some"))
    expect(seen.message("number 11.")).to_be_in_viewport()
    seen.page.set_viewport_size({"width": 375, "height": 1600})
    expect(seen.message("number 0.")).to_be_in_viewport()
    seen.page.set_viewport_size({"width": 375, "height": 400})
    expect(seen.message("number 11.")).to_be_in_viewport()
    seen.page.locator("#messages").evaluate("(it) => it.scrollTop = 0")
    expect(seen.message("number 0.")).to_be_in_viewport()
    seen.page.set_viewport_size({"width": 375, "height": 300})
    seen.page.wait_for_function("document.querySelector('#messages').clientHeight < 250")
    expect(seen.message("number 0.")).to_be_in_viewport()


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
