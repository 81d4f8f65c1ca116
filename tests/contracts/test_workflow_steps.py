"""The scripts inside the workflows that `shipmate init` writes, run for real."""

import shutil
from datetime import UTC, datetime

import pytest

from storage.models.deployment import Deployment
from tests.contracts.workflow_kit import Runner, script

SHA = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
OPERATION = "d42-1795543195.4.github.1"
CHECK = script("deploy.yml", "Check the operation and the commit")
SETTLE = script("deploy.yml", "Settle on one commit")


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path / "runner")


def checked(runner, **env):
    """Run the first step of a deployment."""
    good = {"ENVIRONMENT": "production", "REF": SHA, "SKIP_TESTS": "false", "REASON": "deploy v2.3"}
    return runner.run(CHECK, **good | {"OPERATION": OPERATION} | env)


def test_what_shipmate_dispatches_passes_the_first_step(runner):
    told = checked(runner)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


@pytest.mark.parametrize("way", ["", "-back", "-out", "-back-out"])
def test_the_mark_of_a_real_deployment_and_of_its_ways_back_pass_the_first_step(runner, way):
    deployment = Deployment(id=7, requested_at=datetime(2026, 11, 25, 8, tzinfo=UTC))
    assert checked(runner, OPERATION=f"{deployment.mark}{way}.0.github.12").returncode == 0


@pytest.mark.parametrize(
    "operation",
    [
        "d42",
        "42-1795543195",
        "d42-1795543195.",
        "d42-1795543195.4.web1.1.2.3",
        "D42-1795543195.4.github.1",
        "d42-1795543195.4.github.1 ",
        "d42-1795543195.4.github.1\nx=y",
        "d42-1795543195.$(touch pwned)",
        "d42-1795543195.`touch pwned`",
        "d42-1795543195.4;touch pwned",
        "d٤٢-1795543195",
        "d42-" + "1" * 13,
        " ",
    ],
)
def test_an_operation_that_is_not_shipmates_is_refused_and_not_repeated(runner, operation):
    told = checked(runner, OPERATION=operation)
    assert told.returncode == 1
    assert told.stdout.startswith("::error title=Refused::The operation")
    assert len(told.stdout.splitlines()) == 1
    assert not list(runner.work.iterdir())


@pytest.mark.parametrize("ref", ["", "main", "v2.3", SHA[:39], SHA + "0", SHA.upper(), SHA + "\n", f"{SHA};id", "-x"])
def test_shipmates_operation_comes_with_a_full_sha_or_is_refused(runner, ref):
    told = checked(runner, REF=ref)
    assert told.returncode == 1
    assert "full commit SHA" in told.stdout


@pytest.mark.parametrize("ref", ["main", "v2.3", "hotfix/critical-bug", SHA, "release_1+2", "a" * 200])
def test_a_person_may_name_a_branch_a_tag_or_a_commit(runner, ref):
    assert checked(runner, OPERATION="", REF=ref).returncode == 0


@pytest.mark.parametrize(
    "ref", ["", "-x", "--upload-pack=x", "a..b", "a b", "$(id)", "`id`", "a;b", "a\nb", "../x", "é", "a" * 201, "@{-1}"]
)
def test_a_person_may_not_name_anything_else(runner, ref):
    told = checked(runner, OPERATION="", REF=ref)
    assert told.returncode == 1
    assert "not a branch, tag or commit" in told.stdout


@pytest.mark.parametrize("environment", ["", "prod", "production ", "Production", "production\nx"])
def test_an_unknown_environment_is_refused(runner, environment):
    told = checked(runner, ENVIRONMENT=environment)
    assert told.returncode == 1
    assert "Choose staging or production" in told.stdout


@pytest.mark.parametrize(("reason", "code"), [("", 1), ("  \t", 1), ("Critical bug fix", 0)])
def test_tests_are_skipped_only_with_a_reason(runner, reason, code):
    assert checked(runner, SKIP_TESTS="true", REASON=reason).returncode == code


@pytest.fixture
def cloned(runner):
    """Return a runner with a clone as actions/checkout leaves it, and the SHA of its main branch."""
    runner.git("init", "-q")
    sha = runner.commits(artisan="")
    runner.git("update-ref", "refs/remotes/origin/main", sha)
    return runner, sha


@pytest.mark.parametrize("named", ["main", "sha"])
def test_the_commit_is_settled_and_handed_on(cloned, named):
    runner, sha = cloned
    told = runner.run(SETTLE, REF=sha if named == "sha" else named)
    assert told.returncode == 0, told.stdout + told.stderr
    assert runner.outputs == {"sha": sha}


def test_another_commit_than_was_asked_for_is_refused(cloned):
    runner, _ = cloned
    told = runner.run(SETTLE, REF=OTHER)
    assert told.returncode == 1
    assert "not the commit that was asked for" in told.stdout
    assert runner.outputs == {}


def test_a_commit_that_no_branch_and_no_tag_holds_is_refused_until_a_tag_holds_it(cloned):
    runner, _ = cloned
    strange = runner.commits(artisan="changed")
    told = runner.run(SETTLE, REF=strange)
    assert told.returncode == 1
    assert "No branch and no tag" in told.stdout
    runner.git("tag", "v2.4")
    assert runner.run(SETTLE, REF=strange).returncode == 0


@pytest.fixture
def host(runner, tmp_path):
    """Return a runner that reaches a host, and the host's folder; each program of the host writes down its call."""
    root = tmp_path / "app"
    (root / "shared").mkdir(parents=True)
    (root / "shared/.env").write_text("APP_ENV=production\n")
    runner.program("ssh", 'shift 3; exec bash -c "$*"')
    runner.program("scp", 'exec cp "$4" "${5#target:}"')
    for name in ("php", "sudo"):
        runner.program(name, f'echo "{name} ${{@#{root}/}}" >> {tmp_path}/calls')
    return runner, root


def released(runner, root, sha):
    """Run the steps of a deployment on the host, and return what stood there before."""
    env = {"SHA": sha, "DEPLOY_PATH": str(root), "PHP_FPM_SERVICE": "php8.3-fpm"}
    made = runner.folder / "made"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    (made / "REVISION").write_text(f"{sha}\n")
    shutil.make_archive(str(runner.work / "release"), "gztar", made)
    for title in ("Unpack beside what is served", "Migrate", "Switch"):
        told = runner.run(script("deploy.yml", title), **env)
        assert told.returncode == 0, (title, told.stdout, told.stderr)
        if title.startswith("Unpack"):
            before = runner.outputs["previous"]
    return before


def test_a_release_is_unpacked_switched_and_reported_and_goes_back(host, tmp_path):
    runner, root = host
    assert released(runner, root, SHA) == ""
    before = released(runner, root, OTHER)
    assert before == f"{root}/releases/{SHA}"
    assert (root / "current/.env").read_text() == "APP_ENV=production\n"
    env = {"SHA": OTHER, "DEPLOY_PATH": str(root), "PHP_FPM_SERVICE": "php8.3-fpm"}
    told = runner.run(script("deploy.yml", "Say which commit is served"), **env)
    assert (told.returncode, runner.outputs) == (0, {"sha": OTHER})
    told = runner.run(script("deploy.yml", "Go back to what was served before"), PREVIOUS=before, **env)
    assert told.returncode == 0, told.stderr
    assert (root / "current/REVISION").read_text() == f"{SHA}\n"
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[:2] == ["php artisan migrate --force --no-interaction", "php artisan optimize"]
    assert calls.count("sudo -n systemctl reload php8.3-fpm") == 3


def test_a_host_that_serves_another_commit_is_no_success(host):
    runner, root = host
    released(runner, root, OTHER)
    told = runner.run(script("deploy.yml", "Say which commit is served"), SHA=SHA, DEPLOY_PATH=str(root))
    assert told.returncode == 1
    assert runner.outputs == {}


def test_a_failed_migration_leaves_what_is_served_alone(host):
    runner, root = host
    released(runner, root, SHA)
    runner.program("php", "exit 1")
    env = {"SHA": SHA, "DEPLOY_PATH": str(root), "PHP_FPM_SERVICE": "php8.3-fpm"}
    assert runner.run(script("deploy.yml", "Migrate"), **env).returncode == 1
    assert (root / "current/REVISION").read_text() == f"{SHA}\n"


def test_without_a_release_before_there_is_no_way_back_and_it_says_so(host):
    runner, root = host
    told = runner.run(script("deploy.yml", "Go back to what was served before"), PREVIOUS="", DEPLOY_PATH=str(root))
    assert told.returncode == 1
    assert "Nothing was served before" in told.stdout


def way(**changed):
    """Return what opens the way to a host."""
    return {
        "SSH_HOST": "10.0.0.11",
        "SSH_USER": "deploy",
        "SSH_KEY": "key",
        "KNOWN_HOSTS": "10.0.0.11 ssh-ed25519 AAAA",
        "HEALTH_URL": "https://example.com/api/health",
        "DEPLOY_PATH": "/var/www/app",
        "PHP_FPM_SERVICE": "php8.3-fpm",
    } | changed


def test_the_way_to_the_host_is_pinned_and_its_key_is_for_nobody_else(runner):
    told = runner.run(script("deploy.yml", "Open the way to the host"), **way())
    assert told.returncode == 0, told.stdout
    folder = runner.folder / "temp/ssh"
    assert "StrictHostKeyChecking yes" in (folder / "config").read_text()
    assert (folder / "key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SSH_HOST": ""}, "SSH_HOST is missing"),
        ({"KNOWN_HOSTS": ""}, "KNOWN_HOSTS is missing"),
        ({"HEALTH_URL": ""}, "HEALTH_URL is missing"),
        ({"DEPLOY_PATH": "/var/www;id"}, "strange character"),
        ({"PHP_FPM_SERVICE": "a b"}, "strange character"),
    ],
)
def test_what_is_not_configured_is_named_before_anything_happens(runner, changed, said):
    told = runner.run(script("deploy.yml", "Open the way to the host"), **way(**changed))
    assert told.returncode == 1
    assert said in told.stdout


@pytest.mark.parametrize(("answers", "code"), [("exit 0", 0), ("exit 22", 1)])
def test_a_release_is_healthy_only_if_it_answers_well_again_and_again(runner, answers, code):
    runner.program("curl", f"echo asked >> {runner.folder}/asked; {answers}")
    runner.program("sleep", "exit 0")
    told = runner.run(script("deploy.yml", "Look whether it is healthy"), HEALTH_URL="https://example.com/api/health")
    assert told.returncode == code
    assert len((runner.folder / "asked").read_text().splitlines()) == (5 if code == 0 else 40)


def test_the_summary_says_what_was_deployed_and_why_and_nothing_breaks_out_of_its_table(runner):
    env = {"ENVIRONMENT": "production", "REF": SHA, "ACTOR": "ana", "RESULT": "success", "SHA": SHA}
    env |= {"OPERATION": OPERATION, "SKIPPED_TESTS": "false", "REASON": "a `| b\n# c"}
    assert runner.run(script("deploy.yml", "Write it down"), **env).returncode == 0
    lines = runner.summary.read_text().splitlines()
    assert f"| Deployed commit | `{SHA}` |" in lines
    assert "| Reason | `a  b# c` |" in lines
