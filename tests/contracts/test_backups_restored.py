"""Restoring by a real shell: what is whole comes back beside what serves, and what is hostile is refused whole."""

import io
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest

from deployers.backups import answers
from tests.backed import FRESH, NAME, RELEASE, Backed


@pytest.fixture
def host(tmp_path) -> Backed:
    return Backed(tmp_path)


def tables(path) -> int:
    side = sqlite3.connect(path)
    (count,) = side.execute("SELECT count(*) FROM orders").fetchone()
    side.close()
    return int(count)


def test_a_release_comes_back_with_its_links_and_rights(host):
    (host.release / "run.sh").write_text("#!/bin/sh")
    (host.release / "run.sh").chmod(0o755)
    (host.release / "bin").symlink_to("run.sh")
    (host.release / "public").mkdir()
    (host.release / "public/files").symlink_to(host.shared / "storage")
    made = host.made()
    shutil.rmtree(host.release)
    done = host.restore(sha256=made.sha256)
    assert done.returncode == 0, done.stderr
    assert (host.release / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (host.release / "bin").readlink().name == "run.sh"
    assert (host.release / "public/files/app.db").exists()
    assert (host.release / ".shipmate-complete").exists()
    assert host.left() == []


def test_links_that_lead_elsewhere_are_left_out(host):
    for name, target in (("passwd", "/etc/passwd"), ("up", "../../.."), ("other", "../../releases/other/x")):
        (host.release / name).symlink_to(target)
    host.made()
    shutil.rmtree(host.release)
    assert host.restore().returncode == 0
    assert not any((host.release / name).is_symlink() for name in ("passwd", "up", "other"))


def test_a_release_that_is_here_is_not_touched(host):
    host.made()
    (host.release / "index.php").write_text("newer")
    assert "is here already" in host.restore().stdout
    assert (host.release / "index.php").read_text() == "newer"


def test_a_database_is_filled_beside_swapped_in_and_swapped_back(host):
    host.made()
    host.forget_orders()
    assert host.restore().returncode == 0
    assert host.orders() == 0
    done = host.swap()
    assert done.returncode == 0, done.stderr
    assert host.orders() == 1000
    kept = host.database.with_name(f"app.db_before_{FRESH.removeprefix('backup-').replace('-', '')}")
    assert answers.kept_as(done.stdout) == f"storage/{kept.name}"
    assert tables(kept) == 0
    assert host.swap(undoes=FRESH).returncode == 0
    assert host.orders() == 0


def test_swapping_again_changes_nothing(host):
    host.made()
    host.forget_orders()
    host.restore()
    assert host.swap().returncode == 0
    again = host.swap()
    assert (again.returncode, "already" in again.stdout) == (0, True)
    assert host.orders() == 1000


def test_a_log_that_was_not_yet_written_through_goes_with_the_database_that_was_in_use(host):
    live = sqlite3.connect(host.database)
    live.execute("PRAGMA journal_mode=WAL")
    live.execute("INSERT INTO orders VALUES (-1)")
    live.commit()
    host.made()
    live.execute("INSERT INTO orders VALUES (-2)")
    live.commit()
    host.restore()
    assert host.swap().returncode == 0
    live.close()
    assert host.orders() == 1001


def test_a_restore_that_was_killed_is_begun_anew(host):
    host.made()
    (host.database.with_name("app.db_side_20261201021500")).write_text("half of a database")
    (host.home / f"app/releases/{RELEASE}.part").mkdir()
    assert host.restore().returncode == 0


def test_a_drill_restores_into_a_scratch_place_and_leaves_nothing_there(host):
    made = host.made()
    before = sorted(path.name for path in (host.shared / "storage").iterdir())
    done = host.drill(sha256=made.sha256)
    assert done.returncode == 0, done.stderr
    seen = answers.drilled(done.stdout)
    assert seen is not None
    assert seen.database
    assert min(seen.check, seen.back, seen.restore) > 0
    assert host.left() == []
    assert sorted(path.name for path in (host.shared / "storage").iterdir()) == before
    assert host.orders() == 1000


def test_a_drill_of_a_dump_that_does_not_restore_fails_and_leaves_nothing(host):
    host.configure(database="echo 'CREATE TABLE t (x); INSERT INTO nowhere VALUES (1);'")
    host.made()
    done = host.drill()
    assert done.returncode != 0
    assert "cannot be taken in" in done.stderr
    assert host.left() == []
    assert not list(host.database.parent.glob("*drill*"))


def test_a_dump_restored_by_commands_of_ones_own(host):
    host.made()
    host.configure(
        engine="",
        restore="sqlite3 {side}",
        create="rm -f {side}",
        drop="rm -f {side}",
        swap="mv {live} {before} && mv {side} {live}",
    )
    host.forget_orders()
    assert host.restore().returncode == 0
    assert host.swap().returncode == 0
    assert host.orders() == 1000


def test_a_database_restored_in_place(host):
    host.made()
    host.configure(engine="", live="", restore="rm storage/app.db; sqlite3 storage/app.db")
    host.forget_orders()
    assert host.restore().returncode == 0
    assert host.orders() == 0
    assert host.swap().returncode == 0
    assert host.orders() == 1000


# What is refused


def _whole(host: Backed, *, change: Callable[[tarfile.TarFile], None], manifest: str = "", bare: bool = False) -> None:
    """Put an archive there that somebody made."""
    host.folder.mkdir(exist_ok=True)
    told = manifest or f"shipmate-backup 1\napp shop\nenvironment production\nname {NAME}\nrelease {RELEASE}\n"
    with tarfile.open(host.folder / f"{NAME}.tar.gz", "w:gz") as tar:
        if not bare:
            _add(tar, f"{NAME}/manifest", told.encode())
            _add(tar, f"{NAME}/code/index.php", b"<?php")
        change(tar)


def _add(tar: tarfile.TarFile, name: str, content: bytes = b"x", **more) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for key, value in more.items():
        setattr(member, key, value)
    tar.addfile(member, io.BytesIO(content))


def _link(name: str, to: str, kind: bytes) -> Callable[[tarfile.TarFile], None]:
    return lambda tar: _add(tar, name, b"", type=kind, linkname=to)


HOSTILE = {
    "symbolic link": _link(f"{NAME}/code/x", "/etc/passwd", tarfile.SYMTYPE),
    "hard link": _link(f"{NAME}/code/x", f"{NAME}/manifest", tarfile.LNKTYPE),
    "device": lambda tar: _add(tar, f"{NAME}/code/x", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "pipe": lambda tar: _add(tar, f"{NAME}/code/x", b"", type=tarfile.FIFOTYPE),
    "parent": lambda tar: _add(tar, f"{NAME}/code/../../../x"),
    "parent at the end": lambda tar: _add(tar, f"{NAME}/code/a/..", b"", type=tarfile.DIRTYPE),
    "absolute": lambda tar: _add(tar, "/tmp/x"),
    "beside": lambda tar: _add(tar, "x"),
    "another part": lambda tar: _add(tar, f"{NAME}/hooks/x"),
    "two manifests": lambda tar: _add(tar, f"{NAME}/manifest"),
    "name in a long header": lambda tar: _add(tar, f"{NAME}/code/" + "a/" * 100 + "../" * 150 + "x"),
    "bomb": lambda tar: _add(tar, f"{NAME}/code/zeros", bytes(200_000_000)),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_is_refused_whole(host, change):
    _whole(host, change=change)
    shutil.rmtree(host.release)
    for done in (host.restore(), host.drill()):
        assert done.returncode == 76, done.stdout + done.stderr
        assert "is refused whole" in done.stderr
    assert not host.release.exists()
    assert not list(host.home.rglob("x"))
    assert host.left() == []


def test_a_good_archive_that_somebody_made_by_hand_is_taken(host):
    _whole(host, change=lambda _: None)
    shutil.rmtree(host.release)
    host.configure(database="")
    done = host.restore()
    assert done.returncode == 0, done.stderr
    assert (host.release / "index.php").exists()


@pytest.mark.parametrize(
    ("was", "now"),
    [("app shop", "app other"), ("environment production", "environment staging"), (NAME, "backup-20200101-000000")],
)
def test_a_backup_of_something_else_is_refused(host, was, now):
    told = f"shipmate-backup 1\napp shop\nenvironment production\nname {NAME}\nrelease {RELEASE}\n"
    _whole(host, change=lambda _: None, manifest=told.replace(was, now))
    done = host.restore()
    assert (done.returncode, "is not a backup of shop on production" in done.stderr) == (76, True)


def test_an_archive_without_a_manifest_is_refused(host):
    _whole(host, change=lambda tar: _add(tar, f"{NAME}/code/index.php"), bare=True)
    assert host.restore().returncode == 76


@pytest.mark.parametrize("release", ["", "../../etc", "a b", "/etc"])
def test_a_manifest_that_names_no_release_is_refused(host, release):
    told = f"shipmate-backup 1\napp shop\nenvironment production\nname {NAME}\nrelease {release}\n"
    _whole(host, change=lambda _: None, manifest=told)
    assert host.restore().returncode == 76


def test_a_backup_that_was_changed_is_refused(host):
    made = host.made()
    content = bytearray(host.file.read_bytes())
    content[len(content) // 2] ^= 1
    host.file.write_bytes(content)
    done = host.restore(sha256=made.sha256)
    assert (done.returncode, "is not the file that was made" in done.stderr) == (76, True)
    assert host.restore().returncode == 76


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_half_a_backup_is_refused(host, share):
    host.made()
    content = host.file.read_bytes()
    host.file.write_bytes(content[: int(len(content) * share)])
    assert host.restore().returncode == 76


def test_a_link_in_place_of_the_backup_is_refused(host):
    host.made()
    file = host.file
    file.rename(host.home / "elsewhere")
    file.symlink_to(host.home / "elsewhere")
    assert host.restore().returncode == 76


def test_a_backup_that_is_not_there_is_said(host):
    host.folder.mkdir()
    done = host.restore()
    assert (done.returncode, f"there is no {NAME}" in done.stderr) == (66, True)


def test_a_dump_that_would_go_into_another_database_is_refused(host):
    host.configure(engine="", live="", database="echo 'USE `shop`;'")
    host.made()
    host.configure(engine="sqlite", live="storage/app.db")
    done = host.restore()
    assert (done.returncode, "names the database" in done.stderr) == (76, True)


@pytest.mark.parametrize(
    ("engine", "line"), [("mariadb", "USE `shop`;"), ("postgresql", "\\\\connect shop"), ("", "USE `shop`")]
)
def test_a_drill_never_fills_what_a_dump_names_far_behind_its_beginning(host, engine, line):
    host.configure(engine="", live="", database=f"seq 1 5000; echo '{line}'")
    host.made()
    commands = {"create": "touch {side}", "restore": "cat > {side}", "swap": "false", "drop": "rm -f {side}"}
    host.configure(engine=engine, live="shop", client="cat >> asked; true", **commands)
    done = host.drill()
    assert (done.returncode, "names the database" in done.stderr) == (76, True)
    assert not any(path.read_text() for path in host.home.rglob("asked"))


def test_a_backup_without_a_database_restores_none(host):
    host.configure(database="")
    host.made()
    host.configure(database="sqlite3 storage/app.db .dump")
    done = host.restore()
    assert (done.returncode, "there is no database in" in done.stderr) == (65, True)


def test_the_digest_is_that_of_the_file(host):
    made = host.made()
    assert made.sha256 == sha256(host.file.read_bytes()).hexdigest()
    assert host.restore(sha256=replace(made).sha256).returncode == 0


def test_without_openssl_the_digest_is_the_same(host):
    host.without("openssl")
    made = host.made()
    assert (
        made.sha256 == subprocess.run(["sha256sum", host.file], capture_output=True, text=True, check=True).stdout[:64]
    )
