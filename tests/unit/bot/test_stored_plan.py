"""What was approved is what runs, and what is left behind is not forgotten."""

from dataclasses import replace

import pytest

from deployers.approved import approved
from deployers.rehearsal import Outcome
from deployers.strategies import resolved
from storage import deployments, locks, targets
from tests.unit.bot.stage import GOOD, NEW, Stage
from tests.unit.deployers.worlds import LARAVEL, environment


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


@pytest.mark.parametrize("where", [environment(3), environment(1, recipe=LARAVEL), environment(2, health=None)])
def test_an_environment_is_read_back_from_a_plan_as_it_was(where):
    assert approved(resolved(where), where) == where
    assert resolved(approved(resolved(where), None)).keys() == resolved(where).keys()


def test_secret_header_values_are_not_in_a_plan_and_come_from_the_configuration():
    where = environment(1)
    secret = replace(where, health=replace(where.health, headers={"Authorization": "env:HEALTH_TOKEN"}))
    assert "HEALTH_TOKEN" not in str(resolved(secret))
    assert approved(resolved(secret), secret).health.headers == {"Authorization": "env:HEALTH_TOKEN"}
    assert approved(resolved(secret), where).health.headers == {}


def test_a_configuration_that_changes_while_it_runs_changes_nothing_of_what_was_approved(stage):
    asked, original = stage.asks(), stage._act

    def is_edited(host, script):
        if "sh build.sh" in script:
            recipe = replace(stage.where.recipe, restart=("svc restart something-else",))
            stage.crew.environments["production"] = replace(stage.where, recipe=recipe)
        return original(host, script)

    stage.remote._act = is_edited
    assert stage.conduct(asked) == "succeeded"
    assert not any("something-else" in line for line in stage.remote.lines)


def test_an_environment_that_left_the_configuration_is_brought_to_its_end(stage):
    asked, original = stage.asks(), stage._act

    def is_removed(host, script):
        if "svc restart web" in script:
            stage.crew.environments.pop("production", None)
        return original(host, script)

    stage.remote._act = is_removed
    stage.remote.says("svc restart web", Outcome(1, "no"), host="web2", times=1)
    assert stage.conduct(asked) == "rolled_back"
    assert stage.serving == {"web1": GOOD, "web2": GOOD}


def test_a_switch_is_in_the_rows_though_what_came_behind_it_failed(tmp_path):
    stage = Stage(tmp_path, environment(2, health=None))
    stage.repo.migrations = ("migrations/007.sql",)
    stage.remote.says("svc restart web", Outcome(1, "no"), host="web1")
    assert stage.conduct(stage.asks()) == "incomplete"
    with stage.store.look() as session:
        assert [(it.name, it.sha) for it in targets.serving(session, "production") if it.sha == NEW] == [("web1", NEW)]


def test_what_takes_the_place_of_a_broken_one_and_fails_leaves_it_broken_and_locked(tmp_path):
    stage = Stage(tmp_path, environment(2, health=None))
    stage.repo.migrations = ("migrations/007.sql",)
    stage.remote.says("svc restart web", Outcome(1, "no"), host="web1")
    broken = stage.asks()
    assert stage.conduct(broken) == "incomplete"
    stage.remote.says("sh build.sh", Outcome(1, "no such package"))
    stage.repo.tags["v2.3.1"] = "c" * 40
    successor = stage.asks("v2.3.1")
    assert stage.conduct(successor) == "incomplete"
    assert stage.get(broken).status == "superseded"
    with stage.store.look() as session:
        assert locks.holder(session, "production").deployment_id == successor.number


def test_maintenance_that_cannot_be_switched_off_is_told_and_keeps_the_lock(tmp_path):
    stage = Stage(tmp_path, environment(1, recipe=LARAVEL, health=None))
    stage.remote.says("php artisan migrate", Outcome(1, "duplicate column"))
    stage.remote.says("php artisan up", Outcome(1, "disk full"))
    asked = stage.asks()
    assert stage.conduct(asked) == "incomplete"
    told = stage.get(asked).failure["message"]
    assert "duplicate column" in told
    assert "disk full" in told
    assert "maintenance_off" in told


def test_an_abort_in_the_last_instant_is_not_forgotten(stage):
    asked, original = stage.asks(), stage._act

    def asks_to_stop(host, script):
        if "for path in releases/*" in script and host.name == "web2":
            with stage.store.begin() as session:
                row = deployments.get_for_change(session, asked.number)
                row.aborted_by, row.abort_back = "U0BEN", True
        return original(host, script)

    stage.remote._act = asks_to_stop
    assert stage.conduct(asked) == "rolled_back"
    assert stage.serving == {"web1": GOOD, "web2": GOOD}
