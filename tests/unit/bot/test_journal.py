"""What a deployment intends is written down once, whatever dies in between; what was seen is kept for a while."""

from datetime import timedelta

import pytest

from bot.journal import Journal
from bot.outcome import Outcome
from deployers.health import Look, Sample
from deployers.plan import Verify
from deployers.ports import Fate, Record
from deployers.runner import Segment
from storage.models import StepState
from tests.unit.bot.stage import Stage

VERIFY = Segment(3, (Verify(("web1", "web2")),))


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def journal_of(stage, asked) -> Journal:
    return stage.crew.journal(stage.crew.learn(asked.number))


def test_an_intent_that_a_crash_left_open_is_taken_up_under_its_own_operation_id(stage):
    asked = stage.asks()
    before = journal_of(stage, asked).intend_all(0, ["build", "migrate"], ("web1", "web2"))
    stage.start()
    after = journal_of(stage, asked).intend_all(0, ["build", "migrate"], ("web1", "web2"))
    assert after == before
    assert {record.state for record in stage.records(asked)} == {StepState.INTENDED}
    assert len(stage.records(asked)) == 4


def test_what_was_confirmed_before_a_crash_says_so(stage):
    asked = stage.asks()
    operation = journal_of(stage, asked).intend_all(0, ["build"], ("web1",))[0]["web1"].operation
    journal_of(stage, asked).settle(Record(operation, Fate.EXITED, exit_code=0, output="built"))
    [again] = journal_of(stage, asked).intend_all(0, ["build"], ("web1",))
    assert again["web1"].settled == "succeeded"


def test_an_attempt_of_unknown_outcome_is_still_open(stage):
    asked = stage.asks()
    journal = journal_of(stage, asked)
    operation = journal.intend_all(0, ["migrate"], ("web1",))[0]["web1"].operation
    journal.settle(Record(operation, Fate.UNKNOWN, why="it was killed"))
    [again] = journal.intend_all(0, ["migrate"], ("web1",))
    assert (again["web1"].operation, again["web1"].settled) == (operation, "")


def test_what_is_written_down_is_known_by_heart(stage):
    asked = stage.asks()
    known = stage.crew.learn(asked.number)
    journal = stage.crew.journal(known)
    assert known.touched == ()
    [attempts] = journal.intend_all(4, ["activate"], ("web1",))
    assert (known.touched, known.switched) == (("web1",), ("web1",))
    journal.settle(Record(attempts["web1"].operation, Fate.EXITED, exit_code=0))
    assert known.attempt(4, "web1").settled == "succeeded"
    assert stage.crew.learn(asked.number) == known


def test_what_was_seen_lately_is_looked_at_no_second_time(stage):
    asked = stage.asks()
    journal = journal_of(stage, asked)
    assert journal.looking(VERIFY) == []
    seen = [Sample("web1", stage.clock(), Look.WELL), Sample("web2", stage.now, Look.SICK, "it says 503")]
    journal.seen(VERIFY, seen)
    assert journal_of(stage, asked).looking(VERIFY) == seen
    stage.now += timedelta(minutes=2)
    assert journal_of(stage, asked).looking(VERIFY) == []


def test_a_verdict_against_one_target_says_nothing_against_the_others(stage):
    asked = stage.asks()
    journal = journal_of(stage, asked)
    journal.looking(VERIFY)
    journal.seen(VERIFY, [Sample("web2", stage.clock(), Look.SICK, "it says 503")])
    journal.judged(VERIFY, Outcome("unhealthy", "it says 503", "verify", "web2"))
    assert {record.target: record.state for record in stage.records(asked)} == {
        "web1": StepState.SUCCEEDED,
        "web2": StepState.FAILED,
    }
    assert journal_of(stage, asked).looking(VERIFY) == []
