"""How far `/rollback` goes: what is read, and what is said and demanded for code alone and for its migrations."""

from dataclasses import replace

import pytest

from commands import wanted_back
from commands.errors import Refused
from deployers.plan import MigrateBack
from deployers.rollback import Extent
from storage import audit
from tests.unit.commands.going_back import BACKUP, NAME, RECIPE_BACK, SEVEN, button_of, can_go_back, knows, plan_of
from tests.unit.commands.world import environment


@pytest.fixture
def world(worlds):
    return can_go_back(worlds)


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
    button = button_of(shown)
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
    button = button_of(world.says("omar", "/rollback latest production --migrations-back"))
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


def test_where_a_workflow_deploys_only_the_code_goes_back(worlds):
    world = worlds(environment(recipe=RECIPE_BACK, backup=BACKUP))
    world.serves("v2.2")
    world.serves("v2.3")
    by_workflow = {name: replace(it, deployer="github") for name, it in world.services.environments.items()}
    world.services = replace(world.services, environments=by_workflow)
    for text in ("latest production --migrations-back", "backup latest production --restore-database"):
        assert world.says("omar", f"/rollback {text}").code == "deployer"
