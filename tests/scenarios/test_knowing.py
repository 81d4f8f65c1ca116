"""What GitHub knows is told before anybody decides: differences, gates, names to choose from, open pull requests."""

from collections.abc import Iterator

import pytest

from bot.sandbox.configuration import Pace
from bot.sandbox.github.entities import Pull
from bot.sandbox.repository import sha
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from tests.scenarios.kit import Scene

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    """Give one world to the stories of this file; none of them deploys anything."""
    tuning = Tuning(manifest=manifest(), pace=Pace("1s", "200ms", "30m"), github=True, hosts=("staging1", "web1"))
    with World(tmp_path_factory.mktemp("knowing"), tuning) as opened:
        yield opened


@pytest.fixture
def scene(world) -> Iterator[Scene]:
    yield Scene(world)
    world.github.hub.faults.clear()


@pytest.fixture
def hub(world):
    return world.github.hub


def test_a_difference_names_pull_requests_checks_and_risks_and_asks_for_nothing(scene):
    before = scene.newest()
    scene.says("omar", "/deploy diff staging v2.3")
    told = scene.is_told("omar", "Nothing that I deployed runs on", "Commits that go live", "tests")
    assert "readme: Tell how the health routes are asked" in told
    assert "came without a pull request" in told
    assert "success" in told
    assert scene.newest() == before


def test_why_names_the_check_that_is_red_and_why_a_request_waits(scene, hub, world):
    hub.check(sha(world.repository, "v2.4"), "tests", "failure", after=1)
    scene.says("ana", "/deploy why staging v2.4")
    scene.is_told("ana", "1 gate is shut", "`tests` is failure")
    number = scene.asks("v2.3")
    scene.says("ana", f"/deploy why {number}")
    scene.is_told("ana", "Approvals", "0 of 1 approval", "still names")
    scene.says("ana", f"/deploy cancel {number}")
    scene.shows(number, "cancelled")


def test_releases_tags_and_branches_are_suggested_while_one_types(scene, hub):
    hub.releases["v2.3"] = False
    slack = scene.world.slack
    scene.says("ana", "/deploy")
    scene.until("the form", lambda: slack.modal("ana"))
    offered = slack.suggestions("ana", "deploy.ref", "")
    assert [name for name in offered if name in ("v2.3", "main", "hotfix/login")]
    assert {"v2.5", "v2.3", "main", "hotfix/login"} <= set(offered)
    slack.closes("ana")


def test_open_pull_requests_are_told_with_their_checks_and_their_age(scene, hub, world):
    head = sha(world.repository, "v2.2")
    hub.open_pull(Pull(90, "Answer in <!channel> French", "ana", "french", head))
    scene.says("omar", "/ops prs")
    told = scene.is_told("omar", "1 pull request is open", "#90", "opened just now")
    assert "Answer in" in told
    assert "Green" in told


@pytest.mark.parametrize("typed", ["/ops prs", "/deploy diff staging main"])
def test_a_limit_of_githubs_is_told_and_nothing_is_held_up(scene, hub, typed):
    hub.faults.add("limit")
    scene.says("ana", typed)
    scene.is_told("ana", "has been asked too much in my name")
    hub.faults.clear()
    scene.says("ana", "/deploy status staging")
    scene.is_told("ana", "staging")
