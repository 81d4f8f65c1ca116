"""How a deployment lives: its straight way, its ways out, and what a crash changes of it, which is nothing."""

import re
from dataclasses import replace

import pytest

from deployers.environment import RollbackPolicy
from deployers.errors import Fenced
from deployers.ports import Fate
from deployers.rehearsal import Outcome
from storage import audit, deployments, leadership, locks, outbox, steps
from storage.models import OutboxState, Saying, Status, StepState
from tests.unit.bot.stage import GOOD, NEW, Crash, Stage
from tests.unit.deployers.worlds import LARAVEL, environment


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def said(stage: Stage, kind: Saying) -> list[str]:
    with stage.store.look() as session:
        return [row.payload.get("text", "") for row in outbox.undelivered(session) if row.kind is kind]


def test_a_good_release_ends_served_everywhere_and_in_the_ledger(stage):
    asked = stage.asks()
    assert stage.conduct(asked) == "succeeded"
    assert stage.serving == {"web1": NEW, "web2": NEW}
    with stage.store.look() as session:
        assert deployments.current(session, "production").number == asked.number
        assert locks.holder(session, "production") is None
    assert {record.state for record in stage.records(asked)} == {StepState.SUCCEEDED}
    assert said(stage, Saying.ALERT) == []


def test_a_sick_release_goes_back_by_itself_and_says_so_loudly(stage):
    asked = stage.asks()
    # its candidate would be refused; here it turns sick only once it is switched to
    stage.remote.says("svc candidate start", Outcome())
    original = stage._act

    def turns_sick(host, script):
        if "mv -T -- current.next current" in script and "old-" not in script:
            stage.sick = {host.name}
        return original(host, script)

    stage.remote._act = turns_sick
    assert stage.conduct(asked) == "rolled_back"
    assert stage.serving == {"web1": GOOD, "web2": GOOD}
    child = stage.rollback_of(asked)
    after = stage.get(asked)
    assert (after.bad, after.undone_by, child.status) == (True, child.number, Status.SUCCEEDED)
    assert [word for word in said(stage, Saying.POST) + said(stage, Saying.ALERT) if "v2.3" in word]
    with stage.store.look() as session:
        assert locks.holder(session, "production") is None


def test_a_sick_candidate_costs_no_visitor_anything(stage):
    stage.sick = {"web1"}
    asked = stage.asks()
    assert stage.conduct(asked) == "failed"
    assert stage.serving == {"web1": GOOD, "web2": GOOD}
    assert not any(record.kind == "activate" for record in stage.records(asked))
    assert [line for line in stage.remote.lines if "svc candidate stop" in line]


def test_a_sick_canary_batch_stops_the_plan_before_the_other_targets(stage):
    stage.remote.says("svc restart web", Outcome(1, "it does not come up"), host="web1", times=1)
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back"
    assert {record.target for record in stage.records(asked) if record.kind == "activate"} == {"web1"}


def test_a_failed_migration_switches_nothing_and_frees_the_environment(stage):
    stage.remote.says("python3 migrate.py", Outcome(1, "duplicate column"))
    asked = stage.asks()
    assert stage.conduct(asked) == "failed"
    assert "duplicate column" in stage.get(asked).failure["message"]
    assert stage.serving == {"web1": GOOD, "web2": GOOD}


def test_over_an_undeclared_migration_nothing_goes_back_by_itself_and_the_lock_stays(tmp_path):
    stage = Stage(tmp_path)
    stage.repo.migrations = ("migrations/007.sql",)
    stage.remote.says("svc restart web", Outcome(1, "no"), host="web2")
    asked = stage.asks()
    assert stage.conduct(asked) == "incomplete"
    with stage.store.look() as session:
        assert locks.holder(session, "production").deployment_id == asked.number
    assert stage.rollback_of(asked) is None
    assert said(stage, Saying.ALERT)


def test_over_a_compatible_migration_it_goes_back(tmp_path):
    stage = Stage(tmp_path, replace(environment(2), rollback=RollbackPolicy(migrations="compatible")))
    stage.repo.migrations = ("migrations/007.sql",)
    stage.remote.says("svc restart web", Outcome(1, "no"), host="web2", times=1)
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back"


def test_maintenance_is_switched_off_on_every_way_out(tmp_path):
    stage = Stage(tmp_path, environment(1, recipe=LARAVEL, health=None))
    stage.remote.says("php artisan migrate", Outcome(1, "no"))
    asked = stage.asks()
    assert stage.conduct(asked) == "failed"
    lines = [line for line in stage.remote.lines if "php artisan down" in line or "php artisan up" in line]
    assert "php artisan down" in lines[0]
    assert "php artisan up" in lines[-1]


def test_a_step_that_cannot_be_read_asks_a_person_and_goes_on_once_resolved(stage):
    stage.remote.says("python3 migrate.py", Outcome(fate=Fate.UNKNOWN, why="the host went down"))
    asked = stage.asks()
    assert stage.conduct(asked) == "unknown"
    [unclear] = [record for record in stage.records(asked) if record.state is StepState.UNKNOWN]
    with stage.store.begin() as session:
        steps.resolve(session, unclear.operation, StepState.SUCCEEDED, by="U0OMAR", at=stage.now)
    assert stage.conduct(asked) == "succeeded"
    assert sum("python3 migrate.py" in line for line in stage.remote.lines) == 1


def test_a_step_that_did_not_run_is_taken_again_once_resolved(stage):
    stage.remote.says("python3 migrate.py", Outcome(fate=Fate.UNKNOWN), times=1)
    asked = stage.asks()
    assert stage.conduct(asked) == "unknown"
    [unclear] = [record for record in stage.records(asked) if record.state is StepState.UNKNOWN]
    with stage.store.begin() as session:
        steps.resolve(session, unclear.operation, StepState.SKIPPED, by="U0OMAR", at=stage.now)
    assert stage.conduct(asked) == "succeeded"
    assert sum("python3 migrate.py" in line for line in stage.remote.lines) == 2


def test_a_moved_tag_voids_the_approval(stage):
    asked = stage.asks()
    stage.repo.tags["v2.3"] = "c" * 40
    assert stage.conduct(asked) == "refused"
    assert "moved from bbbbbbb to ccccccc" in stage.get(asked).failure["message"]
    assert stage.remote.lines == []


def test_another_configuration_voids_the_approval_and_says_what_changed(tmp_path):
    stage = Stage(tmp_path)
    asked = stage.asks()
    changed = replace(stage.where, place=replace(stage.where.place, batch=2))
    stage.conductor.opening.environments["production"] = changed
    assert stage.conduct(asked) == "refused"
    assert "batch is 2 now, it was 1" in stage.get(asked).failure["message"]


def test_a_request_made_over_another_release_is_void(stage):
    first, second = stage.asks(), stage.asks()
    assert stage.conduct(first) == "succeeded"
    assert stage.conduct(second) == "refused"
    assert "now bbbbbbb runs there" in stage.get(second).failure["message"]


def test_an_abort_before_the_first_step_cancels(stage):
    asked = stage.asks()
    with stage.store.begin() as session:
        deployments.get_for_change(session, asked.number).aborted_by = "U0BEN"
    assert stage.conduct(asked) == "cancelled"
    assert stage.remote.lines == []


def test_an_abort_in_the_middle_stops_the_hosts_before_it_goes_back(stage):
    asked = stage.asks()
    original = stage._act

    def aborts(host, script):
        if "svc restart web" in script and "old-" not in script and not stage.get(asked).aborted_by:
            with stage.store.begin() as session:
                row = deployments.get_for_change(session, asked.number)
                row.aborted_by, row.abort_back = "U0BEN", True
        return original(host, script)

    stage.remote._act = aborts
    assert stage.conduct(asked) == "rolled_back"
    assert {host for host, authority in stage.remote.aborts if authority.deployment == asked.mark} == {
        "web1",
        "web2",
    }
    assert stage.serving == {"web1": GOOD, "web2": GOOD}


def asks_to_stop(stage: Stage, asked) -> None:
    with stage.store.begin() as session:
        deployments.get_for_change(session, asked.number).aborted_by = "U0BEN"


def test_maintenance_is_switched_off_after_an_abort_too(tmp_path):
    stage = Stage(tmp_path, environment(1, recipe=LARAVEL, health=None))
    asked = stage.asks()
    original = stage._act

    def aborts(host, script):
        if "php artisan migrate" in script:
            asks_to_stop(stage, asked)
        return original(host, script)

    stage.remote._act = aborts
    assert stage.conduct(asked) == "cancelled"
    [down, up] = [line for line in stage.remote.lines if "php artisan down" in line or "php artisan up" in line]
    assert "php artisan down" in down
    assert "php artisan up" in up


def test_an_abort_ends_what_runs_on_the_hosts_instead_of_waiting_for_it(tmp_path):
    stage = Stage(tmp_path, environment(1, recipe=LARAVEL, health=None))
    asked = stage.asks()
    original, ended = stage._act, []

    def builds_for_ever(host, script):
        if "composer install" in script:
            asks_to_stop(stage, asked)
            ended.append(stage.remote.stopped(asked.mark, within=30))
            return Outcome(143)
        return original(host, script)

    stage.remote._act = builds_for_ever
    assert stage.conduct(asked) == "cancelled"
    assert ended == [True]
    assert stage.get(asked).failure["code"] == "aborted"


def test_a_manual_rollback_marks_what_it_undid(stage):
    bad = stage.asks()
    assert stage.conduct(bad) == "succeeded"
    back = stage.asks("v2.2", kind="rollback", undoes=bad.number)
    stage.remote._act = lambda host, script: stage._act(host, script.replace("releases/", "old-releases/"))
    assert stage.conduct(back) == "succeeded"
    after = stage.get(bad)
    assert (after.bad, after.undone_by) == (True, back.number)


def test_who_no_longer_leads_writes_nothing_more(stage):
    asked = stage.asks()
    with stage.store.begin() as session:
        leadership.raise_fence(session, "another", stage.now)
    with pytest.raises(Fenced):
        stage.conduct(asked)
    assert stage.get(asked).status is Status.QUEUED
    assert stage.remote.lines == []


def test_a_host_that_has_seen_a_newer_token_refuses_and_the_way_to_mend_it_is_said(stage):
    """As after the bot's database was restored from an older backup."""
    from deployers.ports import Authority

    stage.remote.lock(stage.where.hosts[0], "shipmate:shop:production", Authority("d99", 9))
    asked = stage.asks()
    assert stage.conduct(asked) == "failed"
    assert "shipmate fence raise --to 10" in stage.get(asked).failure["message"]


def a_story(stage: Stage, story: str):
    """Return what is asked in a story, with the stage set for it."""
    if story == "sick":
        stage.remote.says("svc restart web", Outcome(1, "no"), host="web2", times=1)
    if story == "migration":
        stage.remote.says("python3 migrate.py", Outcome(1, "no"))
    return stage.asks()


def unstamped(stage: Stage) -> list[tuple[str, str]]:
    """Return what was begun, without the times in the deployments' marks."""
    return sorted((host, re.sub(r"-\d+", "", operation)) for host, operation in stage.remote.performed)


@pytest.mark.slow
@pytest.mark.parametrize(("after", "first"), [(False, 3), (True, 8)], ids=["before it", "after it"])
@pytest.mark.parametrize(("story", "ending"), [("good", "succeeded"), ("sick", "rolled_back"), ("migration", "failed")])
def test_a_crash_at_any_transaction_changes_nothing_of_the_outcome(tmp_path, story, ending, after, first):
    """Kill it at every tenth transaction, in turn; nothing runs twice and the end is the same."""
    (tmp_path / "whole").mkdir()
    whole = Stage(tmp_path / "whole")
    assert whole.conduct(a_story(whole, story)) == ending
    expected = unstamped(whole)
    for place in range(first, whole.rows.asked, 10):
        folder = tmp_path / f"{place}"
        folder.mkdir()
        stage = Stage(folder)
        asked = a_story(stage, story)
        stage.rows.crash_at, stage.rows.after = place, after
        with pytest.raises(Crash):
            stage.conduct(asked)
        stage.start()
        assert stage.conduct(asked) == ending, place
        assert stage.performed_twice() == []
        assert unstamped(stage) == expected
        with stage.store.look() as session:
            assert locks.holder(session, "production") is None
            assert audit.verify(session).broken_at is None
            loud = [row.key for row in outbox.undelivered(session) if row.kind is Saying.ALERT]
            assert len(loud) == (0 if ending == "succeeded" else 1)
            assert all(row.state is OutboxState.WAITING for row in outbox.undelivered(session))
