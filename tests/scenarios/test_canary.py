"""A canary by targets, as people live it: real hosts, real visitors, counters that the application keeps itself."""

import pytest

pytestmark = pytest.mark.slow

NUMBERS = """\
        elif path == "/metrics":
            told = [f'http_requests_total{{code="{code}"}} {count}' for code, count in VISITS.items()]
            self._answer(200, "text/plain", "\\n".join(told).encode())
        elif path == "/api/version":
"""
COUNTED = """\
    def _answer(self, status: int, kind: str, body: bytes) -> None:
        if urlsplit(self.path).path == "/":
            VISITS[status] = VISITS.get(status, 0) + 1
"""
MEASURED = (
    ('        elif path == "/api/version":\n', NUMBERS),
    ("    def _answer(self, status: int, kind: str, body: bytes) -> None:\n", COUNTED),
    ("HERE = Path(__file__)", "VISITS = {200: 0}\nHERE = Path(__file__)"),
)
BROKEN = """\
    def _page(self) -> None:
        if sum(VISITS.values()) % 2:
            self._json(500, {"error": "half of them fail"})
            return
"""
FAILS = ("    def _page(self) -> None:\n", BROKEN)
ENDPOINT = """endpoint = { requests = "http_requests_total", errors = 'http_requests_total{code=~"5.."}' }"""


@pytest.fixture
def counting(scene):
    """Give a scene whose production counts its visitors, and takes canaries on the first of its two hosts."""

    def begins(success_rate: float) -> None:
        canary = (
            "[environments.production.canary]\n"
            f'percentage = 50\nduration = "4s"\ninterval = "500ms"\nsuccess_rate = {success_rate}\n{ENDPOINT}\n\n'
        )
        head, ssh = "[environments.production]\n", "[environments.production.ssh]\n"
        path = scene.world.state / "shipmate.toml"
        before, after = path.read_text(encoding="utf-8").split(head)
        after = after.replace('strategies = ["rolling"]', 'strategies = ["rolling", "canary"]', 1)
        path.write_text(before + head + after.replace(ssh, canary + ssh, 1), encoding="utf-8")
        scene.world.bot.stop()
        scene.world.bot.start()
        scene.world.connected()
        scene.pushes("measured", {"server.py": scene.source("server.py", *MEASURED), "VERSION": "measured\n"})
        scene.ships("measured")

    scene.counts = begins
    return scene


def asks(scene, branch: str, *more: tuple[str, str]) -> int:
    """Push a release onto the one that serves, have it asked for as a canary, approve it, and return its number."""
    files = {"server.py": scene.source("server.py", *MEASURED, *more), "VERSION": f"{branch}\n"}
    scene.pushes(branch, files)
    before = scene.newest()
    scene.says("ana", f"/deploy production {branch} --strategy canary")
    number: int = scene.until(
        "a request", lambda: scene.newest() > before and scene.card(scene.newest()) and scene.newest()
    )
    scene.presses("ben", "Approve")
    return number


def test_a_good_canary_is_promoted_by_its_numbers_and_a_bad_one_goes_back(counting):
    """From the slash command to what every host serves."""
    counting.counts(success_rate=90)
    good = asks(counting, "better")
    counting.shows(good, "50 % get it", "canary", "stable")
    counting.sees("deployed `better` to *production*")
    counting.serves("better", "web1", "web2")
    bad = asks(counting, "worse", FAILS)
    counting.comes_to(bad, "rolled_back")
    counting.serves("better", "web1", "web2")
    counting.shows(bad, "the canary")
    assert counting.ran_twice() == []


def test_a_canary_without_enough_traffic_waits_over_a_restart_until_somebody_decides(counting):
    """A success rate of 99.9 % takes more visitors than come here; abort brings the old release back."""
    counting.counts(success_rate=99.9)
    number = asks(counting, "patient")
    counting.sees("waits for somebody")
    counting.shows(number, "Not enough traffic", "of 2,995 requests")
    counting.serves("measured", "web2")
    counting.world.bot.kill()
    counting.world.bot.start()
    counting.world.connected()
    counting.presses("ben", "Hold")
    counting.shows(number, "held by")
    counting.presses("ben", "Abort")
    counting.comes_to(number, "rolled_back")
    counting.serves("measured", "web1", "web2")
    assert counting.ran_twice() == []
