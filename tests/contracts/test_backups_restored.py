"""Restoring by a real shell: what is whole comes back beside what serves, and is swapped in and back."""

import shutil
import sqlite3
import subprocess
from dataclasses import replace
from hashlib import sha256

import pytest

from deployers.backups import answers
from tests.backed import FRESH, RELEASE, Backed


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


def test_what_serves_is_not_replaced_although_nothing_says_that_it_is_whole(host):
    host.made()
    mark = host.release / ".shipmate-complete"
    mark.unlink()
    (host.release / "index.php").write_text("newer")
    done = host.restore()
    assert (done.returncode, f"touch {mark}" in done.stderr) == (65, True), done.stderr
    assert (host.release / "index.php").read_text() == "newer"
    mark.touch()
    assert host.restore().returncode == 0


def test_a_release_that_was_not_marked_in_its_backup_is_whole_once_it_is_unpacked(host):
    (host.release / ".shipmate-complete").unlink()
    host.made()
    shutil.rmtree(host.release)
    assert host.restore().returncode == 0
    assert (host.release / ".shipmate-complete").exists()


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


def test_commands_of_ones_own_that_fail_half_way_are_not_said_to_have_changed_nothing(host):
    host.made()
    host.configure(
        engine="",
        restore="sqlite3 {side}",
        create="rm -f {side}",
        drop="rm -f {side}",
        swap="mv {live} {before}; exit 9",
    )
    assert host.restore().returncode == 0
    done = host.swap()
    assert done.returncode == 65
    assert "cannot be told from here" in done.stderr


def test_a_file_whose_swap_fails_is_as_it_was(host):
    live = sqlite3.connect(host.database)
    live.execute("PRAGMA journal_mode=WAL")
    host.made()
    live.execute("INSERT INTO orders VALUES (-1)")
    live.commit()
    host.restore()
    host.configure(client="false")
    (host.home / "bin").mkdir()
    (host.home / "bin/mv").write_text('#!/bin/sh\n[ "$1" != -T ] || exit 1\nexec /bin/mv "$@"\n')
    (host.home / "bin/mv").chmod(0o755)
    host.env["PATH"] = f"{host.home}/bin:/usr/bin:/bin"
    done = host.swap()
    assert (done.returncode, "as it was" in done.stderr) == (74, True), done.stderr
    live.close()
    assert host.orders() == 1001
    assert not list(host.database.parent.glob("*_before_*"))


def test_a_database_restored_in_place(host):
    host.made()
    host.configure(engine="", live="", restore="rm storage/app.db; sqlite3 storage/app.db")
    host.forget_orders()
    assert host.restore().returncode == 0
    assert host.orders() == 0
    assert host.swap().returncode == 0
    assert host.orders() == 1000


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
