"""A workflow run is started once, whatever happens to the answer; it is followed, checked, and stopped."""

import os
import random
import signal
import threading
from dataclasses import replace

import pytest

from bot.sandbox.github.entities import Task
from bot.sandbox.repository import commit, sha
from deployers.github_api import Door
from deployers.github_errors import (
    GitHubAway,
    GitHubLimited,
    GitHubRefused,
    RunMismatch,
    RunNotStarted,
    RunsAmbiguous,
)
from deployers.github_run import State, Wanted
from deployers.github_runs import Runs
from tests.contracts.github_kit import INPUTS, JOBS, REPOSITORY, TOKEN, Clock, github
from tests.contracts.github_openapi import Described

DISPATCH = "create-workflow-dispatch"
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


def asked(hub):
    """Return the bodies of the dispatches that GitHub took or refused."""
    return [one.body for one in hub.exchanges if one.path.endswith("/dispatches")]


def unnamed(hub, *, inputs=INPUTS):
    """Let the workflow not show the operation in its runs' names."""
    hub.add_workflow("deploy.yml", *JOBS, name="Deploy", inputs=inputs)


def test_a_run_is_started_with_its_inputs_and_its_operation(runs, hub, wanted):
    run = runs.start(wanted)
    assert [one.id for one in hub.runs] == [run.id]
    assert hub.runs[0].inputs == {**wanted.inputs, "operation": MARK}
    assert (run.sha, run.branch, run.state) == (wanted.sha, "v2.3", State.RUNNING)
    assert run.url == f"{runs.door.url}/{REPOSITORY}/actions/runs/{run.id}"


def test_a_workflow_without_an_operation_is_started_without_one(runs, hub, wanted):
    unnamed(hub, inputs=("environment", "ref"))
    assert runs.start(wanted).sha == wanted.sha
    assert hub.runs[0].inputs == wanted.inputs
    assert len(hub.runs) == 1


@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("fault", ["broken_after", "lost_reply", "hang_after", "no_details"])
def test_a_lost_answer_leads_to_the_run_that_came_of_it_and_to_no_other(runs, hub, wanted, fault, names):
    if not names:
        unnamed(hub)
    hub.faults.add(fault, DISPATCH, times=1)
    run = runs.start(wanted)
    assert [one.id for one in hub.runs] == [run.id]
    assert len(asked(hub)) == 1


def test_a_run_that_lists_show_late_is_waited_for(runs, hub, wanted):
    hub.faults.add("late", DISPATCH, detail="20")
    hub.faults.add("broken_after", DISPATCH, times=1)
    assert [runs.start(wanted).id] == [one.id for one in hub.runs]


@pytest.mark.parametrize("fault", ["broken", "reset", "hang"])
def test_where_nothing_came_of_it_that_is_said_and_nothing_is_sent_again(runs, hub, wanted, fault):
    hub.faults.add(fault, DISPATCH, times=1)
    with pytest.raises(RunNotStarted, match=r"`deploy\.yml` was not started: .* no run of it has appeared"):
        runs.start(wanted)
    assert hub.runs == []


def test_while_nobody_can_say_what_came_of_it_it_stays_open(runs, hub, wanted):
    hub.faults.add("lost_reply", DISPATCH, times=1)
    hub.faults.add("broken", "list-workflow-runs")
    with pytest.raises(GitHubAway):
        runs.start(wanted)
    hub.faults.clear()
    assert runs.adopt(wanted).id == hub.runs[0].id


@pytest.mark.parametrize(
    ("fault", "detail", "error"),
    [
        ("limit", "", GitHubLimited),
        ("secondary_limit", "60", GitHubLimited),
        ("status", "401", GitHubRefused),
        ("status", "403", GitHubRefused),
        ("status", "404", GitHubRefused),
        ("status", "422", GitHubRefused),
    ],
)
def test_a_no_is_told_at_once_and_nothing_was_started(runs, hub, wanted, clock, fault, detail, error):
    hub.faults.add(fault, DISPATCH, detail=detail)
    with pytest.raises(error):
        runs.start(wanted)
    assert (hub.runs, clock.ahead.total_seconds()) == ([], 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"workflow": "ship.yml"}, "404: Not Found"),
        ({"ref": "refs/tags/v9"}, "No ref found for: refs/tags/v9"),
        ({"inputs": {"speed": "fast"}}, "Unexpected inputs provided"),
    ],
)
def test_a_wrong_workflow_ref_or_input_is_told_in_githubs_words(runs, hub, wanted, change, words):
    with pytest.raises(GitHubRefused, match=words):
        runs.start(replace(wanted, **change))
    assert hub.runs == []


def test_two_runs_that_could_be_ours_are_both_left_alone(runs, hub, wanted):
    unnamed(hub)
    hub.dispatch(hub.workflow("deploy.yml"), wanted.ref, wanted.inputs, "ben")
    hub.faults.add("lost_reply", DISPATCH, times=1)
    with pytest.raises(RunsAmbiguous, match="2 runs on GitHub could be the one that I started") as refused:
        runs.start(wanted)
    assert all(str(one.id) in str(refused.value) for one in hub.runs)
    assert [one.cancelled for one in hub.runs] == [None, None]


def test_our_run_is_told_from_one_that_somebody_started_at_the_same_time(runs, hub, wanted):
    hub.dispatch(hub.workflow("deploy.yml"), wanted.ref, wanted.inputs, "ben")
    hub.faults.add("lost_reply", DISPATCH, times=1)
    assert runs.start(wanted).id == hub.runs[1].id


def test_a_run_that_another_deployment_owns_is_not_taken(runs, hub, wanted):
    unnamed(hub)
    other = hub.dispatch(hub.workflow("deploy.yml"), wanted.ref, wanted.inputs, "shipmate[bot]")
    hub.faults.add("broken", DISPATCH, times=1)
    with pytest.raises(RunNotStarted):
        runs.start(replace(wanted, taken=frozenset({other.id})))


def test_a_run_on_another_commit_is_cancelled_and_that_is_said(runs, hub, wanted, tmp_path):
    origin = tmp_path / "repository.git"
    on_main = replace(wanted, ref="refs/heads/main", sha=sha(origin, "main"))
    moved = commit(origin, "main", "page: Sneak in", {"page.html": "x {version}\n"})
    with pytest.raises(
        RunMismatch, match=r"was approved: the ref was moved\. I cancelled it, and it has stopped"
    ) as no:
        runs.start(on_main)
    assert no.value.found == moved
    assert hub.progress(hub.runs[0]).conclusion == "cancelled"


def test_certainty_that_nothing_was_started_takes_until_lists_have_settled(runs, wanted, clock):
    assert runs.adopt(wanted) is None
    assert 60 <= clock.ahead.total_seconds() < 80
    before = clock.ahead
    assert runs.adopt(wanted) is None
    assert clock.ahead == before


def test_every_request_is_one_that_github_describes(runs, hub, wanted, clock):
    hub.protect("production")
    hub.add_workflow("deploy.yml", Task("deploy", 9, environment="production"), Task("last", 900), inputs=INPUTS)
    run = runs.start(wanted)
    runs.approve(run.id, runs.waits_for(run.id), "go")
    clock.passes(20)
    runs.last_lines(runs.look(run.id).jobs[0].id)
    hub.runs[0].stop_seconds = 70
    runs.cancel(run.id)
    runs.adopt(wanted)
    described = Described()
    assert [fault for one in hub.exchanges for fault in described.faults(one)] == []
    assert {one.method for one in hub.exchanges} == {"GET", "POST"}


KILLS = int(os.environ.get("DISPATCH_KILLS", "40"))
"""How often the process that asks for a run is killed."""


def _dies(runs, wanted, after):
    """Start a run in a process that is killed after some seconds, if it is not done by then."""
    child = os.fork()
    if child == 0:
        try:
            runs.start(wanted)
        finally:
            os._exit(0)
    threading.Event().wait(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@pytest.mark.slow
def test_killed_at_random_instants_there_is_one_run_each_and_it_is_adopted(server, hub, wanted, clock):
    patient = threading.Event()

    def pause(seconds):
        patient.wait(0.02)
        clock.passes(seconds)

    runs = Runs(Door(REPOSITORY, TOKEN, server.url), clock, pause)
    chance, adopted = random.Random(7), 0
    for number in range(KILLS):
        one = replace(wanted, operation=f"d{number}-1795543195.1.github.1", asked_at=clock())
        _dies(runs, one, chance.uniform(0, 0.06))
        found = runs.adopt(one)
        adopted += found is not None
        run = found or runs.start(one)
        mine = [it.id for it in hub.runs if it.inputs["operation"] == one.operation]
        assert mine == [run.id]
    assert len(hub.runs) == KILLS
    assert KILLS < 40 or 0 < adopted < KILLS
