"""An emergency that waits for its turn: who asked for it has to be somebody who may when it begins."""

from dataclasses import replace

import pytest

from deployers.environment import Emergency
from storage import reviews
from tests.unit.bot.stage import Everybody, Stage
from tests.unit.deployers.worlds import environment


class NoOperator(Everybody):
    """People of whom nobody is an operator any more."""

    def holds(self, person, role: str) -> bool:
        return super().holds(person, role) and role != "operator"


@pytest.fixture
def stage(tmp_path) -> Stage:
    where = replace(environment(2), strategy="emergency", strategies=("rolling", "emergency"))
    return Stage(tmp_path, replace(where, emergency=Emergency(role="operator", skip_approvals=True)))


def reviewed(stage: Stage) -> int:
    with stage.store.look() as session:
        return len(reviews.open_ones(session))


def test_whoever_lost_the_role_meanwhile_begins_no_emergency(stage):
    stage.people = NoOperator()
    stage.start()
    asked = stage.asks()
    assert stage.conduct(asked) == "refused"
    assert "does not have the role `operator` any more" in stage.get(asked).failure["message"]
    assert stage.remote.performed == []
    assert reviewed(stage) == 0


def test_an_emergency_does_not_begin_while_nobody_can_tell_who_may(stage):
    stage.people.away = True
    asked = stage.asks()
    assert stage.conduct(asked) == "refused"
    assert stage.remote.performed == []


def test_an_emergency_of_somebody_who_may_begins_and_is_looked_back_on(stage):
    assert stage.conduct(stage.asks()) == "succeeded"
    assert reviewed(stage) == 1


def test_what_is_no_emergency_needs_no_such_role(stage):
    stage.where = replace(stage.where, strategy="rolling")
    stage.people = NoOperator()
    stage.start()
    assert stage.conduct(stage.asks()) == "succeeded"
