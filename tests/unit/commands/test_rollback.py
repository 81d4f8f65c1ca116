import pytest

from commands import going_back
from deployers.environment import RollbackPolicy
from storage import audit, deployments, targets
from storage.models import Kind, Status
from tests.builders import sha_of
from tests.unit.commands.going_back import button_of
from tests.unit.commands.world import environment


def _finishes(world, number):
    """Let a rollback have gone well, as the engine would leave it."""
    with world.store.begin() as session:
        rollback = deployments.get_for_change(session, number)
        world.walk(rollback, Status.SUCCEEDED)
        rollback.served_at = world.now
        session.add(rollback)
        undone = deployments.get_for_change(session, rollback.undoes)
        deployments.undo(session, undone, by=number)
    world.later(minutes=1)


@pytest.fixture
def three(world):
    for ref in ("v2.1", "v2.2", "v2.3"):
        world.serves(ref)
    return world


def test_a_rollback_is_shown_privately_and_begun_by_its_button(three):
    shown = three.says("ana", "/rollback latest production")
    assert (shown.ok, shown.code) == (True, "confirm")
    assert "Roll back production to v2.2" in shown.text
    button = button_of(shown)
    assert button["text"]["text"] == "Roll back production to v2.2"
    assert button["confirm"]["style"] == "danger"
    assert three.deployment(3).status is Status.SUCCEEDED
    begun = three.presses("ana", "rollback", button["value"])
    assert begun.ok
    rollback = three.deployment(4)
    assert (rollback.kind, rollback.ref, rollback.sha) == (Kind.ROLLBACK, "v2.2", sha_of("v2.2"))
    assert (rollback.undoes, rollback.status) == (3, Status.QUEUED)
    assert rollback.release == three.deployment(2).release
    assert three.engine.told[-1] == ("start", 4)


def test_twice_back_goes_back_twice_and_never_flips(three):
    assert three.says("ana", "/rollback latest production --yes").ok
    _finishes(three, 4)
    assert three.says("ana", "/rollback latest production --yes").ok
    assert three.deployment(5).ref == "v2.1"
    _finishes(three, 5)
    none = three.says("ana", "/rollback latest production --yes")
    assert none.code == "no_way_back"


def test_a_version_a_number_or_a_sha_names_the_release(three):
    for wanted in ("v2.1", "1", "#1", sha_of("v2.1")[:9], three.deployment(1).release):
        assert "Roll back production to v2.1" in three.says("ana", f"/rollback {wanted} production").text
        assert "Roll back production to v2.1" in three.says("ana", f"/rollback production {wanted}").text


def test_what_cannot_be_gone_back_to_lists_the_candidates(three):
    assert "`v2.2` (#2), `v2.1` (#1)" in three.says("ana", "/rollback v1.0 production").text
    assert "runs `v2.3` already" in three.says("ana", "/rollback v2.3 production").text


def test_nothing_was_ever_deployed_so_there_is_nothing_to_go_back_to(world):
    assert world.says("ana", "/rollback latest production").code == "no_way_back"
    world.serves("v2.2")
    assert "all there is" in world.says("ana", "/rollback latest production").text


def test_the_guarded_environment_is_meant_when_none_is_named(three):
    assert "Roll back production" in three.says("ana", "/rollback latest").text


def test_with_two_guarded_environments_one_is_asked_for(worlds):
    world = worlds(environment("europe"), environment("america"))
    reply = world.says("ana", "/rollback latest")
    assert "`/rollback latest europe` or `/rollback latest america`" in reply.text
    world.says("ana", "/deploy europe v2.2")
    assert world.says("ana", "/rollback latest").code == "no_way_back"


def test_it_needs_the_role_and_the_role_that_is_configured_for_it(three):
    assert three.says("gus", "/rollback latest production").code == "role"
    three.people.roles["rollback"] = ("U0BEN",)
    assert three.says("ana", "/rollback latest production").code == "role"
    assert three.says("ben", "/rollback latest production").ok
    assert three.says("omar", "/rollback latest production").ok


def test_it_works_with_the_repository_away(three):
    three.shelf.away = True
    assert three.says("ana", "/rollback latest production --yes").ok
    assert three.deployment(4).ref == "v2.2"


def test_migrations_between_are_said_plainly_also_from_the_ledger_alone(worlds):
    world = worlds(environment())
    world.serves("v2.2")
    world.shelf.migrations = ("migrations/007_names.py",)
    world.serves("v2.3")
    asked = world.says("ana", "/rollback latest production")
    assert "1 migration lies between" in asked.text
    assert "1 migration lies between" in button_of(asked)["confirm"]["text"]["text"]
    world.shelf.away = True
    assert "1 migration lies between" in world.says("ana", "/rollback latest production").text


def test_compatible_migrations_are_told_without_a_warning_to_stop(worlds):
    world = worlds(environment(rollback=RollbackPolicy(migrations="compatible")))
    world.serves("v2.2")
    world.shelf.migrations = ("migrations/007_names.py",)
    world.serves("v2.3")
    assert "declared compatible" in world.says("ana", "/rollback latest production").text


def test_a_button_that_was_shown_before_things_changed_does_nothing(three):
    button = button_of(three.says("ana", "/rollback latest production"))
    three.serves("v2.4")
    assert three.presses("ana", "rollback", button["value"]).code == "stale"
    number, _, target = button["value"].split(":")
    assert three.presses("ana", "rollback", f"{number}:{'0' * 64}:{target}").code == "stale"


def test_the_button_of_a_card_leads_to_the_question(three):
    assert three.presses("ana", "rollback", three.value(3)).code == "confirm"
    assert three.presses("ana", "rollback", three.value(2)).code == "stale"
    assert three.presses("ana", "rollback", "3:" + "0" * 64).code == "stale"


def test_asking_twice_is_one_rollback(three):
    three.says("ana", "/rollback latest production --yes")
    three.says("ben", "/rollback latest production --yes")
    with three.store.look() as session:
        assert len([it for it in deployments.history(session) if it.kind is Kind.ROLLBACK]) == 1


def test_the_command_line_begins_at_once(three):
    assert three.says("ana", "/rollback latest production", origin="cli").ok
    assert three.deployment(4).status is Status.QUEUED


def test_a_queued_deployment_gives_way_and_a_waiting_card_is_left_alone(three):
    three.says("ana", "/deploy production v2.4")
    three.presses("ben", "approve", three.value(4))
    three.shelf.tags.append("v2.5")
    three.says("ana", "/deploy production v2.5")
    assert three.says("ana", "/rollback latest production --yes").ok
    assert three.deployment(4).status is Status.SUPERSEDED
    assert three.deployment(5).status is Status.AWAITING_APPROVAL
    with three.store.look() as session:
        assert audit.about(session, "deployment:4")[-1].detail["by"] == 6


def test_what_runs_is_stopped_first_and_goes_back_itself(three):
    number = three.runs("v2.4")
    asked = three.says("ana", "/rollback latest production")
    assert asked.code == "running"
    assert [it["text"]["text"] for it in asked.blocks[-1]["elements"]] == ["Abort", "Abort and roll back to v2.3"]
    assert three.says("ana", "/rollback latest production --yes").ok
    assert three.deployment(number).abort_back


def test_a_fleet_that_is_not_of_one_mind_goes_back_to_what_the_ledger_says(three):
    number = three.runs("v2.4")
    with three.store.begin() as session:
        broken = deployments.get_for_change(session, number)
        broken.advance(Status.INCOMPLETE, at=three.now)
        session.add(broken)
    choice = going_back.choose(three.services, three.services.environments["production"], "latest")
    assert (choice.target.ref, choice.undoes.number, choice.plan.replaces) == ("v2.3", number, sha_of("v2.3"))
    assert three.says("ana", "/rollback latest production --yes").ok
    assert three.deployment(number + 1).undoes == number


def test_what_failed_but_is_still_served_is_taken_back(three):
    number = three.runs("v2.4")
    with three.store.begin() as session:
        broken = deployments.get_for_change(session, number)
        broken.advance(Status.FAILED, at=three.now)
        session.add(broken)
        targets.put(
            session, "production", "web1", release=broken.release, sha=broken.sha, deployment_id=number, at=three.now
        )
    assert "Roll back production to v2.3" in three.says("ana", "/rollback latest production").text


def test_the_form_asks_once_more(three):
    reply = three.submits("ana", "rollback", environment="production", version="", reason="")
    assert reply.code == "confirm"


def test_the_card_of_a_rollback_tells_what_disappears(three):
    three.says("ana", "/rollback v2.1 production --yes --reason it is slow")
    with three.store.look() as session:
        seen = deployments.stored_plan(session, 4).seen
    assert [it["subject"] for it in seen["commits"]] == ["Release v2.3", "Release v2.2"]
    assert three.deployment(4).reason == "it is slow"


def test_a_rollback_that_is_run_again_after_a_crash_goes_back_once(three):
    assert three.says("ana", "/rollback latest production --yes", key="E1").ok
    _finishes(three, 4)
    again = three.says("ana", "/rollback latest production --yes", key="E1")
    assert "#4" in again.text
    with three.store.look() as session:
        assert len(deployments.history(session, "production")) == 4
