"""What is said, as a person reads it on the page; nothing of the bot is here."""

import re

import pytest
from playwright.sync_api import expect

from bot.sandbox.slack.entities import File
from tests.system.browser import SIZES, screen
from tests.system.page_chat import browser, mrkdwn, seen, talk

__all__ = ["browser", "seen", "talk"]


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


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


def test_a_note_reads_as_the_message_does_and_ends_before_what_was_cut_off(seen, talk):
    filler = "and so on " * 20
    talk.posts(f"<!subteam^S0REL> :red_circle: *{filler[:104].strip()}* :rotating_light:", channel="C0ALERT")
    note = seen.page.locator(".toast")
    expect(note).to_contain_text("@release-managers and so on")
    expect(note).not_to_contain_text(re.compile(r"[<*:_]\w+…?$"))


def test_a_note_of_a_direct_message_leads_to_it_and_the_home_tab_counts_it(seen, talk):
    direct = talk.workspace.direct("U0ANA").id
    talk.posts("a word with you", channel=direct)
    seen.page.locator(".toast").filter(has_text="a word with you").click()
    expect(seen.message("a word with you")).to_be_visible()
    seen.page.get_by_role("tab", name="Home").click()
    talk.posts("one more thing", channel=direct)
    expect(seen.page.get_by_role("tab", name=re.compile("Messages"))).to_contain_text("1 unread")
    seen.page.get_by_role("tab", name=re.compile("Messages")).click()
    expect(seen.message("one more thing")).to_be_visible()
    expect(seen.page.get_by_role("tab", name=re.compile("Messages"))).to_have_text("Messages")


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
