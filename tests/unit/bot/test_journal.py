"""What a deployment intends is written down once, whatever dies in between."""

import pytest

from bot.journal import Journal
from deployers.ports import Fate, Record
from storage import leadership
from storage.models import StepState
from tests.unit.bot.stage import Stage


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def test_an_intent_that_a_crash_left_open_is_taken_up_under_its_own_operation_id(stage):
    asked = stage.asks()
    before = Journal(stage.changes, asked.number).intend(0, "migrate", ("web1", "web2"))
    with stage.store.begin() as session:
        stage.epoch = leadership.lead(session, "the next start", stage.now)
    after = Journal(stage.changes, asked.number).intend(0, "migrate", ("web1", "web2"))
    assert after == before
    assert {record.state for record in stage.records(asked)} == {StepState.INTENDED}
    assert len(stage.records(asked)) == 2


def test_what_was_confirmed_before_a_crash_says_so(stage):
    asked = stage.asks()
    journal = Journal(stage.changes, asked.number)
    operation = journal.intend(0, "build", ("web1",))["web1"].operation
    journal.settle(Record(operation, Fate.EXITED, exit_code=0, output="built"))
    assert journal.intend(0, "build", ("web1",))["web1"].settled == "succeeded"


def test_an_attempt_of_unknown_outcome_is_still_open(stage):
    asked = stage.asks()
    journal = Journal(stage.changes, asked.number)
    operation = journal.intend(0, "migrate", ("web1",))["web1"].operation
    journal.settle(Record(operation, Fate.UNKNOWN, why="it was killed"))
    again = journal.intend(0, "migrate", ("web1",))["web1"]
    assert (again.operation, again.settled) == (operation, "")
