"""What a card says of migrations before anybody approves: what they destroy, what has run, what else is pending."""

from dataclasses import replace

import pytest

from commands.views import request
from deployers.destructive import MOST_FILES
from deployers.schema import Ran
from storage import deployments
from storage.models import Deployment
from tests.unit.commands.world import World

SEVEN, EIGHT = "migrations/007_names.sql", "migrations/008_rooms.sql"


@pytest.fixture
def world(store):
    made = World(store)
    made.serves("v2.2")
    made.shelf.migrations = (SEVEN, EIGHT)
    made.shelf.contents = {SEVEN: "-- shipmate: compatible\nALTER TABLE a ADD b INT;", EIGHT: "DROP TABLE rooms;\n"}
    return made


def asked(world: World) -> tuple[Deployment, dict, dict]:
    reply = world.says("ana", "/deploy production v2.3")
    assert reply.ok, reply.text
    with world.store.look() as session:
        deployment = deployments.history(session, "production", 1)[0]
        plan = deployments.stored_plan(session, deployment.number)
        return deployment, plan.document, plan.seen


def test_what_a_migration_destroys_is_a_risk_with_its_line(world):
    _, _, seen = asked(world)
    assert f"{EIGHT} drops a table (line 1)" in seen["risks"]


def test_what_is_declared_and_what_has_run_stands_beside_each_migration(world):
    world.services = replace(world.services, ask_migrations=lambda _: Ran("web1", applied=("008_rooms",)))
    deployment, plan, seen = asked(world)
    assert plan["compatible"] == [SEVEN]
    (block,) = [it for it in request.changes(plan, seen, deployment) if "Migrations" in it["text"]["text"]]
    assert f"`{SEVEN}`, declared compatible" in block["text"]["text"]
    assert f"`{EIGHT}`, has run already" in block["text"]["text"]


def test_what_was_pending_before_runs_as_well_and_is_named(world):
    world.services = replace(
        world.services, ask_migrations=lambda _: Ran("web1", pending=("006_forgotten", "007_names"))
    )
    _, _, seen = asked(world)
    (told,) = [it for it in seen["risks"] if "pending" in it]
    assert "006_forgotten" in told
    assert "007_names" not in told


def test_a_database_that_cannot_be_asked_is_said(world):
    world.services = replace(world.services, ask_migrations=lambda _: Ran("web1", why="it exited 1: no PHP"))
    _, _, seen = asked(world)
    assert any("could not be asked (it exited 1: no PHP)" in it for it in seen["risks"])


def test_migrations_beyond_what_is_read_are_not_taken_for_harmless(world):
    world.shelf.migrations = tuple(f"migrations/{number:03}.sql" for number in range(MOST_FILES + 2))
    _, plan, seen = asked(world)
    assert any("2 migrations more than I read" in it for it in seen["risks"])
    assert "compatible" not in plan
