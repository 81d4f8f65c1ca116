"""Take the pictures of the documentation from the real page, with Debian's Chromium: `make pictures [ARGS=FOLDER]`."""

import base64
import io
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bot.sandbox.stories import Teller, seed
from bot.sandbox.world import Tuning, World
from bot.trying import manifest

HERE = Path(__file__).parent
SIZES = {"wide": (1440, 900), "phone": (375, 812)}
FILM = (1280, 800)
FILM_SHOWN = (960, 600)
FRAME_MILLISECONDS = 60
SHORTEST_MILLISECONDS = 50
SPED_UP = 2
LONGEST_MILLISECONDS = 1200
LAST_MILLISECONDS = 3000
COLOURS = 192
PATIENCE = 120_000
ANA = "U0ANA"
BEN = "U0BEN"
NOT_NEW = "localStorage.setItem('welcomed', 'yes')"
CALM = "#toasts, #down { display: none !important }"


@dataclass(frozen=True, slots=True)
class Studio:
    """A world with past, a page for each size, and where pictures go."""

    world: World
    pages: dict[str, Page]
    folder: Path

    def says(self, person: str, text: str) -> None:
        """Have somebody type."""
        self.world.slack.says(person, text)

    def shows(self, text: str, channel: str = "deployments") -> None:
        """Wait until a channel shows a text, on every page."""
        self.world.slack.eventually_shows(channel, text, timeout=120)
        for page in self.pages.values():
            page.wait_for_timeout(1200)

    def takes(self, name: str, *, card: str = "") -> None:
        """Save what every page shows now, with the newest message that says something at its top where it is long."""
        for size, page in self.pages.items():
            page.add_style_tag(content=CALM)
            if card:
                found = page.locator("#messages article").filter(has_text=re.compile(card)).last
                expect(found).to_be_visible(timeout=PATIENCE)
                found.evaluate("(it) => it.scrollIntoView({ block: it.offsetHeight > 500 ? 'start' : 'end' })")
                page.wait_for_timeout(300)
            save(page.screenshot(), self.folder / f"{name}-{size}.png")


def main(folder: Path = HERE) -> int:
    """Seed a world, play what the documentation tells, and take a picture of each moment; 1 without Chromium."""
    program = shutil.which("chromium")
    if not program:
        sys.stderr.write("Pictures need Chromium (Debian, Ubuntu: apt install chromium).\n")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        world = stack.enter_context(World(None, Tuning(manifest=manifest())))
        teller = Teller(world, say)
        seed(teller)
        teller.says("ana", "/deploy staging v2.2")
        world.slack.eventually(lambda: world.host("staging1").serves == "v2.2", 120, "v2.2 on staging")
        play = stack.enter_context(sync_playwright())
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        stack.callback(browser.close)
        film(browser, world, folder / "deploy.webp")
        pages = {size: stack.enter_context(opened(browser, world, size)) for size in SIZES}
        studio = Studio(world, pages, folder)
        for moment in (a_rollback, a_request, a_sick_release, a_morning_check, a_home):
            say(0.0, moment.__name__)
            moment(studio)
    return 0


def a_rollback(studio: Studio) -> None:
    """Go back to the release before the one that the film shipped."""
    studio.takes("deployed", card=r"deployed v2\.3 to production")
    studio.says("ana", "/rollback latest production")
    studio.world.slack.presses("ana", "deployment.rollback", within="private", confirm=False, timeout=60)
    for page in studio.pages.values():
        page.wait_for_timeout(800)
    studio.takes("question", card=r"Roll back production to v2\.2\?")
    studio.world.slack.presses("ana", "deployment.rollback", within="private", timeout=60)
    studio.shows("production serves `v2.2` again")
    studio.takes("rollback", card=r"brought back v2\.2")


def a_request(studio: Studio) -> None:
    """Ask for a release, and see it on its way."""
    studio.says("ana", '/deploy production v2.3 --again --reason "It was well; going back was practice"')
    studio.shows("Reject")
    studio.takes("request", card="wants to deploy")
    studio.world.slack.presses("ben", "Approve", timeout=60)
    card = studio.pages["wide"].locator("#messages article").filter(has_text="Abort").last
    expect(card).to_contain_text(re.compile(r"Step (8|9|10|11) of"), timeout=PATIENCE)
    studio.takes("progress", card="Abort and roll back")
    expect(studio.pages["wide"].get_by_role("button", name=re.compile("^Abort"))).to_have_count(0, timeout=PATIENCE)


def a_sick_release(studio: Studio) -> None:
    """Ship the release that turns sick, and see it come back by itself."""
    studio.says("ana", "/deploy production v2.4")
    studio.world.slack.presses("ben", "Approve", timeout=60)
    studio.shows("failed and was rolled back")
    studio.takes("sick", card="did not go well")


def a_morning_check(studio: Studio) -> None:
    """Ask for the morning check, where there is one."""
    if not studio.world.workspace.commands() or "/ops" not in (studio.world.workspace.commands() or {}):
        return
    posted = len(studio.world.slack.messages("deployments"))
    studio.says("omar", "/ops check daily")
    studio.world.slack.eventually(
        lambda: len(studio.world.slack.messages("deployments")) > posted, 120, "the morning check"
    )
    for page in studio.pages.values():
        page.wait_for_timeout(4000)
        page.evaluate("document.querySelector('#messages').scrollTop = 1e9")
    studio.takes("check", card=r"[Cc]heck")


def a_home(studio: Studio) -> None:
    """Look at the App Home of Ben, for whom a request waits."""
    studio.says("ana", "/deploy production v2.5")
    studio.shows("Reject")
    for page in studio.pages.values():
        page.goto(f"{studio.world.server.url}/?as={BEN}#D0BEN")
        page.get_by_role("tab", name="Home").click()
        page.locator("#home .block").nth(3).wait_for(timeout=PATIENCE)
        page.wait_for_timeout(1500)
    studio.takes("home")


@contextmanager
def opened(browser: Browser, world: World, size: str) -> Iterator[Page]:
    """Open the page as Ana, on a screen of this size."""
    width, height = SIZES[size]
    with context(browser, (width, height)) as page:
        page.add_init_script(NOT_NEW)
        page.goto(f"{world.server.url}/?as={ANA}")
        expect(page.locator("#messages article").first).to_be_visible(timeout=PATIENCE)
        yield page


@contextmanager
def context(browser: Browser, size: tuple[int, int]) -> Iterator[Page]:
    """Give a page that looks the same wherever the pictures are taken."""
    made = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="light",
        locale="en-GB",
        timezone_id="Europe/Berlin",
        reduced_motion="reduce",
    )
    try:
        yield made.new_page()
    finally:
        made.close()


def film(browser: Browser, world: World, path: Path) -> None:
    """Capture the page's own tour of a deployment, from the command to what is served."""
    with context(browser, FILM) as page:
        page.goto(world.server.url)
        page.get_by_role("button", name=re.compile("^Deploy and approve")).click(timeout=PATIENCE)
        page.mouse.move(0, 0)
        ends = page.locator("#tour").get_by_role("button", name="Close")
        frames = list(captured(page, ends.is_visible))
    images = [image for image, _ in frames]
    images[0].save(
        path,
        save_all=True,
        append_images=images[1:],
        duration=[milliseconds for _, milliseconds in frames],
        loop=0,
        lossless=True,
        quality=80,
        method=4,
    )


def captured(page: Page, over: Callable[[], bool]) -> Iterator[tuple[Image.Image, int]]:
    """Yield each picture that the browser paints until it is over, and for how many milliseconds to show it."""
    camera = page.context.new_cdp_session(page)
    painted: list[dict[str, Any]] = []
    camera.on("Page.screencastFrame", lambda frame: painted.append(frame))  # noqa: PLW0108 - it marks what it is given
    camera.send("Page.startScreencast", {"format": "png", "everyNthFrame": 1})
    last, since, done = None, 0.0, False
    while not done:
        page.wait_for_timeout(FRAME_MILLISECONDS)
        done = over()
        if not painted:
            continue
        frame = painted.pop()
        camera.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})
        painted.clear()
        if last:
            shown = int((frame["metadata"]["timestamp"] - since) * 1000 / SPED_UP)
            yield last, min(max(shown, SHORTEST_MILLISECONDS), LONGEST_MILLISECONDS)
        last, since = small(base64.b64decode(frame["data"])), frame["metadata"]["timestamp"]
    if last:
        yield last, LAST_MILLISECONDS


def small(content: bytes) -> Image.Image:
    """Return a picture in the size of the film."""
    return Image.open(io.BytesIO(content)).convert("RGB").resize(FILM_SHOWN, Image.Resampling.LANCZOS)


def save(content: bytes, path: Path) -> None:
    """Save a picture with few colours: a page has few, and the file becomes small."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def say(_at: float, line: str) -> None:
    """Say what is being done."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*(Path(it) for it in sys.argv[1:2])))
