"""A migration fails: people decide about the database, with what is known of it, and what each way costs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from deployers.backups.configured import Backup
from deployers.rehearsal import Outcome
from storage import audit, backups, deployments, holds, outbox
from storage.models import BackupRecord, BackupState, Saying, Status
from tests.unit.bot.stage import GOOD, Crash, Stage
from tests.unit.bot.test_veto import says, while_it_waits
from tests.unit.deployers.worlds import WEB, environment

SEVEN, EIGHT = "migrations/007_names.sql", "migrations/008_rooms.sql"
RECIPE = replace(WEB, migrate_back=("python3 migrate.py --back {steps}",), applied_migrations="list-applied")
BACKUP = Backup("backups", database="dump", restore="fill {side}", engine="sqlite", live="app.db")
WHERE = replace(environment(2, recipe=RECIPE), backup=BACKUP)


@pytest.fixture
def stage(tmp_path):
    return failing(Stage(tmp_path, WHERE))


def failing(stage: Stage, applied: str = "001_calls\n007_names\n", transactional: bool = False) -> Stage:
    """Let the second of two migrations fail."""
    stage.repo.migrations = (SEVEN, EIGHT)
    stage.remote.says("python3 migrate.py", Outcome(1, "008_rooms failed: no such table"), host="web1", times=1)
    stage.remote.says("list-applied", Outcome(0, applied))
    stage.remote.says("shipmate-backup 1", Outcome(0, "= nothing served\n"))
    return stage


def backed_up(stage: Stage, **values) -> None:
    about = {"database": True, "state": BackupState.GOOD, "sha": GOOD, "release": "old-v2.2", **values}
    made = BackupRecord(
        key="asked:1",
        environment="production",
        name="backup-20261124-061500",
        host="web1",
        sha256="5" * 64,
        wanted_at=stage.now,
        made_at=stage.now - timedelta(minutes=4),
        **about,
    )
    with stage.store.begin() as session:
        backups.put(session, made)


def question_of(stage: Stage, asked):
    with stage.store.look() as session:
        return holds.asked(session, asked.number, "database")


def steps_of(stage: Stage, asked) -> list[str]:
    return [it.kind for it in stage.records(stage.rollback_of(asked))]


def test_it_waits_for_a_person_and_says_what_is_known_loudly(stage):
    seen = []
    while_it_waits(stage, lambda number: (seen.append(stage.get(number).status), says(stage, "leave")(number)))
    asked = stage.asks()
    assert stage.conduct(asked) == "failed"
    assert seen == [Status.HOLDING]
    facts = question_of(stage, asked).facts
    assert (facts["recorded"], facts["migrations"]) == ([SEVEN], [SEVEN, EIGHT])
    assert facts["cannot"] == {"restore": "there is no backup that was read back whole"}
    with stage.store.look() as session:
        told = [it.payload["text"] for it in outbox.due(session, stage.now) if it.kind is Saying.ALERT]
    assert any("waits for a decision" in text for text in told)
    assert stage.get(asked).failure["message"].endswith("The database is left as it is; 1 of 2 migrations did run")
    assert stage.get(asked).bad


def test_stepping_back_undoes_what_did_run_inside_the_release_that_brought_it(stage):
    while_it_waits(stage, says(stage, "step_back"))
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back"
    assert steps_of(stage, asked).count("migrate_back") == 1
    (line,) = [it for it in stage.remote.lines if "--back" in it]
    assert "--back 1" in line
    assert f"releases/{asked.release}" in line
    assert stage.serving == {"web1": GOOD, "web2": GOOD}
    with stage.store.look() as session:
        actions = [it.action for it in audit.about(session, f"deployment:{asked.number}")]
    assert "deployment.rolling_back" in actions


def test_restoring_backs_up_fills_and_swaps_before_the_old_release_serves_again(stage):
    backed_up(stage)
    while_it_waits(stage, says(stage, "restore"))
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back"
    taken = steps_of(stage, asked)
    assert taken.index("backup") < taken.index("restore") < taken.index("swap_database") < taken.index("activate")


def test_where_nothing_was_kept_nobody_is_asked_and_it_is_said(tmp_path):
    recipe = replace(RECIPE, transactional_migrations=True)
    stage = failing(Stage(tmp_path, replace(WHERE, recipe=recipe)), applied="001_calls\n")
    asked = stage.asks()
    assert stage.conduct(asked) == "failed"
    assert question_of(stage, asked) is None
    assert "Nothing of it was kept" in stage.get(asked).failure["message"]


def test_what_did_run_and_is_declared_compatible_is_not_asked_about(tmp_path):
    recipe = replace(RECIPE, transactional_migrations=True)
    stage = failing(Stage(tmp_path, replace(WHERE, recipe=recipe)))
    stage.repo.contents = {SEVEN: "-- shipmate: compatible"}
    asked = stage.asks()
    assert stage.conduct(asked) == "failed"
    assert "1 migration did run before it, and is declared compatible" in stage.get(asked).failure["message"]


def test_what_ran_before_the_one_that_failed_is_asked_about_even_with_transactions(tmp_path):
    recipe = replace(RECIPE, transactional_migrations=True)
    stage = failing(Stage(tmp_path, replace(WHERE, recipe=recipe)))
    while_it_waits(stage, says(stage, "leave"))
    asked = stage.asks()
    assert stage.conduct(asked) == "failed"
    assert question_of(stage, asked).answer == "leave"


@pytest.mark.parametrize(
    ("applied", "why"),
    [("001_calls\n", "would undo older ones"), ("007_names\n009_by_hand\n", "it would undo others")],
)
def test_stepping_back_is_not_offered_where_it_would_undo_something_else(tmp_path, applied, why):
    stage = failing(Stage(tmp_path, WHERE), applied=applied)
    while_it_waits(stage, says(stage, "step_back"))
    asked = stage.asks()
    assert stage.conduct(asked) == "failed"
    assert why in question_of(stage, asked).facts["cannot"]["step_back"]
    assert not [it for it in stage.remote.lines if "--back" in it]


def test_a_database_that_cannot_be_asked_is_not_stepped_back(stage):
    stage.where = replace(stage.where, recipe=replace(RECIPE, applied_migrations=""))
    stage.start()
    while_it_waits(stage, says(stage, "leave"))
    asked = stage.asks()
    stage.conduct(asked)
    assert "cannot be told" in question_of(stage, asked).facts["cannot"]["step_back"]


def test_the_same_question_stands_after_a_crash_and_is_told_once(stage):
    def dies(_number):
        raise Crash

    while_it_waits(stage, dies)
    asked = stage.asks()
    with pytest.raises(Crash):
        stage.conduct(asked)
    stage.start()
    before = question_of(stage, asked)
    while_it_waits(stage, says(stage, "step_back"))
    assert stage.conduct(asked) == "rolled_back"
    assert (question_of(stage, asked).id, question_of(stage, asked).since) == (before.id, before.since)
    with stage.store.look() as session:
        loud = [it for it in outbox.due(session, stage.now) if it.key.startswith("alert:asked:")]
    assert len(loud) == 1
    assert not stage.performed_twice()


def test_a_way_back_that_fails_leaves_it_incomplete(stage):
    stage.remote.says("--back", Outcome(1, "no"), host="web1")
    while_it_waits(stage, says(stage, "step_back"))
    asked = stage.asks()
    assert stage.conduct(asked) == "incomplete"


def test_an_abort_while_it_waits_leaves_the_database(stage):
    def aborts(number):
        with stage.store.begin() as session:
            deployments.get_for_change(session, number).aborted_by = "U0BEN"

    while_it_waits(stage, aborts)
    asked = stage.asks()
    assert stage.conduct(asked) == "failed"
