"""Backups and drills are made as the rows want them: once, also after a crash, and told once."""

import os
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.chores import Chores
from deployers.errors import Unreachable
from deployers.ports import Difference, Fate, Record, Revision
from deployers.strategies import plan_for
from deployers.strategies.restoring import STRATEGY, Restoration
from storage import audit, backups, drills, outbox
from storage.models import BackupRecord, BackupState, DrillRecord, DrillState, OutboxRow, Saying, Status
from tests.backed import NAME, SHELL, Backed
from tests.unit.bot.stage import GOOD, Crash, Rows, Stage


class Here:
    """A remote whose only host is a folder here: it runs an operation once, and remembers what came of it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.known: dict[str, Record] = {}
        self.away = False
        self.kills = 0
        self.performed: list[str] = []

    def perform(self, host, operations, authority, *, heard=lambda _: None):
        if self.away:
            raise Unreachable(host.name, "it is away")
        (operation,) = operations
        if self.kills:
            self.kills -= 1
            return (Record(operation.id, Fate.UNKNOWN, why="it was killed"),)
        if operation.id not in self.known:
            self.performed.append(operation.id)
            done = subprocess.run(
                [SHELL, "-c", operation.script],
                cwd=self.home,
                env=os.environ,
                capture_output=True,
                text=True,
                check=False,
            )
            output = done.stdout + done.stderr
            self.known[operation.id] = Record(operation.id, Fate.EXITED, done.returncode, output)
        return (self.known[operation.id],)

    def close(self) -> None:
        pass


class House:
    """A stage whose environment is a folder here, and what is wanted of it."""

    def __init__(self, folder: Path) -> None:
        self.host = Backed(folder / "home")
        self.stage = Stage(folder, replace(self.host.environment, repository=""))
        self.remote = Here(self.host.home)

    def keeps(self, rows: Rows | None = None) -> Chores:
        changes = replace(self.stage.changes, store=rows or self.stage.rows)
        return Chores(changes, {"production": self.stage.where}, lambda _: self.remote)

    def wants_backup(self, name: str = NAME, by: str = "U0OMAR") -> BackupRecord:
        with self.stage.store.begin() as session:
            row = BackupRecord(
                key=f"asked:{name}", environment="production", name=name, by=by, wanted_at=self.stage.now
            )
            stored = backups.want(session, row)
            assert stored
            return stored

    def wants_restore(self, name: str, status: Status) -> None:
        """Write down a restore of that backup that is about to begin, or has ended."""
        plan = plan_for(
            self.stage.where,
            kind="rollback",
            revision=Revision("v2.2", "", GOOD),
            replaces=GOOD,
            release="old-v2.2",
            difference=Difference((), 0, (), 0, ()),
            strategy=STRATEGY,
            restores=Restoration(name, "web1", self.backup(name).sha256, database=True),
        )
        with self.stage.store.begin() as session:
            self.stage._add(session, plan, status)

    def wants_drill(self) -> None:
        with self.stage.store.begin() as session:
            drills.want(
                session, DrillRecord(key=str(self.stage.now), environment="production", wanted_at=self.stage.now)
            )

    def works(self, rows: Rows | None = None) -> None:
        with self.stage.store.look() as session:
            wanted = [*backups.wanted(session), *drills.wanted(session)]
        for chore in wanted:
            self.keeps(rows).once(chore)

    def backup(self, name: str = NAME) -> BackupRecord:
        with self.stage.store.look() as session:
            found = backups.named(session, "production", name)
        assert found
        return found

    def drill(self) -> DrillRecord:
        with self.stage.store.look() as session:
            (found,) = list(session.exec(_all(DrillRecord)))[-1:]
        return found

    def said(self, kind: Saying = Saying.POST) -> list[str]:
        with self.stage.store.look() as session:
            rows = outbox.due(session, self.stage.now + timedelta(days=1))
            return [str(row.payload["text"]) for row in _ordered(rows) if row.kind is kind]

    def audited(self) -> list[str]:
        with self.stage.store.look() as session:
            return [entry.action for entry in audit.about(session, "environment:production")]


def _all(kind):
    from sqlmodel import col, select

    return select(kind).order_by(col(kind.id))


def _ordered(rows: list[OutboxRow]) -> list[OutboxRow]:
    return sorted(rows, key=lambda row: row.id or 0)


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


def test_a_backup_that_is_wanted_is_made_written_down_and_told(house):
    house.wants_backup()
    house.works()
    row = house.backup()
    assert (row.state, row.host, row.database, row.sha256 != "") == (BackupState.GOOD, "web1", True, True)
    assert row.migrations == ["2020_first", "2021_second"]
    assert Path(row.path) == house.host.file
    (text,) = house.said()
    for part in (f"`{NAME}` of production is on web1", "code, configuration and database", "<@U0OMAR>"):
        assert part in text
    assert house.audited() == ["backup.made"]
    with house.stage.store.look() as session:
        assert backups.newest(session, "production").name == NAME


def test_one_that_fails_says_why_and_counts_for_nothing(house):
    house.stage.where = replace(house.stage.where, backup=replace(house.host.backup, database="echo oh no >&2; exit 3"))
    house.wants_backup(by="")
    house.works()
    assert house.backup().state is BackupState.FAILED
    (text,) = house.said()
    assert "oh no" in text
    assert house.said(Saying.ALERT) == [text]
    with house.stage.store.look() as session:
        assert backups.newest(session, "production") is None


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("place", range(6))
def test_wherever_the_bot_dies_a_backup_is_made_once_and_told_once(house, place, after):
    house.wants_backup()
    try:
        house.works(Rows(house.stage.store, crash_at=place, after=after))
    except Crash:
        house.stage.start()
    house.works()
    assert house.backup().state is BackupState.GOOD
    assert len(house.remote.performed) == 1
    assert (len(house.said()), house.audited()) == (1, ["backup.made"])


def test_one_that_was_killed_is_begun_anew_and_given_up_after_three_times(house):
    house.wants_backup()
    house.remote.kills = 2
    for _ in range(3):
        house.works()
    assert house.backup().state is BackupState.GOOD
    house.wants_backup("backup-20261202-021500")
    house.remote.kills = 9
    for _ in range(4):
        house.works()
    assert house.backup("backup-20261202-021500").state is BackupState.FAILED
    assert house.remote.kills == 6


def test_a_host_that_is_away_is_waited_for_and_not_for_ever(house):
    house.wants_backup()
    house.remote.away = True
    house.works()
    assert house.backup().state is BackupState.WANTED
    house.stage.now += timedelta(hours=2)
    house.works()
    assert house.backup().state is BackupState.FAILED


def test_nothing_is_begun_while_a_deployment_works_there(house):
    house.wants_backup()
    deployment = house.stage.asks("v2.3")
    house.stage.conductor.opening.open(deployment.number)
    house.works()
    assert house.remote.performed == []


def test_the_oldest_that_were_deleted_are_not_offered_any_more(house):
    house.stage.where = replace(house.stage.where, backup=replace(house.host.backup, keep=1))
    for day in (1, 2):
        house.wants_backup(f"backup-2026120{day}-021500")
        house.works()
    with house.stage.store.look() as session:
        assert [it.name for it in backups.good(session, "production")] == ["backup-20261202-021500"]
    assert house.backup("backup-20261201-021500").state is BackupState.GONE


@pytest.mark.parametrize(("status", "kept"), [(Status.QUEUED, True), (Status.CANCELLED, False)])
def test_a_backup_that_a_restore_waits_for_is_not_deleted_for_a_newer_one(house, status, kept):
    house.stage.where = replace(house.stage.where, backup=replace(house.host.backup, keep=1))
    house.wants_backup(NAME)
    house.works()
    house.wants_restore(NAME, status)
    house.wants_backup("backup-20261202-021500")
    house.works()
    assert (house.backup(NAME).state is BackupState.GOOD) is kept
    assert bool(list(house.host.folder.glob(f"{NAME}.tar.*"))) is kept


def test_a_drill_measures_compares_with_the_last_one_and_leaves_nothing(house):
    house.wants_backup()
    house.works()
    for _ in range(2):
        house.stage.clock()
        house.wants_drill()
        house.works()
    drill = house.drill()
    assert (drill.state, drill.backup, drill.database) == (DrillState.PASSED, NAME, True)
    assert min(drill.back_seconds, drill.restore_seconds, drill.check_seconds) > 0
    _, first, second = house.said()
    assert "there is no earlier drill to compare with" in first
    assert "last time" in second
    assert house.host.left() == []
    assert house.audited() == ["backup.made", "drill.passed", "drill.passed"]


def test_a_backup_that_cannot_be_restored_is_loud(house):
    house.wants_backup()
    house.works()
    content = bytearray(house.host.file.read_bytes())
    content[len(content) // 2] ^= 1
    house.host.file.write_bytes(content)
    house.wants_drill()
    house.works()
    assert house.drill().state is DrillState.FAILED
    (text,) = house.said(Saying.ALERT)
    assert "drill of production" in text
    assert "is refused whole" in text
    assert "`/ops drill production`" in text


def test_a_drill_without_a_backup_fails_and_says_what_to_type(house):
    house.wants_drill()
    house.works()
    assert house.drill().state is DrillState.FAILED
    assert "`/ops backup production`" in house.said()[-1]


def test_a_database_that_was_not_tried_is_said(house):
    house.wants_backup()
    house.works()
    house.stage.where = replace(house.stage.where, backup=replace(house.host.backup, engine="", live=""))
    house.wants_drill()
    house.works()
    assert (house.drill().state, house.drill().database) == (DrillState.PASSED, False)
    assert "was not tried" in house.said()[-1]
