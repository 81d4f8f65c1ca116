"""Production with backups, and with a recipe that can take migrations back: what each way back is tried on."""

from dataclasses import replace
from datetime import timedelta

from deployers.backups.configured import Backup
from deployers.environment import Health
from deployers.plan import Plan
from deployers.schema import Ran
from storage import backups, deployments
from storage.models import BackupRecord, BackupState
from tests.builders import NOW, sha_of
from tests.unit.commands.world import RECIPE, World, environment

SEVEN = "migrations/007_names.py"
RECIPE_BACK = replace(RECIPE, migrate_back=("migrate --back {steps}",), maintenance_on=("down",))
BACKUP = Backup("backups", database="dump", restore="fill {side}", engine="sqlite", live="storage/app.db")
NAME = "backup-20261124-061500"


def can_go_back(worlds) -> World:
    """Make a world whose production has all of that; v2.3 brought a migration over v2.2."""
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


def button_of(reply):
    (row,) = [block for block in reply.blocks if block["type"] == "actions"]
    return row["elements"][0]
