"""`/ops backup` and `/ops drill`: who may, where it can be, and once at a time."""

from dataclasses import replace

import pytest

from deployers.backups.configured import Backup
from storage import audit, backups, drills
from storage.models import BackupRecord, BackupState
from tests.unit.commands.world import environment


@pytest.fixture
def world(worlds):
    backed = replace(environment("production"), backup=Backup("backups", database="dump"))
    return worlds(backed, environment("plain"))


def good(world, name: str = "backup-20261124-020000") -> None:
    with world.store.begin() as session:
        row = BackupRecord(key=name, environment="production", name=name, state=BackupState.GOOD, wanted_at=world.now)
        row.host, row.sha256 = "web1", "a" * 64
        backups.put(session, row)


def audited(world) -> list[str]:
    with world.store.look() as session:
        return [entry.action for entry in audit.about(session, "environment:production")]


def test_a_backup_is_wanted_under_the_name_of_its_time(world):
    told = world.says("omar", "/ops backup production")
    assert told.ok, told.text
    name = f"backup-{world.now:%Y%m%d-%H%M%S}"
    assert f"`{name}` of production" in told.text
    with world.store.look() as session:
        (row,) = backups.wanted(session)
    assert (row.name, row.by, row.environment) == (name, "U0OMAR", "production")
    assert audited(world) == ["backup.asked"]


def test_one_at_a_time_is_enough(world):
    world.says("omar", "/ops backup production")
    assert "already" in world.says("omar", "/ops backup production").text
    with world.store.look() as session:
        assert len(backups.wanted(session)) == 1


def test_a_drill_takes_the_newest_backup(world):
    good(world)
    good(world, "backup-20261123-020000")
    told = world.says("omar", "/ops drill production")
    assert told.ok, told.text
    assert "`backup-20261124-020000` of production can be restored" in told.text
    with world.store.look() as session:
        (row,) = drills.wanted(session)
    assert (row.backup, row.host) == ("backup-20261124-020000", "web1")
    assert "already" in world.says("omar", "/ops drill production").text
    assert audited(world) == ["drill.asked"]


def test_without_a_backup_there_is_nothing_to_try(world):
    refused = world.says("omar", "/ops drill production")
    assert "First: `/ops backup production`" in refused.text


@pytest.mark.parametrize("word", ["backup", "drill"])
def test_who_may_not_is_refused_and_what_has_no_backups_says_what_to_write(world, word):
    assert world.says("ana", f"/ops {word} production").code == "role"
    assert "[environments.plain.backup]" in world.says("omar", f"/ops {word} plain").text
    assert "`/ops" in world.says("omar", f"/ops {word}").text
