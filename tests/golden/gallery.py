"""Take pictures of the golden views, to be looked at: `python -m tests.golden.gallery FOLDER [NAME …]`."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from playwright.sync_api import Route, sync_playwright

from tests.golden.__main__ import PLACE

PAGE = Path(__file__).parents[2] / "bot" / "sandbox" / "page"
ADDRESS = "http://gallery.invalid"
WIDTHS = (1440, 375)
KINDS = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".html": "text/html",
    ".svg": "image/svg+xml",
}
SHEET = """<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
STYLES<style>html, body { height: auto; overflow: auto } h2 { font: 12px monospace; color: #999 }
main.message { display: block; padding: 8px; max-width: 720px } dialog { position: static }</style>
<main class="message"></main><script type="module">
import { renderBlocks } from "/page/blocks.js";
import { mrkdwn } from "/page/mrkdwn.js";
const people = { U0ANA: "Ana Silva", U0BEN: "Ben Wolf", U0OMAR: "Omar Haddad", U0LEA: "Lea Brandt" };
const groups = { S0DEV: "developers", S0REL: "release-managers", S0OPS: "devops" };
const known = { me: "U0ANA", person: (id) => people[id] ?? id, channel: (id) => id, group: (id) => groups[id] ?? id,
  inGroup: () => false, get: () => null, everybody: () => [], channels: () => [], handles: () => [] };
const place = { known, answers: {}, act: () => {}, suggest: () => ({ options: [] }) };
window.draw = (name, view) => {
  const blocks = Array.isArray(view) ? view : view.blocks?.length ? view.blocks : null;
  const drawn = blocks ? renderBlocks(blocks, place) : mrkdwn(view.text ?? view, known);
  const caption = Object.assign(document.createElement("h2"), { textContent: name });
  const frame = Object.assign(document.createElement("div"), { className: "blocks said" });
  frame.append(...drawn);
  document.querySelector("main").replaceChildren(caption, frame);
};
window.ready = true;
</script>"""


def main(folder: Path, names: Iterable[str]) -> None:
    """Take one picture of each view at each width."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for width in WIDTHS:
            page = browser.new_page(viewport={"width": width, "height": 600})
            page.route(f"{ADDRESS}/**", _answer)
            page.goto(f"{ADDRESS}/")
            page.wait_for_function("window.ready")
            for name, view in _views(names):
                page.evaluate("([name, view]) => draw(name, view)", [name, view])
                page.locator("main").screenshot(path=folder / f"{name}-{width}.png")
        browser.close()


def _views(names: Iterable[str]) -> Iterator[tuple[str, object]]:
    wanted = set(names)
    for path in sorted(PLACE.glob("*.json")):
        if not wanted or path.stem in wanted:
            yield path.stem, json.loads(path.read_text(encoding="utf-8"))


def _answer(route: Route) -> None:
    name = route.request.url.removeprefix(ADDRESS)
    if name == "/":
        styles = (f'<link rel="stylesheet" href="/page/{path.name}">' for path in sorted(PAGE.glob("*.css")))
        route.fulfill(body=SHEET.replace("STYLES", "".join(styles)), content_type="text/html")
        return
    path = PAGE / Path(name).name
    route.fulfill(body=path.read_bytes(), content_type=KINDS.get(path.suffix, "application/octet-stream"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
