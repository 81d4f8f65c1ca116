"""Whatever a run does, people read what it is and what it waits for; none is waited for without end."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.sandbox.github.entities import Task
from bot.sandbox.repository import sha
from deployers.environment import GITHUB, Environment, Recipe, Workflow
from deployers.errors import RepositoryUnreachable, Undecided
from deployers.github_api import Door
from deployers.github_errors import GitHubAway, GitHubRefused, WorkflowChanged
from deployers.github_file import WorkflowFiles
from deployers.github_follow import House
from deployers.github_remote import GitHubRemote
from deployers.github_runs import Runs
from deployers.github_words import usual
from deployers.ports import Authority, Fate, Operation, Revision
from tests.contracts.github_kit import INPUTS, REPOSITORY, TOKEN, Clock, github

MARK = "d42-1795543195"


class Story:
    """One operation that a workflow runs, and what happens on GitHub while it is followed."""

    def __init__(self, server, origin) -> None:
        self.clock, self.hub = server.hub.clock, server.hub
        self.full = sha(origin, "v2.3")
        self.door = Door(REPOSITORY, TOKEN, server.url, patience=2)
        self.told, self.happens = [], []

    def pause(self, seconds):
        self.clock.passes(seconds)
        if self.hub.runs and self.happens:
            self.happens.pop(0)(self.hub.runs[0])

    def follows(self, house=None, file="", intended=None):
        """Perform the operation and return its record; what was told meanwhile is in `told`."""
        inputs = {"environment": "production", "ref": self.full}
        script = json.dumps({"workflow": "deploy.yml", "ref": "v2.3", "sha": self.full, "inputs": inputs, "file": file})
        remote = GitHubRemote(Runs(self.door, self.clock, self.pause), house)
        operation = Operation(f"{MARK}.0.github.1", script, timedelta(hours=2), intended_at=intended or self.clock())
        return remote.perform(GITHUB, [operation], Authority(MARK, 7), heard=self._heard)[-1]

    def _heard(self, record):
        if record.fate is Fate.RUNNING:
            self.told.append(record.output)

    def cancelled(self, run):
        """Let somebody cancel the run on GitHub."""
        self.hub.cancel(run)

    def runs_as(self, *tasks: Task):
        self.hub.add_workflow("deploy.yml", *tasks, inputs=INPUTS, run_name="Deploy {ref} {operation}")


@pytest.fixture
def story(tmp_path):
    with github(tmp_path, clock=Clock()) as server:
        yield Story(server, tmp_path / "repository.git")


def test_jobs_and_steps_are_told_as_they_go_with_what_they_usually_take(story):
    story.runs_as(Task("build", 4, ("Set up job", "Build")), Task("deploy", 60, ("Set up job", "Ship", "Look")))
    record = story.follows(House(usual=lambda: {"build": 4.0, "deploy": 75.0}))
    assert "· deploy: has not begun, usually 1 min 15 s" in story.told[0]
    assert any("▸ build: `Set up job`, step 1 of 2, for " in text and "usually 4 s" in text for text in story.told)
    assert any("▸ deploy: `Ship`, step 2 of 3" in text and "✓ build: success in 4 s" in text for text in story.told)
    assert f"/actions/runs/{story.hub.runs[0].id}\n" in story.told[0]
    assert record.exit_code == 0
    assert usual([record.output, record.output]) == {"build": 4.0, "deploy": 60.0}


def test_a_run_that_no_runner_takes_says_so_and_is_given_up(story):
    story.happens = [lambda run: setattr(run, "stuck", True)]
    story.runs_as(Task("deploy", 600))
    record = story.follows()
    assert "No runner on GitHub has taken the run yet; I wait, until " in story.told[-1]
    assert record.exit_code == 124
    assert "no runner on GitHub took the run for 15 min, so I cancelled it" in record.output
    assert story.hub.progress(story.hub.runs[0]).conclusion == "cancelled"


def test_a_run_behind_another_of_its_group_says_so_and_is_given_up(story):
    story.happens = [lambda run: setattr(run, "behind", True)]
    story.runs_as(Task("deploy", 600))
    record = story.follows()
    assert "Another run of its concurrency group goes first on GitHub" in story.told[-1]
    assert (record.exit_code, "went first for 60 min, so I cancelled it" in record.output) == (124, True)


def guarded(story, **who):
    story.hub.protect("production", **who)
    story.runs_as(Task("deploy", 2, environment="production"))


def test_what_was_approved_here_is_answered_there(story):
    guarded(story)
    asked = []
    house = House("production", approval=lambda mark: asked.append(mark) or "Approved by ben in Slack")
    assert (story.follows(house).exit_code, asked) == (0, [MARK])


@pytest.mark.parametrize(
    ("house", "who"),
    [
        (House("production", approval=lambda _: ""), {}),
        (House("staging", approval=lambda _: "Approved by ben in Slack"), {}),
        (House("production", approval=lambda _: "Approved by ben in Slack"), {"may_approve": False}),
    ],
    ids=["nobody approved here", "another environment", "not a reviewer"],
)
def test_what_is_not_ours_to_answer_is_left_to_its_reviewers_who_are_named(story, house, who):
    guarded(story, **who)
    record = story.follows(house)
    assert "GitHub waits for somebody to approve `production`: ben can, on the run's page there" in story.told[0]
    assert "nobody approved `production` on GitHub within 60 min, so I cancelled it: ben can" in record.output
    assert (record.exit_code, story.hub.runs[0].answers) == (124, {})


def test_a_workflow_whose_file_changed_after_the_approval_is_not_started(story):
    files = WorkflowFiles(Runs(story.door, story.clock, story.pause))
    workflow = Workflow("deploy.yml", {"ref": "{sha}"})
    where = Environment("production", "shop", "git", Recipe("web"), deployer="github", workflow=workflow)
    approved = files.of(where, Revision("v2.3", "refs/tags/v2.3", story.full))
    story.runs_as(Task("deploy", 1, log="something else"))
    assert files.of(where, Revision("v2.3", "refs/tags/v2.3", story.full)) != approved
    with pytest.raises(WorkflowChanged, match="is no longer what was approved"):
        story.follows(file=approved)
    assert story.hub.runs == []
    assert files.of(replace(where, deployer="ssh"), Revision("v2.3", "", story.full)) == ""


def test_a_workflow_whose_file_is_what_was_approved_is_started(story):
    runs = Runs(story.door, story.clock, story.pause)
    assert story.follows(file=runs.file_at("deploy.yml", story.full)).exit_code == 0


def test_where_there_is_no_such_file_that_is_told_before_anybody_is_asked(story):
    workflow = Workflow("ship.yml", {"ref": "{sha}"})
    where = Environment("production", "shop", "git", Recipe("web"), deployer="github", workflow=workflow)
    with pytest.raises(GitHubRefused, match="404"):
        WorkflowFiles(Runs(story.door, story.clock, story.pause)).of(where, Revision("v2.3", "", story.full))


def test_where_github_is_away_the_file_may_be_told_later(story):
    story.hub.faults.add("broken")
    workflow = Workflow("deploy.yml", {"ref": "{sha}"})
    where = Environment("production", "shop", "git", Recipe("web"), deployer="github", workflow=workflow)
    with pytest.raises(RepositoryUnreachable):
        WorkflowFiles(Runs(story.door, story.clock, story.pause)).of(where, Revision("v2.3", "", story.full))


def test_a_run_that_was_given_up_and_does_not_stop_is_undecided(story):
    story.runs_as(Task("deploy", 60_000))
    for endpoint in ("cancel-run", "force-cancel-run"):
        story.hub.faults.add("broken", endpoint)
    with pytest.raises(Undecided, match="was cancelled 60 s ago and has not stopped"):
        story.follows()


def test_a_rate_limit_is_waited_out_and_nothing_is_asked_meanwhile(story):
    story.runs_as(Task("deploy", 600))
    asked = []

    def limited(_):
        story.hub.faults.add("secondary_limit", "list-jobs", detail="120", times=1)
        asked.append((story.clock(), len(story.hub.exchanges)))

    def looked(_):
        asked.append((story.clock(), len(story.hub.exchanges)))

    story.happens = [limited, *[looked] * 20]
    assert story.follows().exit_code == 0
    began, until = asked[0][0], timedelta(seconds=110)
    assert {count for at, count in asked[1:] if at - began < until} == {asked[1][1]}


def test_who_approves_on_github_lets_it_go_on(story):
    guarded(story, may_approve=False)
    story.happens = [lambda _: None, lambda run: story.hub.answer(run, "production")]
    assert story.follows().exit_code == 0


def test_a_run_that_somebody_cancelled_says_that_it_was_not_me(story):
    story.runs_as(Task("deploy", 60))
    story.happens = [story.cancelled]
    record = story.follows()
    assert (record.exit_code, "somebody cancelled the run on GitHub; I did not" in record.output) == (130, True)


def test_a_run_that_a_newer_one_pushed_out_names_it(story):
    def pushed_out(run):
        story.hub.dispatch(run.workflow, "main", {"environment": "production"}, "mira")
        story.hub.cancel(run)

    story.runs_as(Task("deploy", 60))
    story.happens = [pushed_out]
    record = story.follows()
    newer = story.hub.runs[1].id
    assert f"/runs/{newer} came after it, and only the newest of a concurrency group goes on" in record.output


def test_a_run_that_somebody_ran_again_is_followed_to_its_new_end(story):
    story.happens = [story.hub.again]
    record = story.follows()
    assert any("Somebody ran it again on GitHub: this is attempt 2" in text for text in story.told)
    assert (record.exit_code, "this is attempt 2" in record.output) == (0, True)


def test_a_run_that_somebody_deleted_is_believed_after_some_seconds(story):
    story.happens = [story.hub.delete]
    began = story.clock()
    with pytest.raises(Undecided, match="was deleted on GitHub"):
        story.follows()
    assert story.clock() - began > timedelta(seconds=10)


def test_a_moment_in_which_github_does_not_know_a_run_is_no_matter(story):
    story.happens = [lambda _: story.hub.faults.add("status", "get-run", detail="404", times=2)]
    assert story.follows().exit_code == 0


def test_while_github_is_away_that_is_told_and_the_run_goes_on(story):
    story.happens = [lambda _: story.hub.faults.add("broken", "get-run", times=4)]
    record = story.follows()
    assert any("GitHub cannot be asked: it answered 502" in text and "I ask again" in text for text in story.told)
    assert record.exit_code == 0


@pytest.mark.parametrize("call", ["list-tags", "list-workflow-runs", "get-content"])
def test_who_takes_a_deployment_up_asks_until_github_can_say_what_became_of_it(story, call):
    file = Runs(story.door, story.clock, story.pause).file_at("deploy.yml", story.full)
    story.hub.faults.add("broken", call)
    left = iter(range(99))

    def rest(seconds):
        story.clock.passes(seconds)
        if next(left) == 40:
            story.hub.faults.clear()

    story.pause = rest
    record = story.follows(intended=story.clock() - timedelta(minutes=5), file=file)
    assert "Until it answers, nobody can say whether the run was started; I ask again" in story.told[0]
    assert (record.exit_code, len(story.hub.runs)) == (0, 1)


def test_where_github_is_away_before_it_was_asked_for_a_run_nothing_was_started(story):
    story.hub.faults.add("broken", "get-content")
    with pytest.raises(GitHubAway):
        story.follows(file="something")


@pytest.mark.parametrize("detail", ["401", "403"])
def test_a_no_while_a_run_is_followed_does_not_mean_that_nothing_was_started(story, detail):
    story.happens = [lambda _: story.hub.faults.add("status", "get-run", detail=detail)]
    with pytest.raises(Undecided, match="GitHub refused"):
        story.follows()


def test_a_no_right_after_a_run_was_started_does_not_mean_that_nothing_was_started(story):
    story.hub.faults.add("status", "get-run", detail="401")
    with pytest.raises(Undecided, match="GitHub refused"):
        story.follows()
    assert len(story.hub.runs) == 1


def test_a_log_that_is_not_shown_to_us_changes_nothing_about_how_the_run_ended(story):
    story.runs_as(Task("ship", 3, ("Get", "Ship"), fails_at="Ship"))
    story.hub.faults.add("status", "get-logs", detail="403")
    record = story.follows()
    assert (record.fate, record.exit_code) == (Fate.EXITED, 1)
    assert "GitHub refused" in record.output


@pytest.mark.parametrize("hears", [False, True], ids=["nothing was ever heard", "webhooks have stopped"])
@pytest.mark.parametrize("usual", [{}, {"build": 30.0, "deploy": 300.0}, {"build": 3.0, "deploy": 20.0}], ids=str)
def test_whatever_is_heard_a_run_that_is_over_is_noticed_within_a_minute(story, usual, hears):
    story.runs_as(Task("build", 40, ("Set up job", "Build")), Task("deploy", 200, ("Set up job", "Ship")))
    told = [hears]

    def rest(_run, seconds):
        story.clock.passes(seconds)
        return told.pop() if told else False

    record = story.follows(House(usual=lambda: usual, rest=rest))
    ended = story.hub.progress(story.hub.runs[0]).updated
    assert (record.exit_code, story.clock() - ended < timedelta(seconds=60)) == (0, True)


def test_a_job_that_is_still_told_as_running_when_its_run_is_over_is_asked_for_again(story):
    story.runs_as(Task("ship", 30, ("Get", "Ship"), fails_at="Ship"))
    story.happens = [lambda _: None, lambda _: story.hub.faults.add("status", "list-jobs", detail="404", times=1)]
    record = story.follows()
    assert (record.exit_code, "step `Ship` of job `ship` ended as failure" in record.output) == (1, True)
