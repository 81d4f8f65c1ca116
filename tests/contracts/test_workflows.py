"""The workflows that `shipmate init` writes: GitHub takes them, and they ask for no more than they need."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bot.init.drafts import CHECKS, NAMES, configuration
from bot.settings import load
from deployers.environment import Workflow
from deployers.github_run import Wanted, candidates, read
from deployers.github_runs import OPERATION
from deployers.ports import Revision
from deployers.strategies import plan_for
from deployers.workflow import read as read_script
from deployers.workflow import script
from tests.contracts.workflow_kit import SAID, TEXTS, TREES, steps
from tests.unit.deployers.worlds import environment

SHA = "a" * 40
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v?\d+\.\d+\.\d+")
WRITES = {
    ("docs-auto-update.yml", "update"): {"contents": "write", "pull-requests": "write"},
    ("docs-auto-update.yml", "suggest"): {"contents": "read", "pull-requests": "write"},
}


def validated(tmp_path, name, text, schema="vendor.github-workflows"):
    """Ask check-jsonschema about a workflow."""
    file = tmp_path / name
    file.write_text(text)
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"])
def test_the_official_schema_takes_every_workflow(tmp_path, name, schema):
    told = validated(tmp_path, name, TEXTS[name], schema)
    assert told.returncode == 0, told.stdout


def test_a_planted_mistake_is_seen_by_the_schema(tmp_path):
    told = validated(tmp_path, "deploy.yml", TEXTS["deploy.yml"].replace("runs-on:", "run-on:", 1))
    assert told.returncode == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_pinned_by_its_sha_with_its_version_beside_it(name):
    lines = [line for line in TEXTS[name].splitlines() if "uses:" in line and "uses: ./" not in line]
    assert [line for line in lines if not PINNED.search(line)] == []
    assert lines


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_given_more_rights_than_are_needed(name):
    tree = TREES[name]
    assert tree["permissions"] == {}
    for job, told in tree["jobs"].items():
        allowed = WRITES.get((name, job), {"contents": "read"})
        assert told["permissions"].items() <= allowed.items(), job


@pytest.mark.parametrize("name", NAMES)
def test_every_workflow_has_a_concurrency_group_and_every_job_a_deadline(name):
    tree = TREES[name]
    assert tree["concurrency"]["group"]
    assert all("uses" in job or job["timeout-minutes"] <= 30 for job in tree["jobs"].values())


def test_a_deployment_is_never_cancelled_by_the_next():
    assert TREES["deploy.yml"]["concurrency"]["cancel-in-progress"] is False


@pytest.mark.parametrize("name", NAMES)
def test_expressions_are_whole_and_none_stands_in_a_script(name):
    text = TEXTS[name]
    whole = re.findall(r"\$\{\{[^{}\n]+\}\}", text)
    assert len(whole) == text.count("${{") == text.count("}}")
    for job, step in steps(name):
        assert "${{" not in step.get("run", ""), job
    for inside in whole:
        assert inside.count("(") == inside.count(")"), inside
        assert inside.count("'") % 2 == 0, inside


@pytest.mark.parametrize("name", NAMES)
def test_what_people_typed_goes_through_the_environment_of_a_step_alone(name):
    for _, step in steps(name):
        for key, value in step.get("with", {}).items():
            typed = re.search(r"inputs\.(reason|operation)|github\.(event|head_ref)", str(value))
            assert not typed, (step.get("name"), key)


@pytest.mark.parametrize("name", NAMES)
def test_bash_understands_every_script(name):
    for job, step in steps(name):
        if "run" in step:
            told = subprocess.run(["bash", "-n"], input=step["run"], text=True, capture_output=True, check=False)
            assert (told.returncode, told.stderr) == (0, ""), (job, step.get("name"))


@pytest.mark.parametrize("name", NAMES)
def test_no_token_is_left_in_the_working_folder(name):
    for job, step in steps(name):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False, job


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_job_or_step_refers_to_is_there(name):
    jobs = TREES[name]["jobs"]
    for job, told in jobs.items():
        needs = told.get("needs", [])
        needs = [needs] if isinstance(needs, str) else needs
        named = set(re.findall(r"needs\.([\w-]+)\.", yaml.safe_dump(told)))
        assert named <= set(needs) <= set(jobs), job
        ids = {step.get("id") for step in told.get("steps", ())}
        assert set(re.findall(r"steps\.([\w-]+)\.", yaml.safe_dump(told))) <= ids, job


def test_the_deploy_workflow_declares_what_shipmate_sends(tmp_path):
    file = tmp_path / "shipmate.toml"
    file.write_text(configuration(SAID))
    settings = load({}, file)
    declared = TREES["deploy.yml"][True]["workflow_dispatch"]["inputs"]
    assert set(declared) == {"environment", "ref", "skip_tests", "reason", OPERATION}
    for each in settings.environments.values():
        assert each.workflow.workflow == "deploy.yml"
        assert set(each.workflow.inputs) == set(declared) - {OPERATION}
        assert each.workflow.inputs["ref"] == "{sha}"
        assert each.name in declared["environment"]["options"]


def test_the_first_step_of_a_deployment_looks_at_operation_and_commit_before_anything_else():
    job, step = next(steps("deploy.yml"))
    assert (job, step["name"]) == ("check", "Check the operation and the commit")
    assert "uses" not in step
    waiting = {name for name, told in TREES["deploy.yml"]["jobs"].items() if "check" not in told.get("needs", ())}
    assert waiting == {"check"}


def test_a_run_is_found_by_the_operation_in_its_name():
    operation = "d42-1795543195.4.github.1"
    title = TREES["deploy.yml"]["run-name"]
    title = title.replace("${{ inputs.environment }}", "production")
    title = title.replace("${{ inputs.operation || inputs.ref }}", operation)
    at = "2026-11-25T08:00:00Z"
    run = read(
        {
            "id": 7,
            "html_url": "",
            "head_sha": SHA,
            "display_title": title,
            "created_at": at,
            "event": "workflow_dispatch",
        }
    )
    wanted = Wanted("deploy.yml", "refs/heads/main", SHA, operation, run.created)
    assert candidates([run], wanted) == (run,)


@pytest.mark.parametrize("why", ["", "rollback of the logo"])
@pytest.mark.parametrize("kind", ["deploy", "rollback"])
def test_a_way_back_does_not_wait_for_tests_and_whatever_else_shipmate_sends_does(kind, why):
    revision = Revision("v2.3", "refs/tags/v2.3", SHA)
    where = replace(environment(2), deployer="github", workflow=Workflow("deploy.yml", {"reason": "{reason}"}))
    plan = plan_for(where, kind=kind, revision=revision, replaces="", release="r", difference=None, strategy="rolling")
    reason = read_script(script(where, replace(plan, reason=why))).inputs["reason"]
    untested = re.search(r"startsWith\(inputs\.reason, '([^']+)'\)", TREES["deploy.yml"]["jobs"]["test"]["if"])
    assert reason.startswith(untested[1]) is (kind == "rollback")


def test_what_production_demands_is_what_the_workflow_calls_its_jobs():
    jobs = TREES["ci-comprehensive.yml"]["jobs"]
    suites = [each["suite"] for each in jobs["tests"]["strategy"]["matrix"]["include"]]
    names = {job["name"] for job in jobs.values()} - {jobs["tests"]["name"]}
    names |= {jobs["tests"]["name"].replace("${{ matrix.suite }}", suite) for suite in suites}
    assert set(CHECKS) == names - {"Build", "Deploy"}


@pytest.mark.parametrize(
    ("name", "triggers"),
    [
        ("ci-comprehensive.yml", {"push", "pull_request", "schedule"}),
        ("deploy.yml", {"workflow_dispatch", "workflow_call"}),
        ("code-quality.yml", {"push", "pull_request"}),
        ("docs-auto-update.yml", {"push", "pull_request", "schedule", "workflow_dispatch"}),
    ],
)
def test_each_workflow_starts_when_the_manual_says(name, triggers):
    assert set(TREES[name][True]) == triggers


def test_the_main_workflow_runs_on_the_branches_of_the_manual_and_scans_at_two():
    on = TREES["ci-comprehensive.yml"][True]
    assert on["push"]["branches"] == ["main", "develop", "staging"]
    assert on["pull_request"]["branches"] == ["main"]
    assert on["schedule"] == [{"cron": "0 2 * * *"}]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "ci-comprehensive.yml",
            [
                "--standard=PSR12",
                "--level=8",
                "phpmd app",
                "psalm",
                "composer audit",
                "npm audit",
                "trufflehog@",
                "Dependency-Check_Action@",
                "--parallel",
                "mysql:8.0",
                "redis:7",
                "memory_limit=512M",
                "p95 >= 200",
            ],
        ),
        ("code-quality.yml", ["pint --test", "phpstan", "Hardcoded passwords", "Debug statements", "--min=80"]),
        ("docs-auto-update.yml", ["score", "gh pr create", "badge", "gh pr comment"]),
    ],
)
def test_every_check_of_the_manual_is_made(name, words):
    assert [word for word in words if word not in TEXTS[name]] == []


def test_one_environment_never_falls_back_to_the_secrets_of_another():
    env = next(step["env"] for _, step in steps("deploy.yml") if step.get("name") == "Open the way to the host")
    for value in env.values():
        assert re.fullmatch(
            r"\$\{\{ inputs\.environment == 'production' && secrets\.PRODUCTION_(\w+) \|\| "
            r"inputs\.environment == 'staging' && secrets\.STAGING_\1 \|\| '' \}\}",
            value,
        )


def test_every_secret_is_declared_handed_on_by_name_and_explained():
    used = set(re.findall(r"secrets\.(\w+)", TEXTS["deploy.yml"]))
    guide = (Path(__file__).parents[2] / "docs/github.md").read_text(encoding="utf-8")
    assert set(TREES["deploy.yml"][True]["workflow_call"]["secrets"]) == used
    assert set(TREES["ci-comprehensive.yml"]["jobs"]["deploy"]["secrets"]) == used
    assert [name for name in used if name not in guide] == []


def test_pushing_deploys_only_where_somebody_has_said_so_and_then_through_the_same_workflow():
    deploy = TREES["ci-comprehensive.yml"]["jobs"]["deploy"]
    assert deploy["if"].startswith("${{ vars.DEPLOY_ON_PUSH == 'true' && ")
    assert set(deploy["with"]) <= set(TREES["deploy.yml"][True]["workflow_call"]["inputs"])
    assert deploy["with"]["ref"] == "${{ github.sha }}"
