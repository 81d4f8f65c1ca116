"""What stands in the way of a way back, and must not."""

from dataclasses import replace

import pytest

from deployers.errors import Unreachable
from deployers.ports import Fate
from deployers.rehearsal import Outcome
from storage import approvals, deployments, steps
from storage.models import Approval, Decision, StepState
from tests.unit.bot.stage import GOOD, NEW, Stage
from tests.unit.deployers.worlds import LARAVEL, environment

SWITCH = "mv -T -- current.next current"


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def test_a_host_that_is_gone_keeps_no_other_from_going_back(tmp_path):
    stage = Stage(tmp_path, environment(3, health=None))
    original = stage._act

    def breaks(host, script):
        if "svc restart web" in script and stage.serving.get("web1") == NEW:
            stage.remote.down.add("web3")
            return Outcome(1, "it does not come up")
        return original(host, script)

    stage.remote._act = breaks
    asked = stage.asks()
    assert stage.conduct(asked) == "incomplete"
    assert stage.serving["web1"] == GOOD
    assert "web3" in stage.rollback_of(asked).failure["message"]


def test_a_host_that_is_gone_is_left_out_of_a_rollback_and_named(tmp_path):
    stage = Stage(tmp_path, environment(3, health=None))
    bad = stage.asks()
    assert stage.conduct(bad) == "succeeded"
    stage.remote.down.add("web3")
    back = stage.asks("v2.2", kind="rollback", undoes=bad.number)
    stage.remote._act = lambda host, script: stage._act(host, script.replace("releases/", "old-releases/"))
    assert stage.conduct(back) == "incomplete"
    assert stage.get(back).failure["target"] == "web3"
    assert (stage.serving["web1"], stage.serving["web2"]) == (GOOD, GOOD)


def test_a_failed_clean_up_takes_no_healthy_release_back(stage):
    stage.remote.says("for path in releases/*", Outcome(1, "Operation not permitted"), host="web2")
    asked = stage.asks()
    assert stage.conduct(asked) == "succeeded"
    [pruned] = [one for one in stage.records(asked) if one.kind == "prune" and one.target == "web2"]
    assert pruned.state is StepState.FAILED


def test_a_host_that_lost_us_while_it_switched_begins_nothing_more_once_we_go_back(tmp_path):
    stage = Stage(tmp_path, environment(1, health=None))
    asked, perform, late = stage.asks(), stage.remote.perform, []

    def loses_us(host, operations, authority, *, heard=lambda _: None):
        if not late and any(SWITCH in one.script for one in operations):
            late.append(lambda: perform(host, operations, authority))
            raise Unreachable(host.name, "the connection was lost too often")
        return perform(host, operations, authority, heard=heard)

    stage.remote.perform = loses_us
    assert stage.conduct(asked) == "rolled_back"
    [goes_on] = late
    assert {record.fate for record in goes_on()} == {Fate.REFUSED}
    assert stage.serving == {"web1": GOOD}


def test_slack_away_before_the_first_switch_is_a_refusal_and_says_nothing_against_the_release(stage):
    asked = stage.asks()
    with stage.store.begin() as session:
        yes = Approval(
            deployment_id=asked.number, person="U0BEN", decision=Decision.APPROVED, plan_hash=asked.plan_hash
        )
        approvals.decide(session, replace_at(yes, stage))

    original = stage._act

    def loses_slack(host, script):
        stage.people.away = True
        return original(host, script)

    stage.remote._act = loses_slack
    assert stage.conduct(asked) == "refused"
    assert not stage.get(asked).bad
    assert "Slack could not be reached" in stage.get(asked).failure["message"]


def replace_at(approval: Approval, stage: Stage) -> Approval:
    approval.at = stage.clock()
    return approval


def test_an_abort_lets_a_migration_end_and_stops_behind_it(tmp_path):
    stage = Stage(tmp_path, environment(1, recipe=LARAVEL, health=None))
    asked, original, ended = stage.asks(), stage._act, []

    def migrates_slowly(host, script):
        if "php artisan migrate" in script:
            with stage.store.begin() as session:
                deployments.get_for_change(session, asked.number).aborted_by = "U0BEN"
            ended.append(stage.remote.stopped(asked.mark, within=2))
        return original(host, script)

    stage.remote._act = migrates_slowly
    assert stage.conduct(asked) == "cancelled"
    assert ended == [False]
    [migrated] = [one for one in stage.records(asked) if one.kind == "migrate"]
    assert migrated.state is StepState.SUCCEEDED
    assert not any(one.kind == "activate" for one in stage.records(asked))


def test_a_host_that_did_not_hear_of_an_abort_is_told_again(tmp_path):
    stage = Stage(tmp_path, environment(1, recipe=LARAVEL, health=None))
    asked, original, abort, deaf = stage.asks(), stage._act, stage.remote.abort, [True, True]

    def is_deaf(host, authority):
        if deaf:
            deaf.pop()
            raise Unreachable(host.name, "the connection was lost too often")
        abort(host, authority)

    def builds_for_ever(host, script):
        if "composer install" in script:
            with stage.store.begin() as session:
                deployments.get_for_change(session, asked.number).aborted_by = "U0BEN"
            assert stage.remote.stopped(asked.mark, within=60)
            return Outcome(143)
        return original(host, script)

    stage.remote.abort = is_deaf
    stage.remote._act = builds_for_ever
    assert stage.conduct(asked) == "cancelled"


def test_where_nobody_said_where_migrations_lie_a_migration_counts_as_one(tmp_path):
    stage = Stage(tmp_path, environment(1, recipe=replace(LARAVEL, migrations_path=""), health=None))
    stage.remote.says("horizon:terminate", Outcome(1, "no"))
    assert stage.conduct(stage.asks()) == "incomplete"


def test_an_attempt_that_was_taken_again_does_not_keep_a_resolved_deployment_waiting(stage):
    stage.remote.says("sh build.sh", Outcome(fate=Fate.UNKNOWN, why="it was killed"), host="web1", times=1)
    stage.remote.says("python3 migrate.py", Outcome(fate=Fate.UNKNOWN), times=1)
    asked = stage.asks()
    assert stage.conduct(asked) == "unknown"
    [unclear] = [one for one in stage.records(asked) if one.state is StepState.UNKNOWN and one.kind == "migrate"]
    with stage.store.begin() as session:
        steps.resolve(session, unclear.operation, StepState.SUCCEEDED, by="U0OMAR", at=stage.now)
    assert stage.conduct(asked) == "succeeded"
