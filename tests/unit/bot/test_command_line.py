"""The command line: its verbs, and what it says when it cannot go on."""

import pytest
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.console import plain
from bot.settings import load
from bot.trying import STORIES
from storage import audit, leadership
from storage.store import Store

VERBS = {
    "init",
    "run",
    "serve",
    "work",
    "sandbox",
    "demo",
    "backup",
    "check",
    "drill",
    "maintenance",
    "migrate",
    "deploy",
    "rollback",
    "resolve",
    "status",
    "history",
    "audit",
    "fence",
    "report",
}


def run(*words: str, folder=None, env=None):
    """Run the command line in a folder, with this environment."""
    return CliRunner().invoke(cli, list(words), env=env or {})


def test_the_stories_can_be_listed_without_being_played():
    told = run("demo", "list")
    assert told.exit_code == 0
    assert [line.split()[0] for line in told.output.splitlines()] == list(STORIES)


def test_the_verbs_are_those_that_others_rely_on():
    named = {command.name or command.callback.__name__ for command in cli.registered_commands}
    assert named | {group.name for group in cli.registered_groups} == VERBS


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_help(verb):
    told = run(verb, "--help")
    assert told.exit_code == 0
    assert "Usage:" in told.output


def test_init_writes_a_configuration_that_parses_and_never_overwrites(tmp_path):
    path = tmp_path / "shipmate.toml"
    assert run("init", str(path)).exit_code == 0
    assert load({}, path).environments
    again = run("init", str(path))
    assert again.exit_code == 1
    assert "do not overwrite" in again.output


def test_without_a_configuration_it_says_how_to_begin(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = run("status")
    assert told.exit_code == 2
    assert "shipmate init" in told.output


def test_an_unknown_story_is_refused_with_those_that_there_are():
    told = run("demo", "no-such-story")
    assert told.exit_code == 2
    assert "sick-release" in told.output


@pytest.mark.parametrize(
    ("mrkdwn", "words"),
    [
        ("*production* runs `v2.2`", "production runs `v2.2`"),
        ("<@U0ANA> and <!subteam^S0REL|@release-managers>", "@U0ANA and @release-managers"),
        ("<https://example.test/1|the run> &lt;b&gt; &amp;", "the run <b> &"),
        ("2 * 3 * 4 stays, snake_case_too", "2 * 3 * 4 stays, snake_case_too"),
    ],
)
def test_replies_are_plain_on_a_terminal(mrkdwn, words):
    assert plain(mrkdwn) == words


def test_people_are_called_by_name_and_one_who_is_not_known_by_id():
    assert plain("by <@U0ANA> and <@U0BEN>", {"U0ANA": "Ana Silva"}) == "by Ana Silva and @U0BEN"


@pytest.mark.parametrize(
    ("slack", "terminal"),
    [
        ("`/deploy status production`", "`shipmate status production`"),
        ("`/deploy resolve 12 3.web1 ran`", "`shipmate resolve 12 3.web1 ran`"),
        ("`/deploy production v2.3`", "`shipmate deploy production v2.3`"),
        ("`/deploy cancel 12 --back`", "`shipmate deploy cancel 12 --back`"),
        ("`/rollback latest production`", "`shipmate rollback latest production`"),
        ("`/srv/deploy`", "`/srv/deploy`"),
    ],
)
def test_what_to_type_next_is_told_as_it_is_typed_here(slack, terminal):
    assert plain(slack) == terminal


def test_who_has_no_role_raises_no_fence_and_breaking_the_glass_is_written_down(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("init", "shipmate.toml")
    run("migrate")
    refused = run("fence", "raise", "--to", "7")
    assert refused.exit_code == 1
    assert "raise the fencing token" in refused.output
    assert "--break-glass" in refused.output
    store = Store(f"sqlite:///{tmp_path}/shipmate.db")
    with store.look() as session:
        assert leadership.epoch(session) == 0
    raised = run("fence", "raise", "--to", "7", "--break-glass", "the database was restored")
    assert "The fencing token is 7 now" in raised.output
    with store.look() as session:
        assert {"glass.broken", "fence.raised"} <= {entry.action for entry in audit.newest(session)}
    store.close()
