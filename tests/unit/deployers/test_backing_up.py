"""Which plans begin with a backup, and what a restore is made of."""

from dataclasses import dataclass, replace

import pytest

from deployers import way_out
from deployers.backups import naming, scripts
from deployers.backups.configured import Backup
from deployers.environment import Environment, Recipe
from deployers.plan import Plan
from deployers.ports import Difference, Revision
from deployers.runner import segments
from deployers.strategies import Left, plan_for, resolved, tidying
from deployers.strategies.restoring import Restoration
from tests.unit.deployers import worlds
from tests.unit.deployers.worlds import WEB

MIGRATES = replace(WEB, migrate=("migrate",), migrations_path="migrations")
DUMPS = Backup("backups", database="dump", engine="sqlite", live="storage/app.db")
RESTORES = Restoration("backup-20261201-021500", "web2", "a" * 64, database=True)


def environment(recipe: Recipe = WEB, backup: Backup | None = None) -> Environment:
    return replace(worlds.environment(recipe=recipe), backup=backup)


def planned(where, *migrations: str, **more) -> Plan:
    known = {
        "kind": "deploy",
        "revision": Revision("v2", "refs/tags/v2", "b" * 40),
        "replaces": "a" * 40,
        "release": "20261201021500-bbbbbbbb",
        "difference": Difference((), 0, (), 0, migrations),
        "strategy": "rolling",
    }
    return plan_for(where, **{**known, **more})


def words(plan: Plan) -> list[str]:
    return [step.word for step in plan.steps]


def test_migrations_are_preceded_by_one_backup_that_nobody_has_to_wait_for_in_maintenance():
    plan = planned(environment(recipe=MIGRATES, backup=DUMPS), "migrations/1.sql")
    assert words(plan).count("backup") == 1
    assert words(plan)[: words(plan).index("backup")] == [
        word for word in words(plan)[: words(plan).index("backup")] if word in ("prepare", "build")
    ]
    assert words(plan).index("backup") < words(plan).index("migrate")
    assert next(step for step in plan.steps if step.word == "backup").targets == ("web1",)


@pytest.mark.parametrize(
    ("backup", "migrations"),
    [(None, ("migrations/1.sql",)), (replace(DUMPS, database=""), ("migrations/1.sql",)), (DUMPS, ())],
    ids=["no backup is configured", "no database is dumped", "no migrations"],
)
def test_nothing_is_backed_up_where_it_is_not_called_for(backup, migrations):
    assert "backup" not in words(planned(environment(recipe=MIGRATES, backup=backup), *migrations))


def test_migrations_of_which_nobody_knows_where_they_lie_are_backed_up_before_too():
    assert "backup" in words(planned(environment(recipe=replace(MIGRATES, migrations_path=""), backup=DUMPS)))


def test_the_name_of_a_backup_is_the_time_stamp_of_its_release():
    assert naming.of_release("20261201021500-bbbbbbbb") == "backup-20261201-021500"
    assert naming.stamp("backup-20261201-021500") == "20261201021500"


def test_a_restore_fills_the_database_before_anybody_is_kept_out_and_swaps_it_while_no_worker_works():
    recipe = replace(
        MIGRATES, maintenance_on=("on",), maintenance_off=("off",), workers_stop=("s",), workers_start=("t",)
    )
    plan = planned(environment(recipe=recipe, backup=DUMPS), kind="rollback", strategy="restore", restores=RESTORES)
    assert [word for word in words(plan) if word not in ("build", "restart", "verify")] == [
        *("backup", "restore", "prepare", "maintenance_on", "workers_stop", "swap_database"),
        *("activate", "workers_start", "maintenance_off"),
    ]
    alone = [segment.steps[0].word for segment in segments(plan) if len(segment.steps) == 1]
    assert {"backup", "restore", "swap_database"} <= set(alone)
    assert next(step for step in plan.steps if step.word == "restore").targets == ("web2",)


def test_a_restore_of_the_code_alone_touches_no_data():
    restores = replace(RESTORES, database=False)
    plan = planned(environment(recipe=MIGRATES, backup=DUMPS), kind="rollback", strategy="restore", restores=restores)
    assert not {"backup", "swap_database", "workers_stop"} & set(words(plan))


def test_undoing_a_restore_swaps_back_and_fills_nothing():
    restores = replace(RESTORES, undoes="backup-20261201-030000")
    plan = planned(environment(recipe=MIGRATES, backup=DUMPS), kind="rollback", strategy="restore", restores=restores)
    assert not {"backup", "restore"} & set(words(plan))
    assert "swap_database" in words(plan)


def test_what_is_restored_is_agreed_to_and_the_name_of_the_fresh_backup_is_not():
    where = environment(recipe=MIGRATES, backup=DUMPS)
    one, other = (
        planned(where, kind="rollback", strategy="restore", restores=RESTORES, backup=name)
        for name in ("backup-20261201-040000", "backup-20261201-040001")
    )
    assert one.hash == other.hash
    assert one.hash != planned(where, kind="rollback", strategy="restore", restores=replace(RESTORES, host="web1")).hash
    assert Plan.read(one.document()) == one
    assert Restoration.read(one.restores) == RESTORES


def test_a_way_out_lets_visitors_in_and_workers_work_again_whatever_deployments_do_otherwise():
    recipe = Recipe(
        "r",
        maintenance_on=("on",),
        maintenance_off=("off",),
        maintenance_in_deployments=False,
        workers_stop=("stop",),
        workers_start=("start",),
    )
    left = Left(touched=("web1",), kept_out=("web1",), idle=("web1", "web2"))
    steps = tidying(environment(recipe), left)
    assert [(step.word, step.targets) for step in steps] == [
        ("workers_start", ("web1", "web2")),
        ("maintenance_off", ("web1",)),
    ]
    assert tidying(environment(recipe), Left(touched=("web1",))) == ()


@dataclass
class Begun:
    kind: str
    target: str


def test_workers_are_idle_where_they_were_stopped_and_not_started_again():
    records = [Begun("workers_stop", "web1"), Begun("workers_stop", "web2"), Begun("workers_start", "web1")]
    assert way_out.idle(records) == ("web2",)


def test_an_environment_without_the_new_keys_resolves_as_before():
    document = resolved(environment(recipe=WEB, backup=Backup("backups", database="dump")))
    assert document["backup"] == {"directory": "backups", "database": "dump", "restore": "", "keep": 14}
    assert not {"applied_migrations", "workers_stop", "workers_start"} & set(document["recipe"])


def test_what_scripts_know_is_quoted():
    where = environment(recipe=Recipe("r"), backup=replace(DUMPS, directory="it's; rm -rf /", exclude=("*.log'",)))
    script = scripts.make(where, where.machines[0], "backup-20261201-021500")
    assert """directory='it'"'"'s; rm -rf /'""" in script
    assert """-name '*.log'"'"''""" in script
