"""What was not well before a deployment is not blamed on it, and is said; a rollback that fails freezes."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from deployers.environment import Component, RollbackPolicy
from deployers.rehearsal import Outcome
from storage import deployments, freezes, reports
from tests.unit.bot.stage import GOOD, NEW, Crash, Stage
from tests.unit.deployers.worlds import environment

PARTS = (Component("redis", "/health/redis"), Component("queue", "/health/queue"))
WITH_PARTS = replace(environment(2), health=replace(environment(2).health, components=PARTS))


def gone(stage: Stage, *parts: str, new_only: bool = False) -> None:
    """Let parts of the application be gone: whatever is served, or only where the new release is."""
    answer = stage.remote.wire

    def wire(request: httpx.Request) -> httpx.Response:
        meant = not new_only or stage.serving[request.extensions["host"]] == NEW
        sick = meant and request.url.path in {f"/health/{part}" for part in parts}
        return httpx.Response(503) if sick else answer(request)

    stage.remote.wire = wire


def never_served(stage: Stage) -> None:
    """Take v2.2 out of the ledger, and let nobody listen until v2.3 is switched to."""
    stage.serving = dict.fromkeys(stage.serving, "")
    answer = stage.remote.wire

    def wire(request: httpx.Request) -> httpx.Response:
        candidate = 9000 <= (request.url.port or 0) < 9100
        if not candidate and not stage.serving[request.extensions["host"]]:
            raise httpx.ConnectError("nobody listens", request=request)
        return answer(request)

    stage.remote.wire = wire
    with stage.store.begin() as session:
        deployments.get(session, stage.good.number).served_at = None


def test_a_part_that_was_gone_before_takes_nothing_back_and_stands_on_the_card(tmp_path):
    stage = Stage(tmp_path, WITH_PARTS)
    gone(stage, "redis")
    asked = stage.asks()
    assert stage.conduct(asked) == "succeeded"
    assert stage.serving == {"web1": NEW, "web2": NEW}
    with stage.store.look() as session:
        before = reports.facts(session, asked.number).before
    assert {(it["where"], it["path"]) for it in before} == {("web1", "/health/redis"), ("web2", "/health/redis")}


def test_a_part_that_goes_with_the_switch_takes_the_release_back_although_another_was_gone_before(tmp_path):
    stage = Stage(tmp_path, WITH_PARTS)
    gone(stage, "redis")
    gone(stage, "queue", new_only=True)
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back"
    failure = stage.get(asked).failure
    assert "/health/queue answered 503" in failure["message"]
    assert failure["trigger"] == "component"
    assert stage.serving == {"web1": GOOD, "web2": GOOD}


def test_a_first_release_is_blamed_for_what_is_not_well_because_nobody_listened_before_it(tmp_path):
    stage = Stage(tmp_path, WITH_PARTS)
    never_served(stage)
    gone(stage, "queue", new_only=True)
    asked = stage.asks()
    assert stage.conduct(asked) == "incomplete"
    assert "/health/queue answered 503" in stage.get(asked).failure["message"]


def test_what_was_gone_before_is_remembered_over_a_crash(tmp_path):
    stage = Stage(tmp_path, WITH_PARTS)
    gone(stage, "redis")
    stage.rows.crash_at = 30
    asked = stage.asks()
    with pytest.raises(Crash):
        stage.conduct(asked)
    stage.start()
    assert stage.conduct(asked) == "succeeded"


@pytest.mark.parametrize(("on", "ending"), [(("component",), "rolled_back"), (("health", "error_rate"), "incomplete")])
def test_only_the_triggers_that_are_configured_take_a_release_back(tmp_path, on, ending):
    stage = Stage(tmp_path, replace(WITH_PARTS, rollback=RollbackPolicy(on=on)))
    gone(stage, "queue", new_only=True)
    assert stage.conduct(stage.asks()) == ending


def test_an_automatic_rollback_that_fails_freezes_the_environment_until_a_person_lifts_it(tmp_path):
    stage = Stage(tmp_path, replace(environment(2), rollback=RollbackPolicy(veto=timedelta(seconds=5))))
    stage.remote.says("svc restart web", Outcome(1, "it does not come up"))
    asked = stage.asks()
    assert stage.conduct(asked) == "incomplete"
    with stage.store.look() as session:
        held = freezes.in_force(session, "production", stage.now)
    assert (held.by, held.deployment_id, held.until) == ("shipmate", asked.number, None)
    again = stage.asks()
    assert stage.conduct(again) == "refused"
    assert "is frozen by Shipmate" in stage.get(again).failure["message"]
    assert "`/ops unfreeze production`" in stage.get(again).failure["message"]
