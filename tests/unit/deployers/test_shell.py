"""The shell lines, run by a real sh on a real git repository."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from deployers import shell
from deployers.environment import Environment, Recipe, Shared
from deployers.plan import Plan
from tests.unit.deployers.worlds import WEB, environment, plan

GIT = ("git", "-c", "user.name=Ana", "-c", "user.email=ana@example.test", "-c", "init.defaultBranch=main")


def sh(script: str, home: Path, *, good: bool = True) -> str:
    """Run a script as a host would, and return what it printed."""
    done = subprocess.run(
        ["dash" if os.path.exists("/bin/dash") else "sh", "-c", script],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
    )
    assert (done.returncode == 0) is good, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def git(tmp_path):
    """A repository with one commit; returns its path and a function that commits."""
    repository = tmp_path / "it's a repo"
    subprocess.run([*GIT, "init", "-q", str(repository)], check=True)

    def commit(name: str, text: str) -> str:
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text)
        subprocess.run([*GIT, "-C", str(repository), "add", "."], check=True)
        subprocess.run([*GIT, "-C", str(repository), "commit", "-qm", name], check=True)
        return subprocess.run(
            [*GIT, "-C", str(repository), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
        ).stdout.strip()

    return repository, commit


def world(repository: Path, sha: str, *, recipe: Recipe = WEB, release: str = "r1") -> tuple[Environment, Plan]:
    """Return an environment below `srv/my app` and a plan for it."""
    where = replace(environment(path="srv/my app", recipe=recipe), git=str(repository))
    return where, replace(plan(where, sha=sha), release=release, git=str(repository))


def test_a_release_is_unpacked_linked_built_and_switched_to(git, tmp_path):
    repository, commit = git
    sha = commit("build.sh", "echo made > artefact; echo building")
    where, made = world(repository, sha)
    sh(shell.prepare(where, made), tmp_path)
    assert "building" in sh(shell.build(where, made), tmp_path)
    sh(shell.activate(where, made), tmp_path)
    app = tmp_path / "srv/my app"
    assert os.readlink(app / "current") == "releases/r1"
    assert (app / "current/REVISION").read_text().strip() == sha
    assert (app / "current/artefact").exists()
    assert (app / "current/storage").resolve() == (app / "shared/storage").resolve()
    assert sh(shell.revision(where), tmp_path).split() == [sha, "r1"]
    assert sha in (app / "revisions.log").read_text()


def test_preparing_and_building_twice_does_nothing_the_second_time(git, tmp_path):
    repository, commit = git
    where, made = world(repository, commit("build.sh", "echo building >> ../../count"))
    for _ in range(2):
        sh(shell.prepare(where, made), tmp_path)
        sh(shell.build(where, made), tmp_path)
    assert (tmp_path / "srv/my app/count").read_text() == "building\n"


def test_a_release_that_was_unpacked_by_half_is_made_whole(git, tmp_path):
    repository, commit = git
    where, made = world(repository, commit("build.sh", "true"))
    half = tmp_path / "srv/my app/releases/r1"
    half.mkdir(parents=True)
    (half / "rubbish").touch()
    sh(shell.activate(where, made), tmp_path, good=False)
    sh(shell.prepare(where, made), tmp_path)
    assert not (half / "rubbish").exists()
    sh(shell.activate(where, made), tmp_path)


@pytest.mark.parametrize("link", ["current", "blue", "green"])
def test_what_serves_is_not_replaced_although_nothing_says_that_it_is_whole(git, tmp_path, link):
    repository, commit = git
    where, made = world(repository, commit("build.sh", "true"))
    release = tmp_path / "srv/my app/releases/r1"
    release.mkdir(parents=True)
    (release / "index.php").touch()
    (tmp_path / "srv/my app" / link).symlink_to("releases/r1")
    assert "touch srv/my app/releases/r1/.shipmate-complete" in sh(shell.prepare(where, made), tmp_path, good=False)
    assert (release / "index.php").exists()
    (release / ".shipmate-complete").touch()
    sh(shell.prepare(where, made), tmp_path)
    assert (release / "index.php").exists()


def test_a_commit_that_the_repository_does_not_have_is_said_plainly(git, tmp_path):
    repository, commit = git
    commit("build.sh", "true")
    where, made = world(repository, "d" * 40)
    assert f"the repository has no commit {'d' * 40}" in sh(shell.prepare(where, made), tmp_path, good=False)


def test_a_shared_file_that_is_missing_is_named(git, tmp_path):
    repository, commit = git
    recipe = replace(WEB, shared=(Shared(".env.production", ".env"),))
    where, made = world(repository, commit("build.sh", "true"), recipe=recipe)
    assert "shared/.env.production is missing on this host" in sh(shell.prepare(where, made), tmp_path, good=False)


def test_what_the_first_release_brings_for_a_shared_folder_is_kept(git, tmp_path):
    repository, commit = git
    where, made = world(repository, commit("storage/framework/.keep", ""))
    sh(shell.prepare(where, made), tmp_path)
    assert (tmp_path / "srv/my app/shared/storage/framework/.keep").exists()


def test_the_switch_is_one_rename_and_survives_a_leftover(git, tmp_path):
    repository, commit = git
    where, made = world(repository, commit("build.sh", "true"))
    sh(shell.prepare(where, made), tmp_path)
    app = tmp_path / "srv/my app"
    os.symlink("releases/gone", app / "current.next")
    os.symlink("releases/old", app / "current")
    sh(shell.activate(where, made), tmp_path)
    assert os.readlink(app / "current") == "releases/r1"


def test_pruning_keeps_what_is_served_and_what_it_is_told(git, tmp_path):
    repository, commit = git
    where, made = world(repository, commit("build.sh", "true"))
    sh(shell.prepare(where, made), tmp_path)
    sh(shell.activate(where, made), tmp_path)
    app = tmp_path / "srv/my app"
    for name in ("good", "bad one", "bad'two"):
        (app / "releases" / name).mkdir()
    sh(shell.prune(where, ["good", "a;b"]), tmp_path)
    assert sorted(path.name for path in (app / "releases").iterdir()) == ["good", "r1"]


def test_values_in_recipes_are_quoted_and_other_braces_left_alone():
    line = shell.filled("svc {release} {candidate_port} ${HOME} {x}", {"release": "a b;c", "candidate_port": "1"})
    assert line == "svc 'a b;c' 1 ${HOME} {x}"


def test_nothing_is_done_in_current_where_nothing_is_served_yet(git, tmp_path):
    repository, commit = git
    where, made = world(repository, commit("build.sh", "true"))
    sh(shell.prepare(where, made), tmp_path)
    assert "nothing is served here yet" in sh(shell.in_current(where, made, ["false"]), tmp_path)


@pytest.mark.parametrize(
    "message", ["back soon", 'it\'s $(reboot); `id` > x & "two"', "{release} and {message}", "'{sha}'", "a\\n%s", "-n"]
)
def test_what_visitors_are_told_arrives_as_it_was_written(tmp_path, message):
    """Whatever somebody types is one word to the shell, and nothing in it is filled in."""
    (tmp_path / "app/releases/one").mkdir(parents=True)
    (tmp_path / "app/current").symlink_to("releases/one")
    commands = shell.told(("printf '%s' {message} > said",), message)
    where = environment(1, recipe=replace(WEB, maintenance_on=commands))
    sh(shell.in_current(where, plan(where), commands), tmp_path)
    assert (tmp_path / "app/releases/one/said").read_text() == message


def test_a_deployments_own_maintenance_says_the_usual_words(tmp_path):
    (tmp_path / "app/releases/one").mkdir(parents=True)
    (tmp_path / "app/current").symlink_to("releases/one")
    where = environment(1)
    sh(shell.in_current(where, plan(where), ("printf '%s' {message} > said",)), tmp_path)
    assert (tmp_path / "app/releases/one/said").read_text() == shell.MESSAGE
