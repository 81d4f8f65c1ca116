"""How far `/rollback` goes: code alone, with its migrations, or to a backup; what is said and demanded for each."""

from dataclasses import replace
from datetime import timedelta

import pytest

from commands import wanted_back
from commands.errors import Refused
from deployers.backups.configured import Backup
from deployers.environment import Health
from deployers.legacy import read as old
from deployers.plan import Backup as BackupStep
from deployers.plan import MigrateBack, Plan, Restore, SwapDatabase, Verify
from deployers.rollback import Extent
from deployers.schema import Ran
from storage import audit, backups, deployments
from storage.models import BackupRecord, BackupState, Kind, Status, StepRecord, StepState
from tests.builders import NOW, sha_of
from tests.unit.commands.world import RECIPE, environment

SEVEN = "migrations/007_names.py"
RECIPE_BACK = replace(RECIPE, migrate_back=("migrate --back {steps}",), maintenance_on=("down",))
BACKUP = Backup("backups", database="dump", restore="fill {side}", engine="sqlite", live="storage/app.db")
NAME = "backup-20261124-061500"


def _button(reply):
    (row,) = [block for block in reply.blocks if block["type"] == "actions"]
    return row["elements"][0]


@pytest.fixture
def world(worlds):
    """Production with backups and a recipe that can take migrations back; v2.3 brought one over v2.2."""
    world = worlds(environment("staging"), environment(recipe=RECIPE_BACK, backup=BACKUP, health=Health()))
    world.serves("v2.1")
    world.serves("v2.2")
    world.shelf.migrations = (SEVEN,)
    world.serves("v2.3")
    real = world.shelf.read
    world.shelf.contents = {SEVEN: "add()"}
    world.shelf.read = lambda sha, paths: real(sha, paths) if sha in (sha_of("v2.3"), sha_of("v2.4")) else {}
    return world


def backed_up(world, name=NAME, place="production", **values):
    with world.store.look() as session:
        served = deployments.get(session, 2)
    about = {
        "host": "web1",
        "sha256": "5" * 64,
        "database": True,
        "release": served.release,
        "sha": served.sha,
        "made_at": world.now - timedelta(hours=3, minutes=12),
        "state": BackupState.GOOD,
    }
    made = BackupRecord(key=f"{place}:{name}", environment=place, name=name, wanted_at=NOW, **{**about, **values})
    with world.store.begin() as session:
        backups.put(session, made)


def plan_of(world, number):
    with world.store.look() as session:
        return Plan.read(deployments.stored_plan(session, number).document)


def knows(world, *applied: str):
    world.services = replace(world.services, ask_migrations=lambda _: Ran("web1", applied=applied or None))


# What is said


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("latest production", {"release": "latest", "extent": Extent.CODE}),
        ("to 12 production", {"release": "12"}),
        ("production to #12", {"release": "#12"}),
        ("v2.2 prod --migrations-back", {"release": "v2.2", "extent": Extent.MIGRATIONS}),
        ("backup production", {"lists": True}),
        ("backup latest production --restore-database", {"backup": "latest", "extent": Extent.DATABASE}),
        ("production backup --restore-database", {"backup": "latest", "lists": False}),
        (f"backup {NAME.upper()} production", {"backup": NAME, "extent": Extent.FILES}),
        ("backup latest --skip-health-check --no-notify", {"checks_health": False, "quiet": True}),
        ("backup undo production", {"undoes": True, "lists": False, "extent": Extent.DATABASE}),
        ("latest production --confirm production --dry-run", {"confirmed": "production", "dry": True}),
        ("latest production —yes", {"sure": True}),
    ],
)
def test_it_is_read_in_any_order(world, text, means):
    wanted = wanted_back.read(text, world.services.environments)
    assert {name: getattr(wanted, name) for name in means} == means


def test_what_is_read_can_be_written_and_read_again(world):
    places = world.services.environments
    for text in (
        "v2.2 production",
        "backup undo production",
        "backup x production --restore-database --skip-health-check --no-notify",
    ):
        wanted = wanted_back.read(text, places)
        assert wanted_back.read(wanted.words(wanted.backup or wanted.release), places) == wanted


@pytest.mark.parametrize(
    "text", ["backup latest production --migrations-back", "latest --restore-database", "v2.2 --skip-health-check"]
)
def test_two_ways_at_once_are_refused_with_what_to_type(world, text):
    with pytest.raises(Refused, match=r"/rollback|--"):
        wanted_back.read(text, world.services.environments)


# Code and migrations


def test_code_alone_warns_and_offers_to_take_the_migrations_back(world):
    reply = world.says("ana", "/rollback latest production")
    assert "going back does not undo it" in reply.text
    assert "`/rollback v2.2 production --migrations-back`" in reply.text


def test_migrations_are_taken_back_once_the_name_is_typed_by_somebody_who_may(world):
    knows(world, "001_first", "007_names")
    assert world.says("ana", "/rollback latest production --migrations-back --yes").code == "role"
    shown = world.says("omar", "/rollback latest production --migrations-back --yes")
    assert (shown.code, shown.ok) == ("confirm", False)
    assert "1 migration is taken back" in shown.text
    assert "--confirm production" in shown.text
    button = _button(shown)
    assert button["action_id"] == "rollback.typed"
    wrong = world.submits("omar", "rollback.typed", button["value"], confirm="Production")
    assert (wrong.code, world.engine.told[-1]) == ("confirm", ("expires", 3))
    assert world.submits("omar", "rollback.typed", button["value"], confirm=" production ").ok
    step = next(step for step in plan_of(world, 4).steps if isinstance(step, MigrateBack))
    assert (step.targets, step.count, step.release) == (("web1",), 1, world.deployment(3).release)
    with world.store.look() as session:
        asked = audit.about(session, "deployment:4")[0]
    assert (asked.detail["extent"], asked.detail["confirmed"]) == ("migrations", True)


def test_the_command_line_confirms_with_an_option(world):
    knows(world, "007_names")
    asked = world.says("omar", "/rollback v2.2 production --migrations-back", origin="cli")
    assert (asked.ok, asked.code) == (False, "confirm")
    assert (
        world.says("omar", "/rollback v2.2 production --migrations-back --confirm staging", origin="cli").code
        == "confirm"
    )
    assert world.says("omar", "/rollback v2.2 production --migrations-back --confirm production", origin="cli").ok


def test_a_form_that_was_shown_before_things_changed_does_nothing(world):
    knows(world, "007_names")
    button = _button(world.says("omar", "/rollback latest production --migrations-back"))
    world.serves("v2.4")
    assert world.submits("omar", "rollback.typed", button["value"], confirm="production").code == "stale"
    assert world.submits("omar", "rollback.typed", "x:y", confirm="production").code == "tampered"


def test_a_migration_that_never_ran_is_not_taken_back(world):
    knows(world, "001_first")
    assert world.says("omar", "/rollback latest production --migrations-back").code == "none"


def test_others_than_those_between_are_never_taken_back(world):
    knows(world, "007_names", "008_by_hand")
    refused = world.says("omar", "/rollback latest production --migrations-back")
    assert refused.code == "other_migrations"
    assert "008_by_hand" in refused.text


def test_a_migration_that_was_changed_after_it_ran_is_not_taken_back(world):
    world.shelf.read = lambda _, paths: dict.fromkeys(paths, "x")
    assert world.says("omar", "/rollback latest production --migrations-back").code == "changed_migrations"


def test_a_recipe_that_cannot_take_migrations_back_says_what_to_add(world):
    world.serves("v2.3", "staging")
    world.serves("v2.4", "staging")
    refused = world.says("omar", "/rollback latest staging --migrations-back")
    assert refused.code == "no_migrate_back"
    assert "`migrate_back`" in refused.text


def test_a_migration_that_declares_itself_compatible_needs_no_warning(world):
    world.shelf.contents = {SEVEN: "# shipmate: compatible\nadd()"}
    assert "declared compatible" in world.says("ana", "/rollback latest production").text


# Backups


def test_going_back_to_a_backup_says_what_is_lost_and_restores_after_the_name_is_typed(world):
    backed_up(world)
    shown = world.says("omar", "/rollback backup latest production --restore-database")
    assert "3 hours and 12 minutes of data" in shown.text
    assert "backed up first" in shown.text
    assert f"`/rollback backup {NAME} production --restore-database --confirm production`" in shown.text
    assert world.submits("omar", "rollback.typed", _button(shown)["value"], confirm="production").ok
    begun, plan = world.deployment(4), plan_of(world, 4)
    assert (begun.kind, begun.ref, begun.sha, begun.strategy) == (Kind.ROLLBACK, "v2.2", sha_of("v2.2"), "restore")
    assert begun.release == world.deployment(2).release
    assert {BackupStep, Restore, SwapDatabase, Verify} <= {type(step) for step in plan.steps}
    assert plan.restores["backup"] == NAME
    assert plan.backup.startswith("backup-")


def test_the_code_of_a_backup_takes_no_typing_and_touches_no_data(world):
    backed_up(world)
    shown = world.says("ana", f"/rollback backup {NAME}.tar.zst production --skip-health-check --no-notify")
    assert "Nobody looks afterwards" in shown.text
    assert _button(shown)["action_id"] == "rollback.same"
    assert world.presses("ana", "rollback.same", _button(shown)["value"]).ok
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


def test_where_a_workflow_deploys_only_the_code_goes_back(worlds):
    world = worlds(environment(recipe=RECIPE_BACK, backup=BACKUP))
    world.serves("v2.2")
    world.serves("v2.3")
    by_workflow = {name: replace(it, deployer="github") for name, it in world.services.environments.items()}
    world.services = replace(world.services, environments=by_workflow)
    for text in ("latest production --migrations-back", "backup latest production --restore-database"):
        assert world.says("omar", f"/rollback {text}").code == "deployer"


def test_what_runs_has_to_be_stopped_before_data_is_taken_back(world):
    backed_up(world)
    world.runs("v2.4")
    asked = world.says("omar", "/rollback backup latest production --restore-database --confirm production --yes")
    assert asked.code == "running"
    assert world.deployment(4).status is Status.RUNNING


# A restore undone


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
            )
        )
    return number


def test_a_restore_is_undone_by_whoever_types_the_name_with_the_release_of_then(world):
    number = restored(world)
    fresh = plan_of(world, number).backup
    assert world.says("ana", "/rollback backup undo production --yes").code == "role"
    shown = world.says("omar", "/rollback backup undo production --yes")
    assert (shown.ok, shown.code) == (False, "confirm")
    assert "`/rollback backup undo production --confirm production`" in shown.text
    assert "Everything that was written since" in shown.text
    button = _button(shown)
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
