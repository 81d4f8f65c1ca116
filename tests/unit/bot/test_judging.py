"""What cannot be judged at the moment is judged again, for a minute, before anything is refused."""

from dataclasses import replace

import pytest

from bot.opening import WAITS
from commands.errors import IdentityUnknown
from deployers.errors import RepositoryUnreachable
from tests.unit.bot.stage import Stage


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def test_a_repository_that_is_away_for_seconds_delays_and_refuses_nothing(stage):
    asked, resolve, tries = stage.asks(), stage.repo.resolve, []

    def away_twice(ref: str):
        tries.append(ref)
        if len(tries) <= 2:
            raise RepositoryUnreachable("the repository", "Connection refused")
        return resolve(ref)

    stage.repo.resolve = away_twice
    assert stage.conduct(asked) == "succeeded"
    assert stage.paused == list(WAITS[:2])


def test_a_repository_that_stays_away_refuses_and_says_what_it_could_not_do(stage):
    asked = stage.asks()

    def away(ref: str):
        raise RepositoryUnreachable("the repository", "Connection refused")

    stage.repo.resolve = away
    assert stage.conduct(asked) == "refused"
    assert sum(stage.paused) == 60
    assert "I could not check it once more" in stage.get(asked).failure["message"]
    assert stage.remote.performed == []


def test_a_repository_that_says_no_for_good_is_asked_once(stage):
    asked = stage.asks()

    def refuses(ref: str):
        raise RepositoryUnreachable("the repository", "GitHub refused it (404: Not Found)", final=True)

    stage.repo.resolve = refuses
    assert stage.conduct(asked) == "refused"
    assert stage.paused == []
    assert "404" in stage.get(asked).failure["message"]


def test_what_comes_to_serve_while_it_waits_to_be_judged_voids_the_approval(stage):
    asked, resolve = stage.asks(), stage.repo.resolve

    def away_while_another_one_is_served(ref: str):
        if not stage.paused:
            stage._served("v2.4", "c" * 40)
            raise RepositoryUnreachable("the repository", "Connection refused")
        return resolve(ref)

    stage.repo.resolve = away_while_another_one_is_served
    assert stage.conduct(asked) == "refused"
    assert "now ccccccc runs there" in stage.get(asked).failure["message"]
    assert stage.remote.performed == []


def test_a_tag_that_moves_while_people_cannot_be_asked_voids_the_approval(stage):
    asked, shut = stage.asks(), []

    def away_once(sha: str, required) -> None:
        if not shut:
            shut.append(sha)
            stage.repo.tags["v2.3"] = "d" * 40
            raise IdentityUnknown("Slack could not be reached")

    opening = replace(stage.conductor.opening, ask_checks=away_once)
    stage.conductor = replace(stage.conductor, opening=opening)
    assert stage.conduct(asked) == "refused"
    assert "moved from bbbbbbb to ddddddd" in stage.get(asked).failure["message"]


def test_nobody_is_asked_anything_while_the_environment_is_busy(stage):
    other, asked, resolved = stage.asks(), stage.asks(), []
    assert stage.conductor.opening.open(other.number) == "go"
    stage.repo.resolve = resolved.append
    assert stage.conductor.opening.open(asked.number) == "busy"
    assert resolved == []
