"""What a workflow is asked for is written from the plan; GitHub stands in for the targets it deploys to."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from deployers import workflow
from deployers.environment import GITHUB, Workflow
from deployers.plan import Plan, Run, Verify
from deployers.ports import Revision
from deployers.runner import segments
from deployers.strategies import Left, plan_for, release_name, tidying, way_back
from tests.unit.deployers.worlds import environment

SHA = "a" * 40
INPUTS = {
    "environment": "{environment}",
    "ref": "{sha}",
    "reason": "{reason}",
    "skip_tests": "{skip_tests}",
    "x": "{y}",
}
WHERE = replace(environment(2), deployer="github", workflow=Workflow("deploy.yml", INPUTS), url="https://shop.example")
AT = datetime(2026, 3, 18, 10, tzinfo=UTC)


def planned(kind="deploy") -> Plan:
    revision = Revision("v2.3", "refs/tags/v2.3", SHA)
    name = release_name(SHA, AT)
    return plan_for(WHERE, kind=kind, revision=revision, replaces="", release=name, difference=None, strategy="rolling")


def test_a_deployment_is_a_run_and_then_a_look_at_what_is_served():
    for kind in ("deploy", "rollback"):
        kinds = [(type(step), step.targets) for step in planned(kind).steps]
        assert kinds == [(Run, ("github",)), (Verify, ("github",))]
    assert [type(each.steps[0]) for each in segments(planned())] == [Run, Verify]
    assert segments(planned())[0].switches


def test_the_way_back_is_a_run_of_the_good_release():
    back = way_back(planned(), WHERE, to=Revision("v2.2", "", "b" * 40), release="old", touched=("github",))
    assert [type(step) for step in back.steps] == [Run, Verify]
    assert workflow.read(workflow.script(WHERE, back)).sha == "b" * 40
    assert tidying(WHERE, Left(touched=("github",))) == ()


def test_inputs_are_filled_from_the_plan_and_other_braces_left_alone():
    asked = workflow.read(workflow.script(WHERE, planned()))
    assert (asked.workflow, asked.ref, asked.sha, asked.carries_sha) == ("deploy.yml", "v2.3", SHA, True)
    assert asked.inputs == {
        "environment": "production",
        "ref": SHA,
        "reason": "deploy v2.3",
        "skip_tests": "false",
        "x": "{y}",
    }


def test_the_workflow_is_part_of_what_is_approved():
    other = replace(WHERE, workflow=Workflow("deploy.yml", {**INPUTS, "ref": "main"}))
    changed = replace(planned(), resolved={**planned().resolved, "workflow": {"workflow": "x.yml", "inputs": {}}})
    assert planned().hash != changed.hash
    assert not workflow.read(workflow.script(other, planned())).carries_sha


def test_github_stands_in_for_the_targets_and_the_machines_stay_known():
    assert WHERE.hosts == (GITHUB,)
    assert len(WHERE.machines) == 2
    assert replace(WHERE, deployer="ssh").hosts == WHERE.machines


def test_the_workflows_file_is_part_of_what_is_approved_and_a_reason_is_not():
    bare = planned()
    filed, said = replace(bare, workflow_file="f" * 40), replace(bare, reason="the shop wants names")
    assert filed.hash != bare.hash
    assert said.hash == bare.hash
    assert Plan.read(json.loads(json.dumps(filed.document()))) == filed
    assert "workflow_file" not in bare.document()
    assert workflow.read(workflow.script(WHERE, filed)).file == "f" * 40
    where = replace(WHERE, workflow=Workflow("deploy.yml", {"ref": "{sha}", "reason": "{reason}"}))
    assert workflow.read(workflow.script(where, said)).inputs["reason"] == "deploy v2.3: the shop wants names"
    assert workflow.read(workflow.script(where, bare)).inputs["reason"].startswith("deploy ")
