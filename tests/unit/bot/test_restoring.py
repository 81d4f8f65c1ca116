"""Whole plans with backups in them, conducted over rows, their scripts run by a real shell."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from deployers.environment import Recipe
from deployers.plan import Plan
from deployers.ports import Answer, Difference, Fate, Record, Revision
from deployers.strategies import plan_for
from deployers.strategies.restoring import STRATEGY, Restoration
from storage import backups
from storage.models import BackupRecord, BackupState, Deployment, Status
from tests.backed import FRESH, NAME, RELEASE, SHELL, Backed
from tests.unit.bot.stage import GOOD, NEW, Crash, Rows, Stage

RECIPE = Recipe(
    "web",
    migrate=("echo migrate >> ../../notes",),
    migrations_path="migrations",
    applied_migrations="cat storage/ran",
    maintenance_on=("echo out >> ../../notes",),
    maintenance_off=("echo in >> ../../notes",),
    maintenance_in_deployments=False,
    workers_stop=("echo stop >> ../../notes",),
    workers_start=("echo start >> ../../notes",),
    restart=("echo restart >> ../../notes",),
)


class Here:
    """A remote whose only host is a folder here: it runs every operation once, and remembers what came of it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.known: dict[str, Record] = {}
        self.tells = 65536
        """So many characters of an output are kept: its end."""

    def perform(self, host, operations, authority, *, heard=lambda _: None):
        records = []
        for operation in operations:
            if operation.id not in self.known:
                words = [SHELL, "-c", operation.script]
                done = subprocess.run(words, cwd=self.home, env=os.environ, capture_output=True, text=True, check=False)
                told = (done.stdout + done.stderr)[-self.tells :]
                self.known[operation.id] = Record(operation.id, Fate.EXITED, done.returncode, told)
            records.append(self.known[operation.id])
            heard(records[-1])
            if records[-1].exit_code:
                break
        return tuple(records)

    def records(self, host, ids):
        return tuple(self.known.get(it, Record(it, Fate.ABSENT)) for it in ids)

    def ask(self, host, script, **_):
        done = subprocess.run([SHELL, "-c", script], cwd=self.home, capture_output=True, text=True, check=False)
        return Answer(done.returncode, done.stdout)

    def lock(self, host, owner, authority) -> None:
        pass

    def unlock(self, host, owner) -> None:
        pass

    def abort(self, host, authority) -> None:
        pass

    def close(self) -> None:
        pass


class House:
    """A stage whose environment is a folder here."""

    def __init__(self, folder: Path) -> None:
        self.host = Backed(folder / "home", recipe=RECIPE)
        (self.host.release / "REVISION").write_text(f"{GOOD}\n")
        self.stage = Stage(folder, self.host.environment)
        self.stage.remote = Here(self.host.home)
        self.stage.start()

    def notes(self) -> list[str]:
        file = self.host.home / "app/notes"
        return file.read_text().split() if file.exists() else []

    def asks(self, *migrations: str) -> Deployment:
        """Queue v2.3, which lies ready on the host."""
        self.stage.repo.migrations = migrations
        deployment = self.stage.asks("v2.3")
        release = self.host.home / "app/releases" / deployment.release
        release.mkdir()
        for name, text in (("REVISION", f"{NEW}\n"), (".shipmate-complete", ""), (".shipmate-built", "")):
            (release / name).write_text(text)
        (release / "storage").symlink_to("../../shared/storage")
        return deployment

    def restores(self, *, database: bool = True) -> Deployment:
        """Queue the restore of a backup that was made before everything was lost."""
        made = self.host.made()
        self.host.forget_orders()
        plan = self._plan(Restoration(NAME, "web1", made.sha256, database=database))
        with self.stage.store.begin() as session:
            return self.stage._add(session, plan, Status.QUEUED, undoes=self.stage.good.number)

    def _plan(self, restores: Restoration) -> Plan:
        return plan_for(
            self.stage.where,
            kind="rollback",
            revision=Revision("v2.2", "", GOOD),
            replaces=GOOD,
            release=RELEASE,
            difference=Difference((), 0, (), 0, ()),
            strategy=STRATEGY,
            backup=FRESH,
            restores=restores,
        )

    def backup(self, name: str) -> BackupRecord | None:
        with self.stage.store.look() as session:
            return backups.named(session, "production", name)


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


def test_a_release_with_migrations_is_backed_up_before_they_run(house):
    deployment = house.asks("migrations/1.sql")
    assert house.stage.conduct(deployment) == "succeeded"
    row = house.backup(f"backup-{deployment.release[:8]}-{deployment.release[8:14]}")
    assert row is not None
    assert (row.state, row.deployment_id, row.release) == (BackupState.GOOD, deployment.number, RELEASE)
    assert house.notes().index("migrate") == 0


def test_a_backup_that_fails_stops_it_before_anything_is_changed(house):
    house.stage.where = replace(house.stage.where, backup=replace(house.host.backup, database="exit 7"))
    house.stage.start()
    deployment = house.asks("migrations/1.sql")
    assert house.stage.conduct(deployment) == "failed"
    assert house.notes() == []
    assert "the dump failed (7)" in str(house.stage.get(deployment).failure)
    assert (house.host.home / "app/current").readlink().name == RELEASE


def test_a_backup_of_which_nobody_knows_what_it_is_stops_a_migration(house):
    house.stage.remote.tells = 60
    deployment = house.asks("migrations/1.sql")
    assert house.stage.conduct(deployment) == "failed"
    assert house.notes() == []
    failure = str(house.stage.get(deployment).failure)
    assert "cannot be read, so there is no backup to rely on" in failure
    assert house.stage.conduct(deployment) == "failed"


def test_more_migrations_than_are_told_of_leave_the_backup_known(house):
    (house.host.shared / "storage/ran").write_text("".join(f"2020_01_01_migration_{n:05}\n" for n in range(4000)))
    deployment = house.asks("migrations/1.sql")
    assert house.stage.conduct(deployment) == "succeeded"
    row = house.backup(f"backup-{deployment.release[:8]}-{deployment.release[8:14]}")
    assert (row.state, row.migrations_known, row.migrations) == (BackupState.GOOD, False, [])


def test_a_restore_brings_the_data_back_while_nobody_is_in_and_no_worker_works(house):
    deployment = house.restores()
    assert house.stage.conduct(deployment) == "succeeded"
    assert house.host.orders() == 1000
    assert house.notes() == ["out", "stop", "restart", "start", "in"]
    assert house.backup(FRESH).state is BackupState.GOOD
    assert list(house.host.database.parent.glob("app.db_before_*"))


def test_a_restore_is_undone_by_the_database_that_it_put_aside(house):
    assert house.stage.conduct(house.restores()) == "succeeded"
    undoing = house._plan(Restoration(FRESH, "web1", "", database=True, undoes=FRESH))
    with house.stage.store.begin() as session:
        deployment = house.stage._add(session, undoing, Status.QUEUED)
    assert house.stage.conduct(deployment) == "succeeded"
    assert house.host.orders() == 0
    assert house.notes() == ["out", "stop", "restart", "start", "in"] * 2
    assert list(house.host.database.parent.glob("app.db_undone_*"))


def test_a_fresh_backup_that_fails_stops_a_restore_before_anything_is_changed(house):
    house.stage.where = replace(house.stage.where, backup=replace(house.host.backup, database="exit 7"))
    house.stage.start()
    assert house.stage.conduct(house.restores()) == "failed"
    assert (house.notes(), house.host.orders()) == ([], 0)
    assert not list(house.host.database.parent.glob("*_side_*"))


@pytest.mark.parametrize(("place", "after"), [(7, False), (11, True), (15, False), (19, True), (23, False)])
def test_wherever_the_bot_dies_a_restore_is_gone_on_with_and_done_once(house, place, after):
    deployment = house.restores()
    house.stage.rows = Rows(house.stage.store, crash_at=place, after=after)
    house.stage.crew = replace(house.stage.crew, changes=replace(house.stage.changes, store=house.stage.rows))
    house.stage.conductor = replace(house.stage.conductor, crew=house.stage.crew)
    try:
        house.stage.conduct(deployment)
    except Crash:
        house.stage.start()
    assert house.stage.conduct(deployment) == "succeeded"
    assert house.host.orders() == 1000
    assert house.notes() == ["out", "stop", "restart", "start", "in"]


def test_a_swap_that_fails_lets_visitors_in_again_over_the_database_that_was_in_use(house):
    house.stage.where = replace(
        house.stage.where,
        backup=replace(
            house.host.backup,
            engine="",
            create="rm -f {side}",
            drop="rm -f {side}",
            restore="sqlite3 {side}",
            swap="exit 9",
        ),
    )
    house.stage.start()
    deployment = house.restores()
    house.stage.conduct(deployment)
    assert house.host.orders() == 0
    assert sorted(house.notes()) == sorted(["out", "stop", "start", "in"])


def test_a_backup_that_is_not_whole_changes_nothing(house):
    deployment = house.restores()
    content = bytearray(house.host.file.read_bytes())
    content[-100] ^= 1
    house.host.file.write_bytes(content)
    assert house.stage.conduct(deployment) == "failed"
    assert house.notes() == []
    assert "is refused whole" in str(house.stage.get(deployment).failure)
