"""Take the pictures of the documentation from the real page, with Debian's Chromium."""

import shutil
import subprocess
import sys
from pathlib import Path

from bot.sandbox.stories import Teller, seed
from bot.sandbox.world import Tuning, World
from bot.trying import manifest

HERE = Path(__file__).parent
SIZES = {"wide": "1440,1000", "phone": "375,800"}


def main() -> int:
    """Seed a world, ship v2.3, and take a picture of each moment; 1 where Chromium is missing."""
    browser = shutil.which("chromium")
    if not browser:
        sys.stderr.write("Pictures need Chromium (Debian, Ubuntu: apt install chromium).\n")
        return 1
    with World(None, Tuning(manifest=manifest())) as world:
        teller = Teller(world, lambda _at, line: sys.stdout.write(f"{line}\n") and None)
        seed(teller)
        world.slack.says("ana", "/deploy production v2.3")
        world.slack.eventually_shows("deployments", "Reject", timeout=60)
        take(browser, world, "request")
        world.slack.presses("ben", "Approve")
        world.slack.eventually_shows("deployments", "deployed `v2.3` to *production*", timeout=90)
        take(browser, world, "deployed")
    return 0


def take(browser: str, world: World, name: str) -> None:
    """Save what the page shows now, wide and as on a phone."""
    for size, pixels in SIZES.items():
        subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--disable-background-networking",
                "--virtual-time-budget=4000",
                f"--window-size={pixels}",
                f"--screenshot={HERE / f'{name}-{size}.png'}",
                world.server.url,
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


if __name__ == "__main__":
    sys.exit(main())
