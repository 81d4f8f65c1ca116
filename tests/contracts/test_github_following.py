"""A workflow run is followed job by job, and stopped; what people do to it on GitHub is seen."""

import pytest

from bot.sandbox.github.entities import Task
from bot.sandbox.repository import sha
from deployers.github_api import Door
from deployers.github_errors import GitHubRefused, RunGone, RunNotStopped
from deployers.github_run import State, Wanted
from deployers.github_runs import Runs
from tests.contracts.github_kit import INPUTS, REPOSITORY, TOKEN, Clock, github

MARK = "d42-1795543195.3.github.1"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server(tmp_path, clock):
    with github(tmp_path, clock=clock) as running:
        yield running


@pytest.fixture
def hub(server):
    return server.hub


@pytest.fixture
def runs(server, clock):
    return Runs(Door(REPOSITORY, TOKEN, server.url, patience=1), clock, clock.passes)


@pytest.fixture
def wanted(tmp_path, server, clock):
    full = sha(tmp_path / "repository.git", "v2.3")
    inputs = {"environment": "staging", "ref": full}
    return Wanted("deploy.yml", "refs/tags/v2.3", full, MARK, clock(), inputs)


def test_a_run_is_followed_job_by_job_and_step_by_step(runs, clock, wanted):
    run = runs.start(wanted)
    seen = []
    for seconds in (0, 5, 6):
        clock.passes(seconds)
        now = runs.look(run.id)
        seen.append((now.state, [job.status for job in now.jobs]))
    assert seen == [
        (State.RUNNING, ["in_progress", "queued"]),
        (State.RUNNING, ["completed", "in_progress"]),
        (State.SUCCEEDED, ["completed", "completed"]),
    ]
    assert [step.name for step in now.jobs[1].steps] == ["Set up job", "Ship", "Look"]


def test_the_failing_step_and_the_end_of_its_log_are_found(runs, hub, clock, wanted):
    log = "\n".join(f"line {number}" for number in range(5000))
    hub.add_workflow("deploy.yml", Task("ship", 3, ("Get", "Ship"), fails_at="Ship", log=log), inputs=INPUTS)
    run = runs.start(wanted)
    assert runs.last_lines(runs.look(run.id).jobs[0].id) == ()
    clock.passes(10)
    job, step = runs.look(run.id).failing()
    assert (job.name, step.name) == ("ship", "Ship")
    assert runs.last_lines(job.id, 2) == ("line 4999", "Process completed with exit code 1.")


def test_a_cancelled_run_is_waited_for_until_it_has_stopped(runs, hub, wanted):
    run = runs.start(wanted)
    hub.runs[0].stop_seconds = 5
    assert runs.cancel(run.id).state is State.CANCELLED
    assert runs.cancel(run.id).state is State.CANCELLED


def test_a_run_that_ended_well_before_it_heard_of_the_cancel_says_so(runs, hub, wanted):
    run = runs.start(wanted)
    hub.runs[0].stop_seconds = 40
    assert runs.cancel(run.id).state is State.SUCCEEDED


def test_a_run_that_does_not_stop_is_stopped_by_force(runs, hub, wanted):
    hub.add_workflow("deploy.yml", Task("deploy", 6000), inputs=INPUTS)
    run = runs.start(wanted)
    hub.runs[0].stop_seconds = 5000
    assert runs.cancel(run.id).state is State.CANCELLED


def test_a_run_that_cannot_be_stopped_is_named(runs, hub, wanted):
    hub.add_workflow("deploy.yml", Task("deploy", 6000), inputs=INPUTS)
    run = runs.start(wanted)
    hub.faults.add("broken", "cancel-run")
    hub.faults.add("broken", "force-cancel-run")
    with pytest.raises(RunNotStopped, match=f"runs/{run.id} was cancelled 60 s ago and has not stopped"):
        runs.cancel(run.id)


@pytest.mark.parametrize("fault", ["broken_after", "lost_reply", "hang_after"])
def test_a_lost_answer_to_a_cancel_is_no_matter(runs, hub, wanted, fault):
    run = runs.start(wanted)
    hub.faults.add(fault, "cancel-run", times=1)
    assert runs.cancel(run.id).state is State.CANCELLED


def test_what_people_do_on_github_is_seen(runs, hub, clock, wanted):
    run = runs.start(wanted)
    clock.passes(30)
    hub.again(hub.runs[0])
    assert (runs.look(run.id).attempt, runs.look(run.id).state) == (2, State.RUNNING)
    hub.delete(hub.runs[0])
    for look in (runs.look, runs.cancel):
        with pytest.raises(RunGone, match="was deleted on GitHub"):
            look(run.id)


def test_a_run_that_no_runner_takes_stays_queued(runs, hub, clock, wanted):
    run = runs.start(wanted)
    hub.runs[0].stuck = True
    clock.passes(86400)
    assert runs.look(run.id).state is State.QUEUED


def test_while_a_run_waits_for_its_turn_one_question_is_enough(runs, hub, clock, wanted):
    runs.start(wanted)
    hub.runs[0].stuck = True
    waits = runs.look(hub.runs[0].id)
    hub.exchanges.clear()
    assert runs.look(waits.id, waits).jobs == waits.jobs
    assert len(hub.exchanges) == 1
    hub.runs[0].stuck = False
    assert [job.status for job in runs.look(waits.id, waits).jobs] == ["in_progress", "queued"]


def test_an_environment_that_waits_is_approved_where_we_are_a_reviewer(runs, hub, clock, wanted):
    hub.protect("production")
    hub.add_workflow("deploy.yml", Task("deploy", 2, environment="production"), inputs=INPUTS)
    run = runs.start(wanted)
    assert run.state is State.WAITING
    (place,) = runs.waits_for(run.id)
    assert (place.name, place.ours, place.reviewers) == ("production", True, ("ben",))
    runs.approve(run.id, (place,), "Approved by ben in Slack")
    clock.passes(5)
    assert runs.look(run.id).state is State.SUCCEEDED


def test_an_environment_that_others_approve_is_named_with_them(runs, hub, wanted):
    hub.protect("production", may_approve=False)
    hub.add_workflow("deploy.yml", Task("deploy", environment="production"), inputs=INPUTS)
    run = runs.start(wanted)
    (place,) = runs.waits_for(run.id)
    assert (place.ours, place.reviewers) == (False, ("ben",))
    with pytest.raises(GitHubRefused, match="not a reviewer"):
        runs.approve(run.id, (place,), "go")
