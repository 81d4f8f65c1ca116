"""`shipmate init` looks, asks little, writes what is not there, and says what comes next."""

import json
import os
import pty
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.init.answers import Answers, NotAnAnswer, answers, asked
from bot.init.begin import Wish, begin
from bot.init.drafts import NAMES, configuration, workflow
from bot.init.looking import Seen, look
from bot.settings import load
from tests.needed import needed

LARAVEL = {"require": {"php": "^8.3", "laravel/framework": "^11.0"}}


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return a folder with a Laravel application, cloned from GitHub, in which the command line stands."""
    folder = tmp_path / "shop"
    (folder / ".github/workflows").mkdir(parents=True)
    (folder / ".github/workflows/old.yml").write_text("on: push\n")
    (folder / "composer.json").write_text(json.dumps(LARAVEL))
    (folder / "artisan").write_text("")
    git(folder, "init", "-q")
    git(folder, "remote", "add", "origin", "git@github.com:acme/shop.git")
    git(folder, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    monkeypatch.chdir(folder)
    return folder


def git(folder, *words: str) -> None:
    """Run git in a folder."""
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def run(*words: str):
    """Run `shipmate init` where nobody can be asked."""
    return CliRunner().invoke(cli, ["init", *words])


def said(wish, ask=None):
    """Begin, and return the exit code and what was said."""
    lines = []
    return begin(wish, lines.append, ask), "\n".join(lines)


def test_it_sees_what_the_repository_says_of_itself(repository):
    assert look(repository) == Seen(
        name="shop",
        git="git@github.com:acme/shop.git",
        repository="acme/shop",
        branch="trunk",
        recipe="laravel",
        php="8.3",
        workflows=("old.yml",),
    )


def test_a_folder_that_says_nothing_is_enough(tmp_path):
    seen = look(tmp_path)
    assert (seen.git, seen.repository, seen.branch, seen.recipe) == ("", "", "main", "web")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"require": []}', '{"require": {"php": ">=7"}}'])
def test_a_strange_composer_file_is_no_obstacle(tmp_path, text):
    (tmp_path / "composer.json").write_text(text)
    assert (look(tmp_path).php, look(tmp_path).recipe) == ("8.2", "web")


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://ana:hunter2@github.com/acme/shop.git", ("https://github.com/acme/shop.git", "acme/shop")),
        ("https://github.com/acme/shop", ("https://github.com/acme/shop", "acme/shop")),
        ("ssh://git@github.com/acme/shop.git", ("ssh://git@github.com/acme/shop.git", "acme/shop")),
        ("git@gitlab.example.com:acme/shop.git", ("git@gitlab.example.com:acme/shop.git", "")),
        ("../shop", ("", "")),
    ],
)
def test_a_remote_is_taken_without_its_password_or_not_at_all(repository, remote, expected):
    git(repository, "remote", "set-url", "origin", remote)
    seen = look(repository)
    assert (seen.git, seen.repository) == expected


def test_with_flags_it_asks_nothing_and_writes_the_configuration_and_the_four_workflows(repository):
    told = run("--repository", "acme/shop", "--workflows")
    assert told.exit_code == 0, told.output
    settings = load({}, repository / "shipmate.toml")
    assert settings.app.repository == "acme/shop"
    assert {each.deployer for each in settings.environments.values()} == {"github"}
    assert settings.environments["production"].after == "staging"
    assert {path.name for path in (repository / ".github/workflows").iterdir()} == {*NAMES, "old.yml"}
    text = (repository / ".github/workflows/ci-comprehensive.yml").read_text()
    assert "branches: [trunk, develop, staging]" in text
    assert 'php-version: "8.3"' in text
    assert "MAIN_BRANCH" not in text
    assert "There are other workflows: old.yml" in told.output
    assert "Type `shipmate check`" in told.output


def test_without_workflows_hosts_are_deployed_to_over_ssh(repository):
    assert run().exit_code == 0
    settings = load({}, repository / "shipmate.toml")
    assert {each.deployer for each in settings.environments.values()} == {"ssh"}
    assert settings.environments["production"].health.path == "/api/health"
    assert not (repository / ".github/workflows/deploy.yml").exists()


def test_what_is_there_is_kept_named_and_replaced_only_by_force(repository):
    (repository / "shipmate.toml").write_text("mine")
    (repository / ".github/workflows/deploy.yml").write_text("mine")
    told = run("--repository", "acme/shop", "--workflows")
    assert told.exit_code == 0
    assert (repository / "shipmate.toml").read_text() == "mine"
    assert (repository / ".github/workflows/deploy.yml").read_text() == "mine"
    assert (repository / ".github/workflows/code-quality.yml").exists()
    assert "shipmate.toml is there already; I do not overwrite it." in told.output
    assert "deploy.yml is there already" in told.output
    assert "type `shipmate init --repository acme/shop --workflows --force`" in told.output
    again = run("--repository", "acme/shop", "--workflows")
    assert again.exit_code == 1
    assert run("--repository", "acme/shop", "--workflows", "--force").exit_code == 0
    assert (repository / "shipmate.toml").read_text() != "mine"
    assert (repository / ".github/workflows/deploy.yml").read_text() != "mine"


def test_a_dry_run_prints_everything_and_writes_nothing(repository):
    before = sorted(repository.rglob("*"))
    told = run("--workflows", "--dry-run")
    assert told.exit_code == 0
    assert sorted(repository.rglob("*")) == before
    assert "# shipmate.toml (new)" in told.output
    assert "name: Deploy\n" in told.output
    assert told.output.endswith("Nothing was written.\n")


def test_workflows_without_a_repository_on_github_are_refused_with_what_to_type(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = run("--workflows")
    assert told.exit_code == 2
    assert "--repository owner/name" in told.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("repository", ["acme", "acme/shop/more", 'a/b"', "https://github.com/acme/shop", "a/b\n"])
def test_a_repository_that_cannot_be_one_is_refused(repository):
    with pytest.raises(NotAnAnswer, match="owner/name"):
        answers(Seen("shop"), repository=repository)


def test_a_folder_without_laravel_gets_the_workflows_with_a_warning(tmp_path):
    code, told = said(Wish(tmp_path / "shipmate.toml", "acme/shop", workflows=True))
    assert code == 0
    assert "no Laravel application" in told


def test_a_folder_that_cannot_be_written_to_is_a_sentence(tmp_path):
    (tmp_path / ".github").write_text("a file, not a folder")
    code, told = said(Wish(tmp_path / "shipmate.toml", "acme/shop", workflows=True))
    assert code == 1
    assert "cannot be written to" in told


def test_a_disk_that_is_full_leaves_what_was_there(tmp_path):
    needed(Path("/dev/full").exists(), "this machine has no full device")
    path = tmp_path / "shipmate.toml"
    path.write_text("mine")
    (tmp_path / f".shipmate.toml.{os.getpid()}").symlink_to("/dev/full")
    code, told = said(Wish(path, force=True))
    assert code == 1
    assert "No space left" in told
    assert path.read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["shipmate.toml"]


def test_the_questions_have_what_was_seen_as_their_answers(repository):
    put = []

    def ask(question, default):
        put.append((question.split("?")[0], default))
        return "y" if question.startswith("Shall") else default

    heard = asked(answers(look(repository)), ask)
    assert heard.workflows
    assert [default for _, default in put[:2]] == ["shop", "acme/shop"]
    assert len(put) == 5


def test_at_a_terminal_it_asks_and_writes_what_it_was_told(repository):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "init"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    os.close(theirs)
    os.write(ours, b"My shop\n\nhttps://stage.shop.example\nhttps://shop.example\nn\n")
    assert process.wait(60) == 0
    os.close(ours)
    settings = load({}, repository / "shipmate.toml")
    assert settings.app.name == "My shop"
    assert settings.environments["production"].url == "https://shop.example"


@given(
    name=st.text(min_size=1).filter(lambda text: text.strip() and text.isprintable()),
    recipe=st.sampled_from(["web", "laravel"]),
    workflows=st.booleans(),
)
def test_whatever_an_application_is_called_the_file_can_be_read_back(name, recipe, workflows):
    known = Answers(name, "git@github.com:acme/shop.git", "acme/shop", recipe, "main", "8.2", workflows)
    assert tomllib.loads(configuration(known))["app"]["name"] == name


def test_the_example_of_the_guide_can_be_read(tmp_path):
    guide = Path(__file__).parents[3] / "docs/github.md"
    example = re.search(r"```toml\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)[1]
    whole = configuration(Answers("Shop", "", "acme/shop", "laravel", "main", "8.2", workflows=True))
    file = tmp_path / "shipmate.toml"
    file.write_text(whole[: whole.index("[environments.production]")] + example)
    production = load({}, file).environments["production"]
    assert (production.deployer, production.workflow.inputs["ref"]) == ("github", "{sha}")


def test_the_workflows_carry_the_branch_and_the_version_of_php():
    known = Answers("Shop", "", "acme/shop", "laravel", "trunk", "8.4", workflows=True)
    for name in NAMES:
        text = workflow(name, known)
        assert "MAIN_BRANCH" not in text
        assert "PHP_VERSION" not in text
