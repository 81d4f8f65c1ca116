"""The four stories, played through the page with the real bot, hosts and repository behind it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, expect

from bot.sandbox.configuration import Pace
from bot.sandbox.stories import Teller, seed
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from tests.scenarios.kit import Scene
from tests.system.browser import PATIENCE, SIZES, Screen, chromium, screen

pytestmark = pytest.mark.timeout(300)
ABORT = re.compile("^Abort")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    state = tmp_path_factory.mktemp("page")
    with World(state, Tuning(manifest=manifest(), pace=Pace("1s", "200ms", "30m"))) as made:
        seed(Teller(made, lambda _at, _line: None))
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


UNFINISHED = "SELECT id, lower(status) FROM deployment WHERE lower(status) NOT IN ({})".format(  # noqa: S608 - constants
    ", ".join(f"'{it}'" for it in ("succeeded", "failed", "rolled_back", "refused", "rejected", "cancelled", "expired"))
)


def comes_to_rest(world: World) -> None:
    """Take back what waits for an answer, and wait for what runs."""
    scene = Scene(world)
    for number, status in scene.rows(UNFINISHED):
        if status in {"awaiting_approval", "queued"}:
            scene.says("ana", f"/deploy cancel {number}")
    scene.until("nothing to run", lambda: not scene.rows(UNFINISHED))


@dataclass
class Visitor:
    """Somebody at the page, and the world behind it."""

    screen: Screen
    world: World

    def card(self) -> Locator:
        """Return the newest card that has a thread or buttons."""
        return self.screen.messages.filter(has_text=re.compile(r"· #\d+")).last

    def rests(self) -> None:
        """Wait until nothing runs."""
        expect(self.screen.messages.get_by_role("button", name=ABORT)).to_have_count(0, timeout=PATIENCE)

    def approved_by_ben(self, version: str) -> None:
        """Approve the release that waits, as Ben."""
        waiting = re.compile(f"wants to deploy {version} to production")
        self.screen.shows(waiting)
        self.screen.is_("ben")
        self.screen.presses("Approve", self.screen.message(waiting))
        expect(self.screen.messages.filter(has_text=waiting)).to_have_count(0, timeout=PATIENCE)

    def serves(self, version: str) -> None:
        """Demand that all of production serves a version, and that the page shows it."""
        self.world.slack.eventually(
            lambda: all(self.world.host(name).serves == version for name in ("web1", "web2")), 90, f"{version} served"
        )
        for name in ("web1", "web2"):
            expect(self.screen.host(name).locator(".version")).to_have_text(version, timeout=PATIENCE)
        self.screen.page.keyboard.press("Escape")

    def served(self) -> str:
        """Return what production serves."""
        version = self.world.host("web1").serves
        assert version
        return version


@pytest.fixture(params=SIZES)
def visitor(request, browser, world) -> Iterator[Visitor]:
    comes_to_rest(world)
    with screen(browser, world.server.url, request.param) as opened:
        visitor = Visitor(opened, world)
        expect(opened.messages.first).to_be_visible()
        yield visitor


def test_ana_fills_the_form_ben_approves_and_ana_goes_back(visitor):
    page, before = visitor.screen.page, visitor.served()
    wanted = "v2.2" if before == "v2.3" else "v2.3"
    visitor.screen.says("/deploy")
    form = page.get_by_role("dialog", name="Deploy a release")
    form.get_by_label("Where").wait_for(timeout=PATIENCE)
    form.get_by_role("button", name="Ask for it").click()
    expect(form.get_by_role("alert")).to_have_count(2)
    form.get_by_label("Where").select_option("production")
    form.get_by_label("Which release").press_sequentially("v2.")
    page.get_by_role("option", name=wanted).click(timeout=PATIENCE)
    form.get_by_role("button", name="Ask for it").click()
    expect(form).to_have_count(0, timeout=PATIENCE)
    visitor.approved_by_ben(wanted)
    visitor.serves(wanted)
    visitor.rests()
    visitor.screen.shows(re.compile(f"deployed {wanted} to production"))
    visitor.screen.is_("ana")
    questions = visitor.screen.messages.filter(
        has_text=re.compile(f"Only visible.*Roll back production to {before}\\?")
    )
    asked = questions.count()
    if visitor.screen.phone:
        visitor.screen.says("/rollback latest production")
    else:
        visitor.screen.presses(f"Roll back production to {before}", visitor.card())
    expect(questions).to_have_count(asked + 1, timeout=PATIENCE)
    visitor.screen.presses(f"Roll back production to {before}", questions.last)
    visitor.serves(before)
    visitor.rests()


def test_a_sick_release_comes_back_by_itself_and_the_thread_says_why(visitor):
    before = visitor.served()
    # On the other screen it was taken back before, and has to be asked for all the same.
    visitor.screen.says("/deploy production v2.4 --again --reason it is seen on both screens")
    visitor.approved_by_ben("v2.4")
    card = visitor.screen.shows(re.compile("v2.4 to production did not go well"))
    visitor.serves(before)
    visitor.rests()
    card.get_by_role("button", name=re.compile("repl(y|ies)$")).click(timeout=PATIENCE)
    thread = visitor.screen.page.locator("#thread")
    expect(thread.locator(".file")).to_contain_text("steps.txt")
    visitor.screen.page.keyboard.press("Escape")
    expect(thread).to_be_hidden()
    visitor.screen.goes("alerts")
    visitor.screen.shows(re.compile("v2.4"))


def test_a_failing_migration_switches_nothing(visitor):
    before = visitor.served()
    visitor.screen.says("/deploy production v2.5")
    visitor.approved_by_ben("v2.5")
    visitor.screen.shows(re.compile("v2.5 to production failed"))
    visitor.rests()
    visitor.serves(before)
    expect(visitor.screen.host("web1")).to_contain_text("migrate the database failed")


@pytest.mark.parametrize("size", SIZES)
def test_faults_are_switched_on_and_seen_and_mended(browser, world, size):
    with screen(browser, world.server.url, size) as opened:
        host = opened.host("web1")
        opened.breaks("web1", "Sick")
        expect(host.locator(".health")).to_have_text("sick", timeout=PATIENCE)
        assert not world.host("web1").is_healthy
        opened.breaks("web1", "Sick", on=False)
        expect(host.locator(".health")).to_have_text("healthy", timeout=PATIENCE)
        opened.breaks("web1", "Gone")
        expect(host.locator(".health")).to_have_text("gone", timeout=PATIENCE)
        expect(host.locator(".failed")).to_contain_text("failed", timeout=PATIENCE)
        opened.breaks("web1", "Gone", on=False)
        expect(host.locator(".health")).to_have_text("healthy", timeout=PATIENCE)
        opened.breaks("Slack", "Rate limited")
        expect(opened.host("Slack").locator(".health")).to_have_text("in trouble")
        opened.breaks("Slack", "Rate limited", on=False)
        expect(opened.host("Slack").locator(".health")).to_have_text("fine")


def test_the_page_shows_the_bot_die_and_come_back(browser, world):
    with screen(browser, world.server.url) as opened:
        bot = opened.host("The bot")
        expect(bot.locator(".health")).to_have_text("connected", timeout=PATIENCE)
        opened.breaks("The bot", "Killed")
        expect(bot.locator(".health")).to_have_text("not running", timeout=PATIENCE)
        opened.says("/deploy status")
        opened.shows(re.compile("/deploy failed with the error"))
        opened.breaks("The bot", "Killed", on=False)
        expect(bot.locator(".health")).to_have_text("connected", timeout=PATIENCE)
        opened.says("/deploy status")
        opened.shows(re.compile("production.*runs"))


def test_a_tour_plays_by_itself_and_can_be_stopped(browser, world):
    comes_to_rest(world)
    with screen(browser, world.server.url, before=lambda _: None) as opened:
        tour = opened.page.locator("#tour")
        opened.page.get_by_role("button", name=re.compile("^A failing migration")).click(timeout=PATIENCE)
        expect(tour).to_contain_text("1 of 4")
        tour.get_by_role("button", name="Stop").click()
        expect(tour).to_be_hidden()
        opened.page.reload()
        expect(opened.page.locator("#welcome")).to_be_hidden()
        opened.page.get_by_role("button", name="Tours").click()
        opened.page.get_by_role("button", name=re.compile("^A failing migration")).click()
        expect(tour.get_by_role("button", name="Close")).to_be_visible(timeout=2 * PATIENCE)
        expect(tour).to_contain_text("Visitors noticed nothing")


def test_who_is_new_deploys_by_two_clicks_and_enter(browser, world):
    with screen(browser, world.server.url, before=lambda _: None) as opened:
        opened.page.get_by_role("button", name="/deploy production v2.3").click()
        expect(opened.page.locator("#composer-text")).to_be_focused()
        opened.page.keyboard.press("Enter")
        expect(opened.page.locator("#welcome")).to_be_hidden()
        opened.shows(re.compile("v2.3"))
    comes_to_rest(world)


@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("wide", "dark"), ("phone", "dark")])
def test_axe_finds_nothing_serious(browser, world, size, scheme):
    with screen(browser, world.server.url, size, scheme=scheme, before=lambda _: None) as opened:
        expect(opened.messages.first).to_be_visible()
        assert opened.judged() == []
        opened.page.get_by_role("button", name="Close the welcome").click()
        opened.behind_the_scenes().locator("summary", has_text="Break web1").click()
        assert opened.judged() == []
        opened.page.keyboard.press("Escape")
        opened.messages.get_by_role("button", name=re.compile("repl(y|ies)$")).last.click()
        assert opened.judged() == []
        opened.page.keyboard.press("Escape")
        opened.page.locator("#composer-text").fill("/")
        assert opened.judged() == []
        opened.says("/deploy")
        form = opened.page.get_by_role("dialog")
        form.get_by_label("Where").wait_for(timeout=PATIENCE)
        form.get_by_role("button", name="Ask for it").click()
        expect(form.get_by_role("alert").first).to_be_visible()
        assert opened.judged() == []
        opened.page.keyboard.press("Escape")
        opened.goes("Shipmate")
        expect(opened.page.locator("#home .block").first).to_be_visible(timeout=PATIENCE)
        assert opened.judged() == []
