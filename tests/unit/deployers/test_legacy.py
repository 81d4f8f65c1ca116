"""Backups of others are told from ours by their names, on a real folder."""

import subprocess

import pytest

from deployers.backups import naming
from deployers.legacy import LAYOUTS, listing, read, recognised, told
from deployers.legacy_look import OldBackups
from tests.unit.deployers.house import House

LEFT = {
    "backup-20250622-101500.tar.gz": "tarball",
    "pre-rollback-20250622-111500.tar.gz": "tarball",
    "backup_production_20250702_020000/": "directory",
    "safety_backup_20250702_020000/": "directory",
    "20250810_120000/": "dated",
    "db-daily-20250901-020000.sql.gz": "split-database",
    "app-daily-20250901-020000.tar.gz": "split-files",
    "config-weekly-20250901-020000.tar.gz": "split-files",
    "pre-deploy-20251001_080000.sql.gz": "pre-deploy",
}


def lay(folder) -> None:
    folder.mkdir(parents=True)
    for name in LEFT:
        path = folder / name.rstrip("/")
        path.mkdir() if name.endswith("/") else path.write_text("x" * 7)
    for other in ("notes.txt", "backup-20261124-061500.tar.zst", "manifest-daily-20250901-020000.json"):
        (folder / other).write_text("x")
    (folder / "20250811_120000").symlink_to("/")


def test_every_layout_is_recognised_on_a_real_folder_newest_first(tmp_path):
    lay(tmp_path / "it's backups")
    script = listing([str(tmp_path / "it's backups"), str(tmp_path / "nothing here")])
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    found = read(done.stdout)
    assert {old.name: old.layout.key for old in found} == {name.rstrip("/"): key for name, key in LEFT.items()}
    assert found[0].name == "pre-deploy-20251001_080000.sql.gz"
    assert found[0].bytes == 7


def test_a_file_is_no_folder_and_the_other_way_round():
    assert recognised("20250810_120000", folder=False) is None
    assert read("d 0 backup-20250622-101500.tar.gz\nnonsense\nf\n") == ()


def test_our_own_names_are_nobody_elses():
    assert recognised("backup-20261124-061500") is None
    assert naming.NAME.fullmatch("backup-20261124-061500")


def test_each_kind_is_told_once_with_what_it_cannot_give_back():
    lines = list(told(read("".join(f"{'d' if it.endswith('/') else 'f'} 1 {it.rstrip('/')}\n" for it in LEFT))))
    assert len(lines) == len(set(LEFT.values()))
    assert sum("no database" in line for line in lines) == 1


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.key)
def test_every_layout_says_what_it_holds_and_how_a_person_restores_it(layout):
    assert layout.holds.endswith(".")
    assert layout.by_hand


def test_the_first_target_is_asked_and_silence_is_nothing(tmp_path):
    house = House(tmp_path)
    lay(tmp_path / "web1" / "backups")
    looks = OldBackups(lambda _: house.remote)
    assert len(looks(house.environment)) == len(LEFT)
    house.remote.away["web1"] = "no route"
    assert looks(house.environment) == ()
