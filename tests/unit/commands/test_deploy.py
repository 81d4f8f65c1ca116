from dataclasses import replace

import pytest

from deployers.environment import Approvals, Revisions
from deployers.plan import Plan
from deployers.ports import Finding, Learned
from storage import audit, checks, deployments, outbox
from storage.models import CheckRun, Status
from tests.builders import NOW, sha_of
from tests.unit.commands.world import WEEKEND, environment


def test_a_request_waits_for_approval_with_a_card_an_expiry_and_an_audit_entry(world):
    reply = world.says("ana", "/deploy production v2.3 --reason “ship it”")
    assert reply.ok
    deployment = world.deployment(1)
    assert (deployment.status, deployment.sha, deployment.reason) == (
        Status.AWAITING_APPROVAL,
        sha_of("v2.3"),
        "ship it",
    )
    assert world.engine.told == [("expires", 1)]
    with world.store.look() as session:
        assert outbox.card_of(session, 1).wanted == deployment.version
        assert [it.action for it in audit.about(session, "deployment:1")] == ["deployment.requested"]


def test_an_environment_that_asks_nobody_begins_at_once(world):
    reply = world.says("ana", "/deploy staging v2.3")
    assert "begins" in reply.text
    assert world.deployment(1).status is Status.QUEUED
    assert world.engine.told == [("start", 1)]


def test_words_come_in_any_order_and_an_alias_will_do(world):
    assert world.says("ana", "/deploy --strategy=rolling v2.3 PROD").ok
    assert world.deployment(1).environment == "production"


def test_asking_again_joins_the_open_request_whoever_asks(world):
    world.says("ana", "/deploy production v2.3")
    reply = world.says("ben", f"/deploy production {sha_of('v2.3')}")
    assert reply.code == "joined"
    assert "#1" in reply.text
    with world.store.look() as session:
        assert len(deployments.history(session)) == 1


def goes_otherwise(world, number, *, strategy):
    """Let a request have another plan than the one that is asked for by default."""
    with world.store.begin() as session:
        stored, deployment = deployments.stored_plan(session, number), deployments.get(session, number)
        plan = replace(Plan.read(stored.document), strategy=strategy, skip_tests=True)
        stored.document, stored.hash, deployment.plan_hash = plan.document(), plan.hash, plan.hash
        deployment.strategy = strategy
        session.add_all((stored, deployment))


def test_who_asks_for_the_same_release_with_another_plan_joins_nothing_and_hears_of_the_other_request(world):
    world.says("ana", "/deploy production v2.3")
    goes_otherwise(world, 1, strategy="emergency")
    reply = world.says("ana", "/deploy production v2.3")
    assert reply.code != "joined"
    assert "`/deploy cancel 1`" in reply.text
    assert world.deployment(2).plan_hash != world.deployment(1).plan_hash


def test_who_joins_what_runs_with_another_plan_is_told_so(world):
    world.runs("v2.3")
    goes_otherwise(world, 1, strategy="emergency")
    reply = world.says("ana", "/deploy production v2.3")
    assert reply.code == "joined"
    assert "strategy `emergency` and its tests skipped" in reply.text


def test_nobody_skips_the_tests_without_saying_why(world):
    reply = world.says("ana", "/deploy production v2.3 --skip-tests")
    assert reply.code == "reason"
    assert '--skip-tests --reason "…"' in reply.text


def test_asking_for_what_is_on_its_way_joins_it(world):
    world.runs("v2.3")
    assert world.says("ben", "/deploy production v2.3").code == "joined"


def test_what_runs_already_is_not_deployed_again(world):
    world.serves("v2.3")
    reply = world.says("ana", "/deploy production v2.3")
    assert (reply.ok, reply.code) == (False, "already_runs")
    assert "already runs `v2.3`" in reply.text


def test_a_mixed_fleet_may_be_deployed_to_with_what_the_ledger_says_runs(world):
    world.serves("v2.2")
    world.runs("v2.3", to=Status.RUNNING)
    with world.store.begin() as session:
        broken = deployments.get_for_change(session, 2)
        broken.advance(Status.INCOMPLETE, at=world.now)
        session.add(broken)
    assert world.says("ana", "/deploy production v2.2").ok


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("/deploy prodction v2.3", "environment", "`production`"),
        ("/deploy v2.3 prodction", "environment", "`production`"),
        ("/deploy production v9", "ref", "`v2.3`"),
        ("/deploy production v2.3 --strategi rolling", "option", "`--strategy`"),
        ("/deploy production v2.3 --strategy roling", "strategy", "--strategy rolling"),
        ("/deploy production", "arguments", "/deploy production v1.0"),
        ("/deploy v2.3", "arguments", "/deploy"),
        ("/deploy production v2.3 now", "arguments", "now"),
        ("/deploy <!channel> v2.3", "environment", "&lt;!channel&gt;"),
    ],
)
def test_a_mistake_is_refused_with_what_to_type(world, text, code, hint):
    reply = world.says("ana", text)
    assert (reply.ok, reply.code) == (False, code)
    assert hint in reply.text
    assert "<!channel>" not in reply.text
    with world.store.look() as session:
        assert deployments.history(session) == []
        assert audit.newest(session)[0].action == "command.refused"


def test_somebody_without_the_role_is_told_whom_to_ask(world):
    reply = world.says("gus", "/deploy production v2.3")
    assert reply.code == "role"
    assert "<@U0ANA>" in reply.text


def test_a_role_that_nobody_has_says_what_to_configure(world):
    world.people.roles = {}
    assert "[roles]" in world.says("ana", "/deploy production v2.3").text


def test_an_unanswered_question_about_roles_is_a_refusal(world):
    world.people.away = True
    reply = world.says("ana", "/deploy production v2.3")
    assert reply.code == "identity"
    with world.store.look() as session:
        assert deployments.history(session) == []


def test_a_repository_that_is_away_is_a_refusal_in_words(world):
    world.shelf.away = True
    reply = world.says("ana", "/deploy production v2.3")
    assert (reply.code, reply.ok) == ("repository", False)
    assert "cannot be read" in reply.text


def test_a_frozen_environment_says_until_when_and_why(worlds):
    world = worlds(environment(freezes=(WEEKEND,)))
    world.later(days=4)
    reply = world.says("ana", "/deploy production v2.3")
    assert (reply.ok, reply.code) == (False, "frozen")
    assert "Mon 30 Nov 07:00 (weekend)" in reply.text
    assert reply.blocks


def test_production_comes_after_staging(worlds):
    world = worlds(environment("staging", approvals=Approvals(required=0)), environment(after="staging"))
    assert "/deploy staging v2.3" in world.says("ana", "/deploy production v2.3").text
    world.serves("v2.3", "staging")
    assert world.says("ana", "/deploy production v2.3").ok


def test_required_checks_have_to_be_known_and_green(worlds):
    world = worlds(environment(required_checks=("tests",)))
    assert world.says("ana", "/deploy production v2.3").code == "checks_unknown"
    with world.store.begin() as session:
        checks.put(session, CheckRun(sha=sha_of("v2.3"), name="tests", conclusion="failure", seen_at=NOW))
    assert world.says("ana", "/deploy production v2.3").code == "checks_red"
    with world.store.begin() as session:
        checks.put(session, CheckRun(sha=sha_of("v2.3"), name="tests", conclusion="success", seen_at=world.now))
    assert world.says("ana", "/deploy production v2.3").ok


def test_a_blocking_finding_stops_the_request_and_another_is_a_risk(world):
    world.looks.findings = (Finding("web1", "the disk is full", good=False, detail="0 B free"),)
    assert "web1: the disk is full (0 B free)" in world.says("ana", "/deploy production v2.3").text
    world.looks.findings = (Finding("web1", "no earlier release", good=False, blocking=False),)
    assert world.says("ana", "/deploy production v2.3").ok
    with world.store.look() as session:
        assert "web1: no earlier release" in deployments.stored_plan(session, 1).seen["risks"]


def test_the_form_asks_like_the_command_does(world):
    reply = world.submits("ana", "deploy", environment="production", ref="v2.3", strategy="", reason="by hand")
    assert reply.ok
    assert world.deployment(1).reason == "by hand"


def test_a_plan_is_shown_and_nothing_is_stored(world):
    world.serves("v2.2")
    reply = world.says("gus", "/deploy plan production v2.3")
    assert reply.ok
    assert "1 approval" in reply.text
    assert "activate on web1" in reply.text
    with world.store.look() as session:
        assert len(deployments.history(session)) == 1


def test_status_history_and_help_answer_anybody(world):
    world.serves("v2.2")
    world.runs("v2.3")
    assert "runs `v2.2`" in world.says("gus", "/deploy status prod").text
    assert "v2.3" in world.says("gus", "/deploy status").text
    history = world.says("gus", "/deploy history production").text
    assert history.index("v2.3") < history.index("v2.2")
    assert "/deploy status" in world.says("gus", "/deploy help").text
    assert "Nothing was deployed" in world.says("gus", "/deploy history staging").text


def test_the_stored_plan_is_bound_to_the_card_and_the_button(world):
    world.serves("v2.2")
    world.says("ana", "/deploy production v2.3")
    with world.store.look() as session:
        plan = deployments.stored_plan(session, 2)
    assert plan.hash == world.deployment(2).plan_hash
    assert plan.document["replaces"] == sha_of("v2.2")
    assert plan.seen["way_back"] == "v2.2"
    assert plan.seen["commits"] == [{"sha": sha_of("v2.3"), "subject": "Release v2.3", "author": "Ana"}]


def test_a_request_that_is_run_again_after_a_crash_begins_nothing_more(world):
    assert world.says("ana", "/deploy staging v2.3", key="E1").ok
    with world.store.begin() as session:
        world.walk(deployments.get_for_change(session, 1), Status.FAILED)
    again = world.says("ana", "/deploy staging v2.3", key="E1")
    assert "#1" in again.text
    with world.store.look() as session:
        assert len(deployments.history(session, "staging")) == 1


def test_what_is_older_than_what_runs_is_refused_with_the_way_back(world):
    world.serves("v2.3")
    reply = world.says("ana", "/deploy production v2.2")
    assert (reply.code, reply.ok) == ("older", False)
    assert "`/rollback v2.2 production`" in reply.text


def test_a_release_from_a_branch_is_refused_where_only_tags_are_taken(worlds):
    world = worlds(environment(revisions=Revisions(allowed=("tags/v*",))))
    world.shelf.moved["main"] = sha_of("v2.4")
    reply = world.says("ana", "/deploy production main")
    assert reply.code == "source"
    assert "production takes only `tags/v*`, and `heads/main` is none of them." in reply.text
    assert world.says("ana", "/deploy production v2.4").ok


def test_signatures_that_are_required_are_unknown_where_there_is_only_git(worlds):
    world = worlds(environment(revisions=Revisions(signed=True)))
    reply = world.says("ana", "/deploy production v2.3")
    assert (reply.code, "GitHub did not answer or is not configured" in reply.text) == ("unsigned", True)
    world.services = replace(world.services, learn=lambda _r, _d: Learned(signed=True, asked=True))
    assert world.says("ana", "/deploy production v2.3").ok


@pytest.mark.parametrize(
    ("allows", "told"), [(False, "does not let anybody skip the tests"), (True, "skipped in an emergency alone")]
)
def test_tests_cannot_be_skipped_without_an_emergency_that_the_environment_allows(worlds, allows, told):
    world = worlds(environment(required_checks=("tests",), may_skip_checks=allows))
    reply = world.says("ana", "/deploy production v2.3 --skip-tests --reason it burns")
    assert (reply.code, told in reply.text) == ("skip_tests", True)
