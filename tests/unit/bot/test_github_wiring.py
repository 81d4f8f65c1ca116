"""GitHub is asked where a repository and a way in are configured; plain git does for everybody else."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot import github
from bot.check import places
from bot.check.results import Grade
from bot.settings import Settings
from bot.settings.demands import demands
from bot.settings.values import App, Outside, Secret
from deployers.environment import Environment, Recipe, Workflow
from deployers.github import GitHubRepository
from deployers.github_api import AppKey
from deployers.github_errors import GitHubRefused
from deployers.github_remote import GitHubRemote
from deployers.ports import ask_nobody
from storage import approvals
from storage.models import Decision, Kind
from tests.builders import a_deployment, an_approval, stored
from tests.contracts.github_kit import REPOSITORY
from tests.contracts.github_kit import TOKEN as TOKEN_OF_SANDBOX
from tests.contracts.github_kit import github as serving

TOKEN = Outside(github_token=Secret("github_pat_x"))
APP = Outside(github_app_id="7", github_installation_id="11", github_app_private_key=Secret("key"))


class Nobody:
    """A preflight that says that it was asked."""

    def inspect(self, environment):
        return ("asked",)


def settings(outside, repository="askproai/call-desk"):
    return Settings(Path("shipmate.toml"), App("AskProAI", "file:///x", repository), {}, outside=outside)


@pytest.mark.parametrize(
    "where", [settings(Outside()), settings(TOKEN, repository=""), settings(Outside(github_app_id="7"))]
)
def test_without_a_token_or_a_repository_plain_git_has_to_do(where):
    assert (github.door(where), github.repository(where)) == (None, None)
    assert github.ask_checks(where, None, None) is ask_nobody


def test_a_token_opens_github():
    assert isinstance(github.repository(settings(TOKEN)), GitHubRepository)
    assert github.door(settings(TOKEN)).key == "github_pat_x"


def test_an_app_opens_github_where_there_is_no_token():
    assert github.door(settings(APP)).key == AppKey("7", "11", "key")


def test_the_check_says_what_an_app_still_needs_and_tries_one_that_has_all():
    (told,) = places.github(settings(Outside(github_app_id="7")), None)
    assert (told.grade, "GITHUB_APP_PRIVATE_KEY" in told.todo) == (Grade.WARN, True)
    with pytest.raises(GitHubRefused, match="the App's private key cannot be used"):
        list(places.github(settings(APP), None))


def test_the_workflow_is_looked_at_before_anybody_is_asked(tmp_path):
    place = Environment("staging", "shop", "git", Recipe("web"), deployer="github", workflow=Workflow("deploy.yml"))
    with serving(tmp_path) as server:
        outside = Outside(github_token=Secret(TOKEN_OF_SANDBOX), github_api_url=server.url)
        looks = github.preflight(settings(outside, REPOSITORY), Nobody())
        assert [it.good for it in looks.inspect(place)] == [True]
        (missing,) = looks.inspect(replace(place, workflow=Workflow("ship.yml")))
        assert (missing.good, missing.blocking, "404" in missing.detail) == (False, True, True)
        assert looks.inspect(replace(place, deployer="ssh")) == ("asked",)


def test_an_environment_that_deploys_through_github_demands_a_way_in():
    place = Environment("staging", "shop", "git", Recipe("web"), deployer="github")
    without = replace(settings(Outside()), environments={"staging": place})
    assert "GITHUB_TOKEN" in {fault.where for fault in demands(without, "run")}
    assert "GITHUB_TOKEN" not in {fault.where for fault in demands(replace(without, outside=TOKEN), "run")}
    with pytest.raises(ValueError, match="there is no GITHUB_TOKEN"):
        github.remote(without, None, None, place)
    assert isinstance(github.remote(settings(TOKEN), lambda: None, None, place), GitHubRemote)


def kept(store, deployment):
    with store.begin() as session:
        return stored(session, deployment)


def test_only_what_people_approved_here_is_answered_on_github(store):
    waiting = kept(store, a_deployment("v2.3"))
    back = kept(store, a_deployment("v2.2", kind=Kind.ROLLBACK, automatic=True, undoes=waiting.number))
    assert github._approval(store, waiting.mark) == ""
    assert github._approval(store, "d9-1") == ""
    with store.begin() as session:
        approvals.decide(session, an_approval(waiting.number, "U0BEN"))
        approvals.decide(session, an_approval(waiting.number, "U0LEA", decision=Decision.REJECTED))
    assert "Approved by" in github._approval(store, waiting.mark)
    assert "Lea" not in github._approval(store, waiting.mark)
    assert github._approval(store, back.mark) == f"Going back by itself, as deployment #{waiting.number} was approved"


def test_checks_are_asked_for_anew_only_on_a_commit_that_somebody_waits_for(store):
    asked = []
    with store.begin() as session:
        sha = stored(session, a_deployment()).sha
    ear = github.ear(settings(TOKEN), store, None, lambda sha, _: asked.append(sha))
    ear.checked("f" * 40)
    ear.checked(sha)
    assert asked == [sha]


def test_github_hears_of_deployments_unless_nobody_wants_that():
    wanted, told = settings(TOKEN), (None, None, lambda: 1)
    assert github.shipping(wanted, *told) is not None
    assert github.shipping(replace(wanted, app=replace(wanted.app, list_deployments=False)), *told) is None
