"""A person at the page: Debian's Chromium, driven by what one sees."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

PROGRAM = shutil.which("chromium") or "/usr/bin/chromium"
PATIENCE = 60_000
SIZES = {"wide": (1440, 900), "phone": (375, 812)}
NOT_NEW = "localStorage.setItem('welcomed', 'yes')"
WORST = {"serious", "critical"}
Scheme = Literal["light", "dark"]

expect.set_options(timeout=30_000)


def needed() -> None:
    """Skip where there is no Chromium; in CI that is a failure."""
    if not Path(PROGRAM).exists():
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing; install chromium")
        pytest.skip("there is no Chromium here; install chromium to run this")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser, and end it."""
    needed()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@dataclass
class Screen:
    """One open page, and what a person does there."""

    page: Page
    size: str
    faults: list[str] = field(default_factory=list)
    """What the browser complained about, and whatever was asked of another machine."""

    @property
    def phone(self) -> bool:
        """Say whether it is as narrow as a phone."""
        return self.size == "phone"

    @property
    def messages(self) -> Locator:
        """Return every message in the open channel."""
        return self.page.locator("#messages article")

    def is_(self, person: str) -> None:
        """Become somebody: by their picture, or on a phone through the top bar."""
        if self.phone:
            self.page.locator("#face button").click()
            self.page.get_by_role("menuitemradio", name=re.compile(f"^{person}", re.IGNORECASE)).click()
        else:
            self.page.get_by_role("button", name=f"Be {person.title()}", exact=True).click()
        current = self.page.locator("#face button" if self.phone else "#who .me")
        expect(current).to_have_attribute("aria-label", re.compile(person, re.IGNORECASE))

    def goes(self, place: str) -> None:
        """Open a channel or the app."""
        if self.phone:
            self.page.locator("#menu").click()
        self.page.locator(".place").filter(has_text=place).click()

    def says(self, text: str) -> None:
        """Type something and press Enter."""
        field_ = self.page.locator("#composer-text")
        field_.fill(text)
        field_.press("Enter")
        expect(field_).to_have_value("")

    def message(self, text: str | re.Pattern[str]) -> Locator:
        """Return the newest message that says something."""
        return self.messages.filter(has_text=text).last

    def shows(self, text: str | re.Pattern[str]) -> Locator:
        """Wait until a message says something, and return it."""
        found = self.message(text)
        expect(found).to_be_visible(timeout=PATIENCE)
        return found

    def presses(self, label: str, within: Locator | None = None) -> None:
        """Press the newest button with this label, and say yes to its dialog if it has one."""
        button = (within or self.messages).get_by_role("button", name=label, exact=True).last
        button.click(timeout=PATIENCE)
        yes = self.page.locator("dialog.confirm .buttons button").last
        if yes.is_visible():
            yes.click()
            expect(yes).to_have_count(0)

    def behind_the_scenes(self) -> Locator:
        """Open what is behind the scenes, where it is not open yet."""
        panel = self.page.locator("#world")
        if not panel.is_visible():
            self.page.locator("#world-toggle").click()
        expect(panel).to_be_visible()
        return panel

    def host(self, name: str) -> Locator:
        """Return the panel of a host, the bot or Slack."""
        return self.behind_the_scenes().locator(f".host[aria-label^='{name}']")

    def breaks(self, what: str, fault: str, *, on: bool = True) -> None:
        """Switch a fault of a host, the bot or Slack on or off."""
        panel = self.host(what)
        if not panel.locator(".faults").is_visible():
            panel.locator("summary", has_text="Break").click()
        panel.get_by_role("switch", name=re.compile(rf": {fault}$")).set_checked(on)

    def judged(self) -> list[str]:
        """Return what axe finds seriously wrong for people who cannot see or point well."""
        found = Axe().run(self.page).response["violations"]
        return [_told(each) for each in found if each["impact"] in WORST]


def _told(violation: dict[str, Any]) -> str:
    where = [str(node["target"]) for node in violation["nodes"]]
    return f"{violation['id']}: {violation['help']} at {', '.join(where[:5])}"


@contextmanager
def screen(
    browser: Browser,
    url: str,
    size: str = "wide",
    *,
    scheme: Scheme = "light",
    before: Callable[[Page], object] = lambda page: page.add_init_script(NOT_NEW),
) -> Iterator[Screen]:
    """Open the page as on a screen of this size; `before` may do something to the browser first."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        locale="en-GB",
        timezone_id="Europe/Berlin",
        reduced_motion="reduce",
    )
    page = context.new_page()
    opened = Screen(page, size)
    here = urlsplit(url).netloc
    page.on("pageerror", lambda error: opened.faults.append(str(error)))
    page.on("request", lambda asked: urlsplit(asked.url).netloc in {here, ""} or opened.faults.append(asked.url))
    before(page)
    page.goto(url)
    yield opened
    context.close()
    if opened.faults:
        pytest.fail(f"the browser complains: {opened.faults}")
