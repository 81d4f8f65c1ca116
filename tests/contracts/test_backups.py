"""Backups by a real shell with the real tar, zstd and age: what is in one, and what never looks like one."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from deployers.backups import answers, scripts
from deployers.ports import Revision
from deployers.strategies import plan_for
from deployers.strategies.restoring import Restoration
from tests.backed import FRESH, NAME, RELEASE, SHA, Backed, demand


@pytest.fixture
def host(tmp_path) -> Backed:
    return Backed(tmp_path)


def members(host: Backed, file: Path | None = None) -> list[str]:
    file = file or host.file
    unpack = ["zstd", "-dcq"] if file.suffix == ".zst" else ["gzip", "-dc"]
    tar = subprocess.run([*unpack, file], capture_output=True, check=True).stdout
    return subprocess.run(["tar", "-tf", "-"], input=tar, capture_output=True, check=True).stdout.decode().splitlines()


def by_hand(host: Backed, member: str) -> str:
    tar = subprocess.run(["zstd", "-dcq", host.file], capture_output=True, check=True).stdout
    return subprocess.run(["tar", "-xOf", "-", member], input=tar, capture_output=True, check=True).stdout.decode()


def test_a_backup_holds_code_configuration_and_a_dump_that_can_be_taken_out_by_hand(host):
    made = host.made()
    assert {f"{NAME}/{name}" for name in ("manifest", "database/00000", "code/index.php", "shared/.env")} <= set(
        members(host)
    )
    assert "INSERT INTO orders VALUES(999);" in by_hand(host, f"{NAME}/database")
    assert (made.release, made.sha, made.database, made.encrypted) == (RELEASE, SHA, True, False)
    assert made.migrations == ("2020_first", "2021_second")
    assert made.migrations_known
    assert made.bytes == host.file.stat().st_size


def test_its_manifest_stands_inside_and_beside_with_the_digest_of_the_file(host):
    made = host.made()
    beside = (host.folder / f"{NAME}.manifest").read_text()
    inside = by_hand(host, f"{NAME}/manifest")
    assert set(inside.splitlines()) <= set(beside.splitlines())
    assert f"sha256 {made.sha256}" in beside
    seen = subprocess.run(["sha256sum", host.file], capture_output=True, text=True, check=True).stdout
    assert seen.startswith(made.sha256)


def test_a_dump_of_many_pieces_comes_out_as_one(host):
    host.env["SHIPMATE_PIECE_MIB"] = "1"
    host.configure(database="seq 1 700000", engine="", live="")
    host.made()
    assert len([name for name in members(host) if "/database/" in name]) == 5
    assert by_hand(host, f"{NAME}/database") == "".join(f"{number}\n" for number in range(1, 700001))


def test_only_its_owner_may_read_it_from_the_first_byte(host):
    host.configure(database=f"stat -c %a {host.folder}/*.part {host.folder} > {host.home}/modes; echo dump")
    host.made()
    assert set((host.home / "modes").read_text().split()) == {"600", "700"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in host.folder.iterdir()} == {0o600}


def test_what_is_excluded_stays_out_and_links_are_written_down_instead(host):
    (host.release / "node_modules/x").mkdir(parents=True)
    (host.shared / "storage/logs").mkdir()
    (host.shared / "storage/logs/a.log").touch()
    (host.release / "bin").symlink_to("index.php")
    host.configure(exclude=("node_modules", "storage/logs"))
    host.made()
    assert not [name for name in members(host) if "node_modules" in name or "/logs" in name or "app.db" in name]
    assert "bin\tindex.php\n" in by_hand(host, f"{NAME}/links")


def test_strange_names_are_kept(host):
    for name in ("a b", "it's", "new\nline", "-rf", "ü", "$(id)"):
        (host.release / name).write_text(name)
    host.made()
    shutil.rmtree(host.release)
    assert host.restore().returncode == 0
    assert {"a b", "it's", "new\nline", "-rf", "ü", "$(id)"} <= {path.name for path in host.release.iterdir()}


def test_without_zstd_it_is_gzip(host):
    host.without("zstd")
    host.made()
    assert host.file.name == f"{NAME}.tar.gz"
    assert f"{NAME}/code/index.php" in members(host)


@pytest.fixture
def key(tmp_path) -> tuple[str, str]:
    demand("age")
    folder = tmp_path / "keys"
    folder.mkdir()
    done = subprocess.run(["age-keygen", "-o", folder / "key"], capture_output=True, text=True, check=True)
    return done.stderr.removeprefix("Public key: ").strip(), str(folder / "key")


def test_it_is_encrypted_for_the_recipient_and_opened_by_the_identity_alone(host, key):
    recipient, identity = key
    host.configure(recipient=recipient)
    made = host.made()
    assert made.encrypted
    assert host.file.name.endswith(".age")
    assert host.file.read_bytes().startswith(b"age-encryption.org/v1")
    refused = host.restore()
    assert refused.returncode == 77
    assert "write `identity`" in refused.stderr
    host.configure(identity=identity)
    assert host.restore().returncode == 0


def test_a_recipient_without_age_is_said_and_nothing_is_written_in_clear(host, key):
    host.configure(recipient=key[0])
    host.without("age")
    done = host.make()
    assert (done.returncode, "apt install age" in done.stderr) == (69, True)
    assert not list(host.folder.iterdir())


@pytest.mark.parametrize(
    ("database", "why"),
    [
        ("echo half; exit 3", "the dump failed (3)"),
        ("sqlite3 storage/none.db 'select 1 from nowhere'", "no such table"),
        (":", "the dump is empty"),
        ("echo '-- MariaDB dump 10.19'; echo 'INSERT INTO t VALUES (1);'", "ends in the middle"),
        ("echo '-- PostgreSQL database dump'; echo 'COPY t'", "ends in the middle"),
        ("echo '-- MySQL dump'; echo 'USE `shop`;'; echo '-- Dump completed'", "names the database"),
        ("echo half; kill -9 $$", "the dump failed (137)"),
    ],
)
def test_a_dump_that_did_not_go_well_leaves_no_backup(host, database, why):
    host.configure(database=database)
    done = host.make()
    assert done.returncode != 0
    assert why in done.stderr
    assert not list(host.folder.iterdir())


def test_what_cannot_be_read_is_said_and_leaves_no_backup(host):
    host.configure(database=f"rm -r {host.release}/index.php; mkfifo {host.release}/pipe; echo dump")
    host.made()
    assert not [name for name in members(host) if "pipe" in name]


def test_a_full_disk_in_the_middle_leaves_nothing_that_looks_whole(host):
    host.configure(database="head -c 40000000 /dev/urandom", engine="", live="")
    script = f"ulimit -f 20000\n{_script(host)}"
    done = host.run(script)
    assert done.returncode != 0
    assert "could not be" in done.stderr
    assert not [path for path in host.folder.iterdir() if path.name.startswith("backup-")]


def _script(host: Backed) -> str:
    return scripts.make(host.environment, host.environment.machines[0], NAME)


def test_it_does_not_begin_where_there_is_no_room(host):
    host.made("backup-20261130-021500")
    manifest = host.folder / "backup-20261130-021500.manifest"
    text = manifest.read_text()
    manifest.write_text(text.replace(f"bytes {host.file.stat().st_size}", "bytes 999999999999999"))
    done = host.make()
    assert (done.returncode, "no room for a backup" in done.stderr) == (75, True)


def test_before_the_first_release_there_is_nothing_to_back_up_and_afterwards_a_missing_one_is_a_fault(host):
    (host.home / "app/current").unlink()
    machine = host.environment.machines[0]
    done = host.run(scripts.make(host.environment, machine, NAME, first=True))
    assert (done.returncode, answers.made(done.stdout), list(host.home.glob("backups/*"))) == (0, None, [])
    assert "nothing is served on web1 yet" in done.stdout
    assert host.make().returncode == 66


def test_the_same_name_again_is_the_same_backup(host):
    made = host.made()
    before = os.stat(host.file).st_mtime_ns
    host.forget_orders()
    assert host.made() == made
    assert os.stat(host.file).st_mtime_ns == before


def test_what_a_killed_attempt_left_is_begun_anew(host):
    host.folder.mkdir()
    (host.folder / f"{NAME}.tar.zst.part").write_text("half")
    (host.folder / f"{NAME}.manifest").write_text("of an attempt that was killed before its last rename")
    (host.folder / f".{NAME}.making").mkdir()
    host.made()
    assert host.left() == []


def test_the_oldest_go_beyond_those_that_are_kept_and_only_our_own(host):
    host.configure(keep=2)
    for day in (1, 2, 3):
        host.made(f"backup-2026110{day}-020000")
    foreign = host.folder / "backup-20250110-120000.tar.gz"
    foreign.write_text("somebody else's")
    others = host.folder / "backup-20250111-120000.manifest"
    others.write_text("shipmate-backup 1\napp shop\nenvironment staging\nfile backup-20250111-120000.tar.zst\n")
    made = host.made("backup-20261104-020000")
    assert made.pruned == ("backup-20261102-020000",)
    assert foreign.exists()
    assert others.exists()
    ours = sorted(path.name for path in host.folder.glob("backup-2026*.manifest"))
    assert ours == ["backup-20261103-020000.manifest", "backup-20261104-020000.manifest"]


def test_the_backup_that_is_about_to_be_restored_is_never_deleted_for_the_fresh_one(host):
    host.configure(keep=1)
    made = host.made()
    restores = Restoration(NAME, "web1", made.sha256, database=True)
    plan = plan_for(
        host.environment,
        kind="rollback",
        revision=Revision("v1", "", SHA),
        replaces=SHA,
        release=RELEASE,
        difference=None,
        strategy="restore",
        backup=FRESH,
        restores=restores,
    )
    fresh = host.run(scripts.of(plan.steps[0], host.environment, plan, host.environment.machines[0]))
    assert fresh.returncode == 0, fresh.stderr
    assert host.restore(sha256=made.sha256).returncode == 0


def test_what_others_left_unfinished_beside_them_stays(host):
    host.made()
    left = (
        host.folder / ".backup-of-ana",
        host.folder / "backup-db.part",
        host.folder / ".backup-20260101-000000.drill",
    )
    for path in left:
        path.mkdir()
        os.utime(path, (0, 0))
    host.made(FRESH)
    assert [path.exists() for path in left] == [True, True, False]


def test_a_backup_that_is_being_restored_is_not_deleted_by_a_backup_that_was_begun_before(host):
    host.configure(keep=1)
    host.made()
    assert host.restore().returncode == 0
    assert host.made(FRESH).pruned == ()
    (host.folder / f".{NAME}.restored").unlink()
    assert host.made("backup-20261202-030000").pruned == (FRESH, NAME)


def test_a_clock_that_went_back_does_not_delete_the_backup_just_made(host):
    host.configure(keep=1)
    host.made("backup-20261104-020000")
    host.made("backup-20261101-020000")
    assert {path.name for path in host.folder.glob("*.manifest")} >= {"backup-20261101-020000.manifest"}


def test_a_folder_that_cannot_be_written_says_what_to_type(host):
    host.configure(directory="/proc/nowhere")
    done = host.make()
    assert done.returncode == 73
    assert "sudo install -d -m 700" in done.stderr


def test_backups_within_the_application_do_not_hold_each_other(host):
    host.configure(directory="app/shared/backups")
    for name in (NAME, "backup-20261201-021600"):
        done = host.make(name)
        assert done.returncode == 0, done.stderr
    tar = host.shared / "backups/backup-20261201-021600.tar.zst"
    assert not [name for name in members(host, tar) if "backups" in name]
