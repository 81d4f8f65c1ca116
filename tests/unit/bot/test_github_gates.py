"""What continuous integration says is asked for when somebody asks, and again in the last instant before the start."""

from dataclasses import replace

import pytest

from bot.opening import WAITS
from deployers.errors import DeployError
from deployers.github_errors import GitHubAway, GitHubRefused
from deployers.plan import Plan
from storage import checks, deployments
from storage.models import CheckRun
from storage.store import Store
from tests.unit.bot.stage import NEW, Stage
from tests.unit.commands.world import World, sha_of
from tests.unit.commands.world import environment as place
from tests.unit.deployers.worlds import environment


class Ci:
    """Continuous integration that says one thing about every check, and keeps it; or is away for a number of times."""

    def __init__(self, says: str, *, error=None, away: range = range(0)) -> None:
        self.says, self.error, self.away = says, error, away
        self.asked, self.store = [], None

    def __call__(self, sha, required) -> DeployError | None:
        error = self.error if len(self.asked) in self.away else None
        self.asked.append((sha, tuple(required)))
        at = self.now()
        with self.store.begin() as session:
            for name in required:
                said = "unknown" if error else self.says
                checks.put(session, CheckRun(sha=sha, name=name, conclusion=said, seen_at=at))
        return error


@pytest.fixture
def store(tmp_path):
    made = Store(f"sqlite:///{tmp_path}/world.db")
    made.migrate()
    yield made
    made.close()


def staged(tmp_path, ci):
    stage = Stage(tmp_path, replace(environment(2), required_checks=("tests",)))
    ci.store, ci.now = stage.store, stage.clock
    opening = replace(stage.conductor.opening, ask_checks=ci)
    stage.conductor = replace(stage.conductor, opening=opening)
    return stage


@pytest.mark.parametrize(("says", "ok"), [("success", True), ("failure", False)])
def test_who_asks_for_a_deployment_gets_what_ci_says_now(store, says, ok):
    world, ci = World(store, place(required_checks=("tests",))), Ci(says)
    ci.store, ci.now = store, lambda: world.now
    world.services = replace(world.services, ask_checks=ci)
    assert world.says("ana", "/deploy production v2.3").ok is ok
    assert ci.asked == [(sha_of("v2.3"), ("tests",))]


def test_checks_that_turned_red_since_the_approval_stop_it_before_anything_happens(tmp_path):
    ci = Ci("failure")
    stage = staged(tmp_path, ci)
    asked = stage.asks()
    assert stage.conduct(asked) == "refused"
    assert "`tests` is failure" in stage.get(asked).failure["message"]
    assert (ci.asked, stage.remote.lines) == ([(NEW, ("tests",))], [])


def test_green_checks_let_it_begin(tmp_path):
    stage = staged(tmp_path, Ci("success"))
    assert stage.conduct(stage.asks()) == "succeeded"


def test_github_that_is_away_for_seconds_delays_and_refuses_nothing(tmp_path):
    ci = Ci("success", error=GitHubAway("no answer in time"), away=range(2))
    stage = staged(tmp_path, ci)
    assert stage.conduct(stage.asks()) == "succeeded"
    assert stage.paused == list(WAITS[:2])


def test_github_that_goes_away_after_the_start_delays_the_first_switch_and_stops_nothing(tmp_path):
    ci = Ci("success", error=GitHubAway("no answer in time"), away=range(1, 3))
    stage = staged(tmp_path, ci)
    assert stage.conduct(stage.asks()) == "succeeded"
    assert stage.paused == list(WAITS[:2])


@pytest.mark.parametrize("away", [range(99), range(1, 99)], ids=["before the start", "before the first switch"])
def test_checks_that_could_not_be_asked_for_a_minute_are_not_green_and_it_says_why(tmp_path, away):
    ci = Ci("success", error=GitHubAway("no answer in time"), away=away)
    stage = staged(tmp_path, ci)
    asked = stage.asks()
    assert stage.conduct(asked) == "refused"
    assert sum(stage.paused) == 60
    why = stage.get(asked).failure["message"]
    assert "`tests` is unknown. GitHub cannot be asked: no answer in time." in why
    assert all("activate" not in line for line in stage.remote.lines)


def test_a_no_from_github_is_not_asked_again(tmp_path):
    ci = Ci("success", error=GitHubRefused(403, "the checks", "Forbidden"), away=range(99))
    stage = staged(tmp_path, ci)
    asked = stage.asks()
    assert stage.conduct(asked) == "refused"
    assert (stage.paused, len(ci.asked)) == ([], 1)
    assert "GitHub refused the checks (403: Forbidden)" in stage.get(asked).failure["message"]


def test_who_asks_while_github_is_away_is_told_so(store):
    world = World(store, place(required_checks=("tests",)))
    ci = Ci("success", error=GitHubAway("no answer in time"), away=range(99))
    ci.store, ci.now = store, lambda: world.now
    world.services = replace(world.services, ask_checks=ci)
    said = world.says("ana", "/deploy production v2.3")
    assert not said.ok
    assert "GitHub cannot be asked: no answer in time." in said.text


def test_a_rollback_waits_for_no_ci(tmp_path):
    ci = Ci("failure")
    stage = staged(tmp_path, ci)
    assert stage.conduct(stage.asks("v2.2", kind="rollback")) != "refused"
    assert ci.asked == []


def test_skipped_tests_were_approved_with_the_plan_and_are_judged_again_before_anything_happens(tmp_path):
    ci = Ci("failure")
    stage = staged(tmp_path, ci)
    asked = stage.asks()
    with stage.store.begin() as session:
        stored = deployments.stored_plan(session, asked.number)
        skips = replace(Plan.read(stored.document), skip_tests=True, strategy="rolling")
        stored.document, stored.hash = skips.document(), skips.hash
        deployments.get(session, asked.number).plan_hash = skips.hash
        session.add(stored)
    assert stage.conduct(asked) == "refused"
    assert "does not let anybody skip the tests" in stage.get(asked).failure["message"]
