"""A deployment through GitHub lives like any other: one run each, followed, judged, taken back, stopped, taken up."""

import threading
from dataclasses import replace

import pytest

from bot.alone import Alone
from bot.conductor import Conductor
from bot.opening import Opening
from bot.sandbox.github.entities import Task
from bot.sandbox.repository import sha
from deployers.approved import approved
from deployers.environment import RollbackPolicy, Workflow
from deployers.github_api import Door
from deployers.github_file import WorkflowFiles
from deployers.github_remote import GitHubRemote
from deployers.github_runs import Runs
from deployers.plan import Plan, Run
from storage import deployments
from storage.models import Status
from tests.contracts.github_kit import INPUTS, JOBS, REPOSITORY, TOKEN, Clock, github
from tests.unit.bot.stage import Crash, Stage
from tests.unit.deployers.worlds import environment

WORKFLOW = Workflow("deploy.yml", {"environment": "{environment}", "ref": "{sha}", "reason": "{reason}"})
CLOCK = Clock()


class Staged(Stage):
    """A stage whose environment is reached by a workflow, at GitHub's time."""

    pauses = staticmethod(CLOCK.passes)

    def clock(self):
        return CLOCK()

    def pause(self, seconds):
        self.pauses(seconds)


@pytest.fixture
def server(tmp_path):
    with github(tmp_path / "origin", clock=CLOCK) as running:
        yield running


@pytest.fixture
def hub(server):
    return server.hub


@pytest.fixture
def stage(tmp_path, server):
    policy = RollbackPolicy(migrations="compatible")
    where = replace(environment(2), deployer="github", workflow=WORKFLOW, health=None, rollback=policy, place=None)
    made = Staged(tmp_path, where)
    origin = tmp_path / "origin" / "repository.git"
    made.repo.tags = {tag: sha(origin, tag) for tag in ("v2.2", "v2.3")}
    with made.store.begin() as session:
        deployments.get_for_change(session, made.good.number).sha = made.repo.tags["v2.2"]
    renew(made, server)
    return made


def renew(stage, server):
    """Let a new process lead."""
    door = Door(REPOSITORY, TOKEN, server.url, patience=2)
    stage.remote = GitHubRemote(Runs(door, CLOCK, stage.pause))
    stage.start()


def failing(hub):
    """Let the next run of the workflow fail."""
    bad = Task("ship", 3, ("Get", "Ship"), fails_at="Ship", log="no space left")
    hub.add_workflow("deploy.yml", bad, inputs=INPUTS, run_name="Deploy {ref} {operation}")


def test_a_run_of_the_workflow_is_a_deployment(stage, hub):
    asked = stage.asks()
    assert stage.conduct(asked) == "succeeded"
    (run,) = hub.runs
    assert (run.branch, run.inputs["ref"], run.inputs["environment"]) == ("v2.3", asked.sha, "production")
    assert run.inputs["operation"] == f"{stage.get(asked).mark}.0.github.1"
    assert stage.records(asked)[0].output.splitlines()[:2] == ["build: success in 4 s", "deploy: success in 6 s"]


def test_a_failed_run_names_its_step_and_the_good_release_is_shipped_again(stage, hub, server):
    asked = stage.asks()
    failing(hub)

    def mended(seconds):
        if hub.runs:
            hub.add_workflow("deploy.yml", *JOBS, inputs=INPUTS, run_name="Deploy {ref} {operation}")
        CLOCK.passes(seconds)

    stage.pauses = mended
    assert stage.conduct(asked) == "rolled_back"
    assert [run.inputs["ref"] for run in hub.runs] == [stage.repo.tags["v2.3"], stage.repo.tags["v2.2"]]
    failure = stage.get(asked).failure
    assert "step `Ship` of job `ship` ended as failure" in failure["message"]
    assert "no space left" in failure["output"]


def test_where_nothing_was_started_nobody_goes_back_and_the_environment_is_free(stage, hub):
    asked = stage.asks()
    hub.faults.add("status", "create-workflow-dispatch", detail="403")
    assert stage.conduct(asked) == "failed"
    assert "GitHub refused POST" in stage.get(asked).failure["message"]
    hub.faults.clear()
    assert stage.conduct(stage.asks()) == "succeeded"
    assert len(hub.runs) == 1


def test_a_lost_answer_changes_nothing(stage, hub):
    hub.faults.add("broken_after", "create-workflow-dispatch", times=1)
    assert stage.conduct(stage.asks()) == "succeeded"
    assert len(hub.runs) == 1


def test_an_abort_cancels_the_run_and_waits_for_it(stage, hub):
    asked = stage.asks()
    hub.add_workflow("deploy.yml", Task("deploy", 36000), inputs=INPUTS, run_name="{operation}")
    stage.pauses = lambda _: threading.Event().wait(0.05)
    ended = []
    thread = threading.Thread(target=lambda: ended.append(stage.conduct(asked)))
    thread.start()
    while not hub.runs:
        threading.Event().wait(0.02)
    with stage.store.begin() as session:
        deployments.get_for_change(session, asked.number).aborted_by = "U0BEN"
    thread.join(60)
    assert hub.progress(hub.runs[0]).conclusion == "cancelled"
    assert stage.get(asked).status is Status.INCOMPLETE
    assert ended == ["incomplete"]


def test_a_run_that_somebody_deleted_asks_a_person(stage, hub):
    asked = stage.asks()

    def deleted(seconds):
        if hub.runs:
            hub.delete(hub.runs[0])
        CLOCK.passes(seconds)

    stage.pauses = deleted
    assert stage.conduct(asked) == "unknown"
    assert "was deleted on GitHub" in stage.get(asked).failure["message"]


def test_a_run_that_an_earlier_process_started_is_taken_up(stage, hub, server):
    asked = stage.asks()

    def dies(seconds):
        raise Crash

    stage.pauses = dies
    with pytest.raises(Crash):
        stage.conduct(asked)
    assert len(hub.runs) == 1
    stage.pauses = CLOCK.passes
    renew(stage, server)
    assert stage.conduct(asked) == "succeeded"
    assert len(hub.runs) == 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("crash_at", range(10))
def test_a_crash_at_any_transaction_leaves_one_run(stage, hub, server, crash_at, after):
    asked = stage.asks()
    stage.rows.crash_at, stage.rows.after = crash_at, after
    try:
        stage.conduct(asked)
    except Crash:
        stage.rows.crash_at = -1
        renew(stage, server)
        stage.conduct(asked)
    assert stage.get(asked).status is Status.SUCCEEDED
    assert len(hub.runs) == 1


def test_a_plan_that_was_stored_is_read_back_with_its_workflow(stage):
    asked = stage.asks()
    with stage.store.look() as session:
        plan = Plan.read(deployments.stored_plan(session, asked.number).document)
    assert approved(plan.resolved, None).workflow == WORKFLOW
    assert [type(step) for step in plan.steps] == [Run]


def test_a_workflow_that_is_changed_after_the_approval_is_refused_and_that_is_said(stage, hub, server):
    files = WorkflowFiles(Runs(Door(REPOSITORY, TOKEN, server.url), CLOCK, stage.pause))
    approved = files.of(stage.where, stage.repo.resolve("v2.3"))
    asked = stage.asks(workflow_file=approved)
    failing(hub)
    people = stage.people
    opening = Opening(stage.changes, stage.crew.environments, stage.repo, people, "UTC", ask_workflow=files.of)
    stage.conductor = Conductor(stage.crew, opening, Alone(stage.crew, stage._spool))
    assert stage.conduct(asked) == "refused"
    assert "the plan is no longer what was approved: workflow file changed" in stage.get(asked).failure["message"]
    assert hub.runs == []
