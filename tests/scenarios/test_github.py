"""The team is on GitHub: releases go out through workflow runs, checks are asked for, and outages are told in words."""

import re
from collections.abc import Iterator

import pytest

from bot.sandbox.configuration import Pace
from bot.sandbox.repository import sha
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from tests.scenarios.kit import Scene

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    """Give one world to the stories of this file; each leaves it as it was, or one release further."""
    tuning = Tuning(manifest=manifest(), pace=Pace("1s", "200ms", "30m"), github=True, hosts=("staging1", "web1"))
    with World(tmp_path_factory.mktemp("github"), tuning) as opened:
        yield opened


@pytest.fixture
def scene(world) -> Iterator[Scene]:
    yield Scene(world)
    world.github.hub.faults.clear()
    world.github.protects(False)
    world.github.ships_well(1)


@pytest.fixture
def hub(scene, world):
    world.github.ships_well(1)
    return world.github.hub


def good(world):
    """Return releases that are well, each another than the one that staging runs."""
    return [version for version in ("v2.1", "v2.2", "v2.3") if world.host("staging1").serves != version]


def ships(scene, version):
    """Ship a release to staging and return the number of the deployment."""
    before = scene.newest()
    scene.says("ana", f"/deploy staging {version}")
    scene.until("a deployment", lambda: scene.newest() > before)
    scene.comes_to(scene.newest(), "succeeded")
    return scene.newest()


def test_each_release_goes_out_through_one_run_with_its_commit(scene, hub, world):
    before = len(hub.runs)
    one, other, *_ = good(world)
    ships(scene, one)
    number = ships(scene, other)
    assert [run.inputs["ref"] for run in hub.runs[before:]] == [sha(world.repository, it) for it in (one, other)]
    scene.shows(number, f"deployed `{other}` to *staging*")


def test_a_run_that_fails_is_named_and_the_good_release_is_shipped_again(scene, hub, world):
    ships(scene, good(world)[0])
    world.github.fails_to_ship(1)
    count = len(hub.runs)
    scene.says("ana", "/deploy staging v2.5")
    scene.until("the run", lambda: len(hub.runs) > count)
    world.github.ships_well(1)
    scene.sees("rolled back")
    told = scene.sees("step `Ship` of job `ship` ended as failure").words
    assert "No space left on device" in told


def test_a_red_check_is_a_refusal_that_names_it(scene, hub, world):
    version = good(world)[0]
    full = sha(world.repository, version)
    hub.check(full, "tests", "failure", after=1)
    scene.says("ana", f"/deploy staging {version}")
    scene.is_told("ana", "`tests` is failure")
    hub.check(full, "tests", "success", after=2)
    ships(scene, version)


@pytest.mark.parametrize(
    ("fault", "words"),
    [("broken", "GitHub cannot be asked: it answered 502"), ("limit", "has been asked too much in my name")],
)
def test_while_github_cannot_be_asked_that_is_told_in_words(scene, hub, fault, words):
    count = len(hub.runs)
    hub.faults.add(fault)
    scene.says("ana", "/deploy staging main")
    scene.is_told("ana", words)
    assert len(hub.runs) == count


def test_a_killed_bot_takes_up_the_run_that_it_started(scene, hub, world):
    world.github.ships_well(6)
    before, count = scene.newest(), len(hub.runs)
    scene.says("ana", "/deploy staging hotfix/login")
    scene.until("the run", lambda: len(hub.runs) > count)
    world.bot.kill()
    world.bot.start()
    world.connected()
    scene.until("the end", lambda: scene.newest() > before)
    scene.comes_to(scene.newest(), "succeeded")
    assert len(hub.runs) == count + 1


def test_jobs_are_on_the_card_as_they_go_and_github_tells_of_them_by_itself(scene, hub, world):
    world.github.ships_well(4)
    before, sent = scene.newest(), len(world.github.server.webhooks.sent)
    scene.says("ana", f"/deploy staging {good(world)[0]}")
    scene.until("a deployment", lambda: scene.newest() > before)
    scene.shows(scene.newest(), ":arrow_forward: ship: `")
    scene.comes_to(scene.newest(), "succeeded")
    fresh = list(world.github.server.webhooks.sent)[sent:]
    told = [(it.event, it.status) for it in fresh if it.body["repository"]]
    assert ("workflow_run", 202) in told
    assert ("workflow_job", 202) in told
    assert {status for _, status in told} == {202}


@pytest.fixture
def asking(scene):
    """Let a deployment to staging need one approval in Slack."""
    none, one = "approvals = { required = 0", "approvals = {required = 1"
    scene.reconfigures((none, one))
    yield scene
    scene.reconfigures((one, none))


def test_one_approval_on_the_card_is_enough_and_the_next_card_knows_how_long_jobs_take(asking, hub, world):
    world.github.ships_well(4)
    world.github.protects()
    for version, tells in zip(good(world), (r"ship: ", r"ship: .*, usually \d"), strict=False):
        count = len(hub.runs)
        number = asking.asks(version, "staging")
        assert len(hub.runs) == count
        asking.presses("ben", "Approve")
        asking.until("the job on the card", lambda number=number, tells=tells: re.search(tells, asking.card(number)))
        asking.comes_to(number, "succeeded")
        (run,) = hub.runs[count:]
        assert [yes for _, yes in run.answers.values()] == [True]


def test_where_shipmate_is_no_reviewer_the_card_says_who_is_and_links_there(scene, hub, world):
    world.github.protects(may_approve=False)
    before, count = scene.newest(), len(hub.runs)
    scene.says("ana", f"/deploy staging {good(world)[0]}")
    scene.until("a deployment", lambda: scene.newest() > before)
    scene.shows(scene.newest(), "GitHub waits for somebody to approve `staging`: ben can, on the run's page there")
    (run,) = hub.runs[count:]
    assert f"/actions/runs/{run.id}" in str(scene.cards(scene.newest())[0].blocks)
    assert run.answers == {}
    hub.answer(run, "staging")
    scene.comes_to(scene.newest(), "succeeded")
