"""Releases whose health hangs or lies, and steps that print without end: found out before anything is switched."""

import pytest

from tests.scenarios.kit import Scene

pytestmark = pytest.mark.slow

HANGS = ('"""Ask the database for something that every release needs."""', "import time; time.sleep(3)")
PATIENCE = ('max_p95 = "5s"', 'max_p95 = "5s"\ntimeout = "500ms"')
ENDLESS = """#!/bin/sh
echo "the beginning"
yes "all work and no play" | head -c 100000000
echo "the end" >&2
exit 3
"""


@pytest.fixture(scope="module")
def impatient(shared_world) -> None:
    """Let the file's world give up on a question after half a second."""
    Scene(shared_world).reconfigures(PATIENCE)


@pytest.fixture
def told(calm, impatient):
    """Give a way to ship a release that must not go live; returns what its card and the channel say of it."""

    def ships(branch: str, files: dict[str, str]) -> str:
        calm.pushes(branch, files)
        number = calm.begins(branch)
        calm.comes_to(number, "failed")
        calm.serves("v2.2")
        loud = calm.sees(f"production {branch} failed")
        assert "`v2.2` serves as before" in loud.words
        assert calm.visitors().failed == 0
        return f"{calm.card(number)}\n{loud.words}"

    return ships


def test_a_health_endpoint_that_hangs_is_no_success(calm, told):
    said = told("hangs", {"health.py": calm.source("health.py", HANGS)})
    assert "checking the candidate" in said


def test_a_release_that_says_it_is_well_and_serves_another_version_is_no_success(calm, told):
    old = calm.rows("SELECT sha FROM deployment WHERE ref = 'v2.2'")[0][0]
    change = ('self.server.version, "sha": self.server.sha}', f'self.server.version, "sha": "{old}"}}')
    said = told("lies", {"server.py": calm.source("server.py", change)})
    assert old[:7] in said


def test_a_release_whose_health_says_200_while_a_part_of_it_is_down_is_no_success(calm, told):
    lies = ("self._health(tuple(COMPONENTS))", 'self._json(200, {"status": "ok"})')
    down = (
        ("import socket\n", "import socket\n\nBROKEN = True\n"),
        ("port = os.environ", 'return "no queue"\n    port = os.environ'),
    )
    files = {"server.py": calm.source("server.py", lies), "health.py": calm.source("health.py", *down)}
    said = told("half-lies", files)
    assert "queue" in said


def test_of_a_step_that_prints_a_hundred_megabytes_the_end_is_kept_and_shown(calm, told):
    said = told("prints", {"build.sh": ENDLESS})
    assert "all work and no play" in said
    kept = calm.rows("SELECT length(output), output_bytes FROM step WHERE kind = 'build' AND state = 'failed'")
    assert kept
    assert all(length <= 65_536 and printed > 100_000_000 for length, printed in kept)
