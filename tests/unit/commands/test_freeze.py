"""A person's freeze stops deployments and no rollback; a release that was taken back is asked for with a reason."""

import pytest

from deployers.environment import Approvals
from storage import audit, deployments, freezes
from storage.models import FreezeRecord, Status
from tests.unit.commands.world import World, environment

OPEN = environment("staging", approvals=Approvals(required=0))


@pytest.fixture
def world(store):
    made = World(store, OPEN, environment())
    made.serves("v2.2", "staging")
    return made


def freezes_it(world: World, how: str = "--for 2h --reason “we count the stock”"):
    return world.says("omar", f"/ops freeze staging {how}")


def test_a_freeze_refuses_with_who_why_until_when_and_the_command_that_lifts_it(world):
    assert freezes_it(world).ok
    refused = world.says("ana", "/deploy staging v2.3")
    assert (refused.ok, refused.code) == (False, "frozen")
    for part in ("by omar", "we count the stock", "until", "`/ops unfreeze staging`", "Since"):
        assert part in refused.text


def test_nobody_is_stopped_after_its_time_or_after_it_was_lifted(world):
    freezes_it(world)
    world.later(hours=2)
    assert world.says("ana", "/deploy staging v2.3").ok
    assert freezes_it(world, "--reason again, and without an end").ok
    assert world.says("ana", "/deploy staging v2.4").code == "frozen"
    lifted = world.says("omar", "/ops unfreeze staging")
    assert lifted.ok
    assert "without an end" in lifted.text
    assert world.says("omar", "/ops unfreeze staging").code == "not_frozen"
    assert world.says("ana", "/deploy staging v2.4").ok


def test_a_rollback_is_not_stopped_by_it(world):
    world.serves("v2.3", "staging")
    freezes_it(world)
    assert world.says("omar", "/rollback latest staging --yes").code != "frozen"
    with world.store.look() as session:
        assert deployments.history(session, "staging", 1)[0].kind.value == "rollback"


def test_only_operators_freeze_and_lift_and_both_are_audited(world):
    assert world.says("ana", "/ops freeze staging --reason because").code == "role"
    freezes_it(world)
    assert world.says("ana", "/ops unfreeze staging").code == "role"
    world.says("omar", "/ops unfreeze staging")
    with world.store.look() as session:
        actions = [it.action for it in audit.about(session, "environment:staging")]
    assert actions == ["environment.frozen", "environment.unfrozen"]


@pytest.mark.parametrize(
    ("text", "code"),
    [("staging", "reason"), ("--reason x", "arguments"), ("staging --for soon --reason x", "option"),
     ("staging --for 200d --reason x", "option"), ("mars --reason x", "environment")],
)  # fmt: skip
def test_what_cannot_be_understood_says_what_to_type(world, text, code):
    refused = world.says("omar", f"/ops freeze {text}")
    assert (refused.ok, refused.code) == (False, code)


def test_a_second_freeze_does_not_shorten_the_first(world):
    freezes_it(world, "--reason until tomorrow")
    assert freezes_it(world, "--for 1m --reason short").code == "frozen"
    with world.store.look() as session:
        assert freezes.in_force(session, "staging", world.now).reason == "until tomorrow"


def test_the_status_says_that_it_is_frozen(world):
    freezes_it(world)
    assert "we count the stock" in world.says("ana", "/deploy status staging").text
    world.later(hours=3)
    assert "we count the stock" not in world.says("ana", "/deploy status staging").text


def test_why_shows_the_freeze_as_a_gate_that_is_shut(world):
    freezes_it(world)
    assert "we count the stock" in world.says("ana", "/deploy why staging v2.3").text


def taken_back(world: World, ref: str = "v2.3", *, code: str = "unhealthy") -> int:
    number = world.runs(ref, "staging")
    with world.store.begin() as session:
        row = deployments.get_for_change(session, number)
        row.bad, row.failure = True, {"code": code, "message": "web2 is not healthy: /api/health answered 503"}
        world.walk(row, Status.ROLLING_BACK)
        world.walk(row, Status.ROLLED_BACK)
    return number


def test_a_release_that_was_taken_back_is_refused_with_its_history(world):
    number = taken_back(world)
    refused = world.says("ana", "/deploy staging v2.3")
    assert (refused.ok, refused.code) == (False, "bad")
    for part in (f"#{number}", "answered 503", "--again"):
        assert part in refused.text


def test_it_is_asked_for_again_with_a_reason_and_the_card_says_so(world):
    taken_back(world)
    assert world.says("ana", "/deploy staging v2.3 --again").code == "reason"
    assert world.says("ana", "/deploy staging v2.3 --again --reason the cache was full, and is not").ok
    with world.store.look() as session:
        newest = deployments.history(session, "staging", 1)[0]
        assert "it was taken back here before" in deployments.stored_plan(session, newest.number).seen["risks"]


def test_what_somebody_stopped_or_what_serves_well_since_is_not_held_against_it(world):
    taken_back(world, code="aborted")
    assert world.says("ana", "/deploy staging v2.3").ok


def test_a_freeze_of_mine_says_so(world):
    with world.store.begin() as session:
        mine = FreezeRecord(environment="staging", by="shipmate", reason="I could not take it back", since=world.now)
        assert freezes.put(session, mine)
        assert freezes.put(session, replace_by(mine)) is None
    assert "by Shipmate" in world.says("ana", "/deploy staging v2.3").text


def replace_by(freeze: FreezeRecord) -> FreezeRecord:
    return FreezeRecord(environment=freeze.environment, by="U0OMAR", reason="another", since=freeze.since)
