"""A run of the sandbox's workflow really brings a release to staging, and fails where that cannot be done."""

from datetime import timedelta

import pytest

from bot.sandbox.github.hub import Hub
from bot.sandbox.github.shipping import Shipper
from bot.sandbox.github.team import Team
from bot.sandbox.hosts import Hosts
from bot.sandbox.repository import build_repository, sha
from tests.contracts.sandbox_hosts_kit import eventually


class Story:
    """A team on GitHub with one host."""

    def __init__(self, team: Team, host) -> None:
        self.team, self.host = team, host
        self.hub: Hub = team.hub

    def ships(self, ref):
        """Start a run for a commit and return it."""
        workflow = self.hub.workflow("deploy.yml")
        return self.hub.dispatch(workflow, "main", {"environment": "staging", "ref": self.sha(ref)}, "ana")

    def sha(self, ref):
        return sha(self.hub.git._path, ref)

    def ends(self, run):
        """Wait for the end of a run and return how it ended, and what its last job printed."""
        eventually(lambda: self.hub.progress(run).status == "completed")
        seen = self.hub.progress(run)
        return seen.conclusion, seen.jobs[-1].log


@pytest.fixture
def story(tmp_path):
    repository = build_repository(tmp_path)
    with Hosts(tmp_path, ("staging1",)) as hosts:
        shipper = Shipper(repository, list(hosts), hosts.user, hosts.deploy_key, hosts.known_hosts)
        team = Team(repository, shipper)
        team.ships_well(0.2)
        with team.server:
            yield Story(team, hosts.host("staging1"))


def test_what_was_asked_for_is_served_once_the_run_has_ended_well(story):
    for version in ("v2.1", "v2.3"):
        conclusion, log = story.ends(story.ships(version))
        assert (conclusion, story.host.serves, story.host.serves_sha) == ("success", version, story.sha(version)), log
    assert "applied" in log


def test_a_release_that_cannot_migrate_fails_its_run_and_the_one_before_is_served(story):
    story.ends(story.ships("v2.3"))
    conclusion, log = story.ends(story.ships("v2.5"))
    assert conclusion == "failure"
    assert "nothing of it was kept" in log
    assert [step.conclusion for step in story.hub.progress(story.hub.runs[-1]).jobs[-1].steps[2:]] == [
        "failure",
        "skipped",
    ]
    assert story.host.serves == "v2.3"


def test_a_host_that_is_gone_fails_the_run_and_says_so(story):
    story.host.goes_away()
    conclusion, log = story.ends(story.ships("v2.3"))
    assert conclusion == "failure"
    assert "it cannot be brought there" in log


def test_a_commit_that_nobody_has_fails_the_run(story):
    run = story.hub.dispatch(story.hub.workflow("deploy.yml"), "main", {"ref": "f" * 40}, "ana")
    assert story.ends(run)[0] == "failure"
    assert story.host.serves is None


def test_a_run_that_is_cancelled_before_it_ships_ships_nothing_although_its_time_comes(story):
    story.team.ships_well(4)
    run = story.ships("v2.3")
    story.hub.cancel(run)
    assert story.ends(run)[0] == "cancelled"
    now = story.hub.clock
    story.hub.clock = lambda: now() + timedelta(seconds=10)
    story.team.ships_well(0.2)
    assert story.ends(story.ships("v2.1"))[0] == "success"
    assert (story.host.serves, run.deeds) == ("v2.1", {})


def test_who_runs_it_again_ships_it_again(story):
    run = story.ships("v2.1")
    story.ends(run)
    story.hub.again(run)
    assert story.ends(run)[0] == "success"
    assert sorted(run.deeds) == [(1, "ship"), (2, "ship")]
