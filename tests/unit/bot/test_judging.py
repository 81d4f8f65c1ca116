"""What cannot be judged at the moment is judged again, for a minute, before anything is refused."""

import pytest

from bot.opening import WAITS
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
