"""A restore undone: the database of before it takes its place again, once the name is typed."""

import pytest

from deployers.backups import answers
from deployers.plan import Backup as BackupStep
from deployers.plan import Restore, SwapDatabase
from storage import deployments
from storage.models import Kind, Status, StepRecord, StepState
from tests.unit.commands.going_back import backed_up, button_of, can_go_back, plan_of


@pytest.fixture
def world(worlds):
    return can_go_back(worlds)


def restored(world, *, swapped: StepState = StepState.SUCCEEDED) -> int:
    """Let production have got the database of then, and return the number of that restore."""
    backed_up(world)
    assert world.says("omar", "/rollback backup latest production --restore-database --confirm production --yes").ok
    number, plan = 4, plan_of(world, 4)
    at = next(place for place, step in enumerate(plan.steps) if isinstance(step, SwapDatabase))
    with world.store.begin() as session:
        row = deployments.get_for_change(session, number)
        for status in (Status.PREPARING, Status.RUNNING, Status.SUCCEEDED):
            row.advance(status, at=world.now)
        row.served_at = world.now
        deployments.undo(session, deployments.get_for_change(session, 3), by=number)
        session.add(
            StepRecord(
                deployment_id=number,
                number=at,
                target="web1",
                kind=SwapDatabase.word,
                attempt=1,
                operation="d4.swap",
                token=1,
                state=swapped,
                started_at=world.now,
                finished_at=world.now,
                output="= before shop_before_20261124090000\nshop is what was restored",
            )
        )
    return number


def test_a_database_that_a_restore_put_aside_is_told_of_where_the_backups_are_listed(world):
    assert "put aside" not in world.says("omar", "/rollback backup production").text
    restored(world)
    listed = world.says("omar", "/rollback backup production").text
    for part in ("put aside", "`shop_before_20261124090000`", "`/rollback backup undo production` needs the newest"):
        assert part in listed


@pytest.mark.parametrize(
    ("names", "aside"),
    [
        (("a_before_2", "a_before_1"), ("a_before_2", "a_before_1")),
        (("a_undone_1", "a_before_1"), ("a_undone_1",)),
        (("a_before_1", "a_before_1", ""), ("a_before_1",)),
    ],
)
def test_a_database_that_serves_again_is_not_put_aside_any_more(names, aside):
    assert answers.put_aside(f"= before {name}\n" if name else "the disk is full" for name in names) == aside


def test_a_restore_is_undone_by_whoever_types_the_name_with_the_release_of_then(world):
    number = restored(world)
    fresh = plan_of(world, number).backup
    assert world.says("ana", "/rollback backup undo production --yes").code == "role"
    shown = world.says("omar", "/rollback backup undo production --yes")
    assert (shown.ok, shown.code) == (False, "confirm")
    assert "`/rollback backup undo production --confirm production`" in shown.text
    assert "Everything that was written since" in shown.text
    button = button_of(shown)
    assert world.submits("omar", "rollback.typed", button["value"], confirm="staging").code == "confirm"
    assert world.submits("omar", "rollback.typed", button["value"], confirm="production").ok
    begun, plan = world.deployment(5), plan_of(world, 5)
    assert (begun.kind, begun.ref, begun.undoes, begun.release) == (
        Kind.ROLLBACK,
        "v2.3",
        4,
        world.deployment(3).release,
    )
    assert plan.restores["undoes"] == fresh
    assert not {BackupStep, Restore} & {type(step) for step in plan.steps}
    assert [step.targets for step in plan.steps if isinstance(step, SwapDatabase)] == [("web1",)]
    assert world.submits("omar", "rollback.typed", button["value"], confirm="production").text.count("#5")


def test_nothing_is_undone_where_something_else_stands_there_by_now(world):
    assert world.says("omar", "/rollback backup undo production").code == "no_restore"
    restored(world)
    world.serves("v2.4")
    refused = world.says("omar", "/rollback backup undo production --confirm production --yes")
    assert (refused.code, "no restore" in refused.text) == ("no_restore", True)


def test_a_restore_that_put_nothing_aside_cannot_be_undone(world):
    restored(world, swapped=StepState.FAILED)
    assert world.says("omar", "/rollback backup undo production").code == "no_restore"
