"""`/deploy diff`: what would change is told before anybody asks for it, and what is not known is said."""

from dataclasses import replace

from deployers.ports import Learned, Pull
from tests.unit.commands.world import environment

FORK = Pull(7, "Give <!channel> names", "sam", "https://github.com/shop/web/pull/7", ("risky",), fork=True)


def learns(world, learned):
    world.services = replace(world.services, learn=lambda _revision, _difference: learned)


def test_the_commits_between_what_runs_and_what_is_asked_are_told(world):
    world.serves("v2.1")
    told = world.says("gus", "/deploy diff production v2.3")
    assert told.ok
    assert "*production* runs `v2.1`. This is what `v2.3` would change." in told.text
    assert "*Commits that go live* (2)" in told.text
    assert "Release v2.3 — Ana" in told.text
    assert "`/deploy production v2.3`" in told.text


def test_nothing_is_asked_for_by_looking(world):
    world.says("ana", "/deploy diff v2.3 production")
    assert world.engine.told == []


def test_without_github_it_says_what_it_cannot_know(world):
    told = world.says("ana", "/deploy diff production v2.3").text
    assert "There is only git here, so I know nothing of pull requests, checks and signatures" in told
    assert "Signed: not known" in told


def test_what_github_knows_is_told_and_pings_nobody(world):
    learns(world, Learned((FORK,), (), signed=True, asked=True))
    told = world.says("ana", "/deploy diff production v2.3").text
    assert "#7> Give &lt;!channel&gt; names by sam, from a fork `risky`" in told
    assert "Signed: yes" in told
    assert "only git" not in told


def test_what_github_did_not_tell_is_said(world):
    learns(world, Learned(unasked=4, asked=True))
    told = world.says("ana", "/deploy diff production v2.3").text
    assert "GitHub did not answer everything" in told
    assert "GitHub did not tell how 4 commits came in" in told


def test_going_back_names_what_would_disappear(world):
    world.serves("v2.3")
    told = world.says("ana", "/deploy diff production v2.1").text
    assert "Commits: 2 behind" in told
    assert "*Commits that disappear* (2)" in told
    assert "To go back to it: `/rollback v2.1 production`" in told


def test_the_same_commit_is_said_to_be_the_same(world):
    world.serves("v2.3")
    told = world.says("ana", "/deploy diff production v2.3").text
    assert "`v2.3` is the same commit" in told
    assert "Risks" not in told
    assert "To ask for it" not in told


def test_a_required_check_that_nobody_has_heard_of_is_unknown(worlds):
    world = worlds(environment(required_checks=("tests",)))
    assert "Checks: `tests` unknown" in world.says("ana", "/deploy diff production v2.3").text


def test_half_a_question_is_answered_with_a_whole_example(world):
    told = world.says("ana", "/deploy diff production")
    assert (told.code, "`/deploy diff production v1.0`" in told.text) == ("arguments", True)


def test_a_repository_that_is_away_is_told_in_a_sentence(world):
    world.shelf.away = True
    assert world.says("ana", "/deploy diff production v2.3").code == "repository"
