"""What no host restores: what is hostile, changed, half there or of something else is refused whole."""

import io
import shutil
import tarfile
from collections.abc import Callable

import pytest

from tests.backed import NAME, RELEASE, Backed


@pytest.fixture
def host(tmp_path) -> Backed:
    return Backed(tmp_path)


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
