"""Time to say no before a release is taken back: answered, unanswered, cut short, and with the database away."""

from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from bot.alone import BEGUN, ENDED, VETO
from deployers.environment import RollbackPolicy
from deployers.rehearsal import Outcome
from storage import audit, deployments, holds, locks
from storage.models import Hold, Kind, Status
from tests.unit.bot.stage import GOOD, NEW, Crash, Stage
from tests.unit.deployers.worlds import environment

WITH_VETO = replace(environment(2), rollback=RollbackPolicy(veto=timedelta(seconds=20)))


@pytest.fixture
def stage(tmp_path):
    return sick(Stage(tmp_path, WITH_VETO))


def sick(stage: Stage) -> Stage:
    """Let the release fail on its second host, once both are switched."""
    stage.remote.says("svc restart web", Outcome(1, "it does not come up"), host="web2", times=1)
    return stage


def veto_of(stage: Stage, asked) -> Hold | None:
    with stage.store.look() as session:
        return holds.asked(session, asked.number, "veto")


def while_it_waits(stage: Stage, do) -> None:
    """Do something once, the first time that it waits for an answer."""
    done = []

    def pause(_seconds):
        with stage.store.look() as session:
            waiting = [it for it in deployments.unfinished(session) if it.status is Status.HOLDING]
        if waiting and not done:
            done.append(waiting[0].number)
            do(waiting[0].number)
        Event().wait(0.0005)

    object.__setattr__(stage.crew, "pause", pause)


def says(stage: Stage, word: str, by: str = "U0BEN"):
    def answers(number: int) -> None:
        with stage.store.begin() as session:
            assert holds.answer(session, holds.current(session, number).number, word, by=by, at=stage.now)

    return answers


def stops(stage: Stage, *, back: bool):
    def aborts(number: int) -> None:
        with stage.store.begin() as session:
            row = deployments.get_for_change(session, number)
            row.aborted_by, row.abort_back = "U0BEN", back

    return aborts


def test_nobody_says_anything_and_it_goes_back_when_the_time_is_over(stage):
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back"
    assert stage.serving == {"web1": GOOD, "web2": GOOD}
    hold = veto_of(stage, asked)
    assert (hold.answer, hold.answered_by) == ("back", "shipmate")
    assert hold.answered_at >= hold.until
    assert hold.facts == {"to": "v2.2"}


def test_while_it_waits_the_card_counts_down_a_few_times_and_not_every_second(stage):
    seen = []

    def pause(_seconds):
        with stage.store.look() as session:
            seen.extend(it.version for it in deployments.unfinished(session) if it.status is Status.HOLDING)
        Event().wait(0.0005)

    object.__setattr__(stage.crew, "pause", pause)
    asked = stage.asks()
    stage.conduct(asked)
    assert len(seen) > 5
    assert 2 <= len(set(seen)) <= 7
    with stage.store.look() as session:
        [opened] = [it for it in audit.about(session, f"deployment:{asked.number}") if it.action == "hold.opened"]
    assert opened.detail["kind"] == "veto"


def test_somebody_holds_and_it_stays_where_it_is_with_the_lock_and_a_page(stage):
    while_it_waits(stage, says(stage, "hold"))
    asked = stage.asks()
    assert stage.conduct(asked) == "incomplete"
    assert stage.serving["web1"] == NEW
    assert stage.rollback_of(asked) is None
    assert "U0BEN held it" in stage.get(asked).failure["message"]
    with stage.store.look() as session:
        assert locks.holder(session, "production").deployment_id == asked.number


def test_somebody_presses_roll_back_now_and_it_does_not_wait_any_longer(stage):
    while_it_waits(stage, says(stage, "back"))
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back"
    hold = veto_of(stage, asked)
    assert hold.answered_by == "U0BEN"
    assert stage.rollback_of(asked).requested_at < hold.until


@pytest.mark.parametrize(("back", "ending"), [(False, "incomplete"), (True, "rolled_back")])
def test_an_abort_of_the_whole_deployment_answers_as_well(stage, back, ending):
    while_it_waits(stage, stops(stage, back=back))
    asked = stage.asks()
    assert stage.conduct(asked) == ending
    assert (veto_of(stage, asked).answer, veto_of(stage, asked).answered_by) == ("aborted", "U0BEN")


def test_who_wants_to_go_back_is_not_asked_whether_to(tmp_path):
    stage = Stage(tmp_path, WITH_VETO)
    asked = stage.asks()
    original = stage._act

    def aborts(host, script):
        if "svc restart web" in script and not stage.get(asked).aborted_by:
            stops(stage, back=True)(asked.number)
        return original(host, script)

    stage.remote._act = aborts
    assert stage.conduct(asked) == "rolled_back"
    assert veto_of(stage, asked) is None


@pytest.mark.parametrize("answer", ["", "hold", "back"])
def test_a_crash_while_it_waits_asks_nobody_twice_and_gives_no_more_time(tmp_path, answer):
    stage = sick(Stage(tmp_path, WITH_VETO))

    def dies(number):
        if answer:
            says(stage, answer)(number)
        raise Crash

    while_it_waits(stage, dies)
    asked = stage.asks()
    with pytest.raises(Crash):
        stage.conduct(asked)
    before = veto_of(stage, asked)
    stage.start()
    assert stage.conduct(asked) == ("incomplete" if answer == "hold" else "rolled_back")
    after = veto_of(stage, asked)
    assert (after.id, after.until) == (before.id, before.until)
    assert stage.performed_twice() == []


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_transaction_around_the_veto_changes_nothing_of_the_outcome(tmp_path, after):
    (tmp_path / "whole").mkdir()
    whole = sick(Stage(tmp_path / "whole", WITH_VETO))
    began = []
    while_it_waits(whole, lambda _: began.append(whole.rows.asked))
    assert whole.conduct(whole.asks()) == "rolled_back"
    for place in (began[0] - 1, began[0] + 2, began[0] + 9):
        folder = tmp_path / f"{place}"
        folder.mkdir()
        stage = sick(Stage(folder, WITH_VETO))
        asked = stage.asks()
        stage.rows.crash_at, stage.rows.after = place, after
        with pytest.raises(Crash):
            stage.conduct(asked)
        stage.start()
        assert stage.conduct(asked) == "rolled_back", place
        assert stage.performed_twice() == []
        with stage.store.look() as session:
            assert locks.holder(session, "production") is None
            assert holds.current(session, asked.number) is None
            assert audit.verify(session).broken_at is None


def test_a_veto_whose_time_is_over_acts_although_the_database_is_away(stage):
    acted = []

    def goes_away(_number):
        stage.rows.away = True

    def pause(_seconds, wait=None):
        if [it for it, _ in stage.spooled if it == ENDED]:
            acted.append(dict(stage.serving))
            stage.rows.away = False
        Event().wait(0.0005)

    while_it_waits(stage, goes_away)
    first = stage.crew.pause
    object.__setattr__(stage.crew, "pause", lambda seconds: pause(first(seconds)))
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back"
    assert acted[0] == {"web1": GOOD, "web2": GOOD}
    actions = [action for action, _ in stage.spooled]
    assert actions == ["database.away", VETO, BEGUN, ENDED]
    hold = veto_of(stage, asked)
    assert (hold.answer, hold.answered_by) == ("back", "shipmate")
    assert "went back without it" in stage.get(asked).failure["message"]
    assert stage.performed_twice() == []


def test_a_database_that_is_back_in_time_lets_people_hold(stage):
    def goes_away(number):
        stage.rows.away = True
        says(stage, "hold")(number)

    while_it_waits(stage, goes_away)
    first, pauses = stage.crew.pause, []

    def pause(seconds):
        first(seconds)
        pauses.append(seconds)
        if len(pauses) > 5:
            stage.rows.away = False

    object.__setattr__(stage.crew, "pause", pause)
    asked = stage.asks()
    assert stage.conduct(asked) == "incomplete"
    assert [action for action, _ in stage.spooled if action == BEGUN] == []
    assert stage.serving["web1"] == NEW


def test_who_was_held_once_is_not_taken_back_while_the_database_is_away(stage):
    """The answer was heard; only the ending could not be written any more."""
    asked = stage.asks()
    while_it_waits(stage, says(stage, "hold"))
    original = stage.rows.begin

    def begin():
        hold = veto_of(stage, asked)
        if hold and hold.answer and not stage.spooled:
            stage.rows.away = True
        return original()

    stage.rows.begin = begin
    first, pauses = stage.crew.pause, []

    def pause(seconds):
        first(seconds)
        pauses.append(seconds)
        if stage.spooled and len(pauses) > 100:
            stage.rows.away = False

    object.__setattr__(stage.crew, "pause", pause)
    assert stage.conduct(asked) == "incomplete"
    assert [action for action, _ in stage.spooled if action == BEGUN] == []


def test_a_rollback_that_fails_is_not_held_and_not_rolled_back(stage):
    bad = stage.asks()
    with stage.store.begin() as session:
        row = deployments.get_for_change(session, bad.number)
        row.kind = Kind.ROLLBACK
    assert stage.conduct(bad) == "incomplete"
    assert veto_of(stage, bad) is None
