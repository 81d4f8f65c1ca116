"""Going back to a backup: what is said, demanded and begun, and which backup cannot give back what is wanted."""

from dataclasses import replace

import pytest

from deployers.legacy import read as old
from deployers.plan import Backup as BackupStep
from deployers.plan import Restore, SwapDatabase, Verify
from storage import deployments
from storage.models import BackupState, Kind, Status
from tests.builders import sha_of
from tests.unit.commands.going_back import NAME, backed_up, button_of, can_go_back, knows, plan_of


@pytest.fixture
def world(worlds):
    return can_go_back(worlds)


def test_going_back_to_a_backup_says_what_is_lost_and_restores_after_the_name_is_typed(world):
    backed_up(world)
    shown = world.says("omar", "/rollback backup latest production --restore-database")
    assert "3 hours and 12 minutes of data" in shown.text
    assert "backed up first" in shown.text
    assert f"`/rollback backup {NAME} production --restore-database --confirm production`" in shown.text
    assert world.submits("omar", "rollback.typed", button_of(shown)["value"], confirm="production").ok
    begun, plan = world.deployment(4), plan_of(world, 4)
    assert (begun.kind, begun.ref, begun.sha, begun.strategy) == (Kind.ROLLBACK, "v2.2", sha_of("v2.2"), "restore")
    assert begun.release == world.deployment(2).release
    assert {BackupStep, Restore, SwapDatabase, Verify} <= {type(step) for step in plan.steps}
    assert plan.restores["backup"] == NAME
    assert plan.backup.startswith("backup-")


def test_the_backups_are_listed_only_to_who_may_go_back_to_one_or_make_one(world):
    backed_up(world)
    for who in ("ana", "ben", "omar"):
        assert NAME in world.says(who, "/rollback backup production").text
    refused = world.says("gus", "/rollback backup production")
    assert (refused.code, NAME in refused.text) == ("role", False)


def test_the_code_of_a_backup_takes_no_typing_and_touches_no_data(world):
    backed_up(world)
    shown = world.says("ana", f"/rollback backup {NAME}.tar.zst production --skip-health-check --no-notify")
    assert "Nobody looks afterwards" in shown.text
    assert button_of(shown)["action_id"] == "rollback.same"
    assert world.presses("ana", "rollback.same", button_of(shown)["value"]).ok
    assert not {SwapDatabase, BackupStep, Verify} & {type(step) for step in plan_of(world, 4).steps}
    with world.store.look() as session:
        assert deployments.stored_plan(session, 4).seen["quiet"] is True


def test_a_preview_begins_nothing_and_needs_no_more_than_the_right_to_roll_back(world):
    backed_up(world)
    shown = world.says("ana", "/rollback backup latest production --restore-database --dry-run --yes", origin="cli")
    assert (shown.ok, shown.code) == (True, "preview")
    assert "preview" in shown.text
    with world.store.look() as session:
        assert not [it for it in deployments.history(session) if it.kind is Kind.ROLLBACK]


def test_the_same_release_over_an_older_database_takes_nothing_of_the_ledger_back(world):
    backed_up(world, release=world.deployment(3).release, sha=sha_of("v2.3"))
    assert world.says("omar", "/rollback backup latest production --restore-database --confirm production --yes").ok
    assert (world.deployment(4).ref, world.deployment(4).undoes) == ("v2.3", None)


@pytest.mark.parametrize(
    ("values", "code", "says"),
    [
        ({"state": BackupState.FAILED, "why": "the disk is full"}, "no_backup", "the disk is full"),
        ({"state": BackupState.GONE}, "no_backup", "deleted for newer ones"),
        ({"state": BackupState.WANTED}, "no_backup", "not made yet"),
        ({"host": "web9"}, "no_backup", "no target"),
        ({"sha": "", "release": "20250810_120000"}, "no_backup", "of which revision"),
        ({"encrypted": True}, "no_backup", "`identity`"),
        ({"database": False}, "no_database", "holds no database"),
    ],
)
def test_a_backup_that_cannot_give_back_what_is_wanted_says_so(world, values, code, says):
    backed_up(world, **values)
    refused = world.says("omar", f"/rollback backup {NAME} production --restore-database")
    assert refused.code == code
    assert says in refused.text


def test_a_release_that_was_taken_back_before_does_not_come_back_unnoticed(world):
    backed_up(world)
    with world.store.begin() as session:
        deployments.get_for_change(session, 2).bad = True
    shown = world.says("omar", "/rollback backup latest production")
    assert "v2.2 was taken back from production before" in shown.text


def test_the_fresh_backup_is_made_where_the_database_is_replaced(world):
    backed_up(world, host="web2")
    assert world.says("omar", "/rollback backup latest production --restore-database --confirm production --yes").ok
    steps = plan_of(world, 4).steps
    assert [step.targets for step in steps if isinstance(step, BackupStep | SwapDatabase)] == [("web2",)] * 2


def test_no_backup_and_none_of_that_name_say_what_to_type(world):
    assert "`/ops backup production`" in world.says("omar", "/rollback backup latest production").text
    backed_up(world)
    assert NAME in world.says("omar", "/rollback backup backup-20200101-000000 production").text
    assert "No backups of staging are configured" in _of_staging(world).text


def _of_staging(world):
    world.serves("v2.3", "staging")
    return world.says("omar", "/rollback backup latest staging")


def test_another_environments_backup_is_refused(world):
    backed_up(world, place="staging")
    refused = world.says("omar", f"/rollback backup {NAME} production --restore-database")
    assert refused.code == "foreign_backup"
    assert "a backup of staging" in refused.text


def test_what_others_made_is_told_for_what_it_is_and_never_restored(world):
    left = old("f 5 backup-20250622-101500.tar.gz\nd 0 backup_production_20250702_020000\n")
    world.services = replace(world.services, ask_legacy=lambda _: left)
    backed_up(world)
    listed = world.says("ana", "/rollback backup production")
    assert listed.code == "listed"
    assert NAME in listed.text
    assert "it holds no database" in listed.text
    refused = world.says("omar", "/rollback backup backup-20250622-101500.tar.gz production --restore-database")
    assert refused.code == "foreign_backup"
    assert "it holds no database" in refused.text


def test_our_own_archive_is_not_taken_for_somebody_elses(world):
    world.services = replace(world.services, ask_legacy=lambda _: old(f"f 5 {NAME}.tar.gz\n"))
    backed_up(world)
    assert "others" not in world.says("ana", "/rollback backup production").text


def test_migrations_that_a_restore_takes_back_are_named_where_both_sides_tell(world):
    knows(world, "001_first", "007_names")
    backed_up(world, migrations=["001_first"], migrations_known=True)
    assert "007_names" in world.says("omar", "/rollback backup latest production --restore-database").text


def test_what_runs_has_to_be_stopped_before_data_is_taken_back(world):
    backed_up(world)
    world.runs("v2.4")
    asked = world.says("omar", "/rollback backup latest production --restore-database --confirm production --yes")
    assert asked.code == "running"
    assert world.deployment(4).status is Status.RUNNING
