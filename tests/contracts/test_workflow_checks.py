"""What the workflows look for in code and documentation, run for real."""

import shutil

import pytest

from tests.contracts.workflow_kit import Runner, script


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path / "runner")


@pytest.mark.parametrize(
    ("title", "file", "text", "code"),
    [
        ("Hardcoded passwords", "app/A.php", "<?php $password = 'correct-horse';", 1),
        ("Hardcoded passwords", "config/b.php", "<?php return ['password' => 'correct-horse'];", 1),
        ("Hardcoded passwords", "config/b.php", "<?php return ['password' => env('DB_PASSWORD')];", 0),
        ("Debug statements", "app/A.php", "<?php\n    dd($x);", 1),
        ("Debug statements", "routes/a.php", "<?php var_dump($x);", 1),
        ("Debug statements", "app/A.php", "<?php $this->add($x); $query->dump();", 0),
        ("Links inside the documentation lead somewhere", "README.md", "[a](docs/none.md)", 1),
        ("Links inside the documentation lead somewhere", "README.md", "[a](https://x.example/y) [b](README.md#c)", 0),
    ],
)
def test_the_checks_of_the_code_find_what_they_look_for_and_do_not_print_it(runner, title, file, text, code):
    runner.git("init", "-q")
    runner.commits(**{"README.md": "# Shop\n", "app/Z.php": "", "config/z.php": "", "routes/z.php": ""})
    runner.commits(**{file: text})
    told = runner.run(script("code-quality.yml", title))
    assert told.returncode == code, told.stdout + told.stderr
    assert "correct-horse" not in told.stdout
    assert (file in told.stdout) is bool(code)


def test_documentation_is_scored_by_how_fresh_it_is(runner):
    runner.git("init", "-q")
    runner.commits(**{"README.md": "# Shop\n", "docs/a.md": "a\n", "app/A.php": "<?php"})
    told = runner.run(script("docs-auto-update.yml", "Score it"))
    assert told.returncode == 0, told.stderr
    assert runner.outputs == {"score": "100"}


@pytest.mark.parametrize("readme", ["# Shop\n", "# Shop\n\n![Documentation: 1 %](https://img.shields.io/x)\n"])
def test_the_badge_is_put_into_the_readme_or_renewed_and_a_pull_request_is_opened(runner, readme):
    runner.git("init", "-q")
    runner.commits(**{"README.md": readme})
    runner.program("gh", f'echo "$1 $2" >> {runner.folder}/gh')
    runner.program("git", f'case $1 in push) ;; *) exec {shutil.which("git")} "$@";; esac')
    env = {"SCORE": "85", "BASE": "main", "REPOSITORY": "acme/shop"}
    title = "Open a pull request when the badge is out of date"
    told = runner.run(script("docs-auto-update.yml", title), **env)
    assert told.returncode == 0, told.stderr
    text = (runner.work / "README.md").read_text()
    badge = "![Documentation: 85 %](https://img.shields.io/badge/documentation-85%25-green)"
    assert text == f"# Shop\n\n{badge}\n"
    assert (runner.folder / "gh").read_text().splitlines() == ["auth setup-git", "pr list", "pr create"]


@pytest.mark.parametrize(("file", "said"), [("routes/api.php", ["pr comment"]), ("docs/a.md", []), (".gitignore", [])])
def test_a_pull_request_that_changes_code_and_no_documentation_gets_a_hint(runner, file, said):
    runner.git("init", "-q")
    base = runner.commits(**{"README.md": "# Shop\n"})
    runner.commits(**{file: "changed"})
    runner.program("gh", f'echo "$1 $2" >> {runner.folder}/gh')
    told = runner.run(script("docs-auto-update.yml", "Comment on the pull request"), BASE=base, NUMBER="3", SCORE="85")
    assert told.returncode == 0, told.stderr
    calls = runner.folder / "gh"
    assert (calls.read_text().splitlines() if calls.exists() else []) == said
