"""The audit spool: room before it is needed, every promise kept after a crash or on a full disk."""

import json
import os
import resource
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import SpoolFull, StoreUnavailable
from storage.spool import ROOM, Spool
from tests.builders import NOW

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.spool"


@pytest.fixture
def spool(path):
    made = Spool(path)
    made.reserve()
    return made


def add(spool, action, **over):
    return spool.add(actor="shipmate", action=action, at=NOW, **over)


def waiting(spool):
    return [entry.action for entry in spool.pending()]


def test_the_room_is_there_before_it_is_needed_and_private(spool, path):
    status = path.stat()
    assert status.st_size == ROOM
    assert status.st_blocks * 512 >= ROOM
    assert stat.S_IMODE(status.st_mode) == 0o600


def test_reserving_again_keeps_what_waits(spool):
    add(spool, "a")
    spool.reserve()
    assert waiting(spool) == ["a"]


def test_entries_keep_everything_and_their_order(spool, path):
    add(spool, "a", subject="deployment:1", detail={"to": "v2.2", "why": "ü\n\0\ud800"})
    add(spool, "b")
    first, second = Spool(path).pending()
    assert (first.actor, first.action, first.subject) == ("shipmate", "a", "deployment:1")
    assert first.detail == {"to": "v2.2", "why": "ü\n\0\ud800"}
    assert first.at == NOW.isoformat()
    assert second.action == "b"
    assert first.id != second.id


def test_the_same_id_is_one_entry(spool):
    assert add(spool, "a", entry_id="x") == add(spool, "a", entry_id="x") == "x"
    assert waiting(spool) == ["a"]
    spool.forget(["x"])
    assert waiting(spool) == []


def test_writing_in_place_neither_grows_nor_moves_the_file(spool, path):
    before = path.stat()
    for _ in range(50):
        add(spool, "a")
    after = path.stat()
    assert (after.st_size, after.st_blocks, after.st_ino) == (before.st_size, before.st_blocks, before.st_ino)


def test_what_is_forgotten_makes_room_once_nothing_waits(spool, path):
    first, second = add(spool, "a"), add(spool, "b")
    spool.forget([first])
    assert waiting(spool) == ["b"]
    add(spool, "c")
    spool.forget([second])
    assert waiting(spool) == ["c"]
    spool.forget([entry.id for entry in spool.pending()])
    assert path.read_bytes() == b" " * ROOM


def test_forgetting_what_is_not_there_changes_nothing(spool):
    add(spool, "a")
    spool.forget(["nobody"])
    assert waiting(spool) == ["a"]


def test_a_spool_that_was_never_reserved_is_empty_and_still_takes_entries(path):
    spool = Spool(path)
    assert spool.pending() == ()
    add(spool, "a")
    assert waiting(spool) == ["a"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StoreUnavailable, match="audit spool cannot be opened"):
        Spool(tmp_path / "missing" / "spool").reserve()


@given(st.data())
def test_a_line_cut_short_anywhere_loses_nothing_that_was_promised(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("spool") / "audit.spool"
    spool = Spool(path, room=4096)
    spool.reserve()
    add(spool, "a")
    before = path.read_bytes()
    add(spool, "torn", detail={"text": "x" * data.draw(st.integers(0, 300))})
    after = path.read_bytes()
    cut = data.draw(st.integers(0, len(after.rstrip()) + 1))
    path.write_bytes(after[:cut] + before[cut:])
    assert waiting(spool) in (["a"], ["a", "torn"])
    add(spool, "next")
    assert waiting(spool) in (["a", "next"], ["a", "torn", "next"])


@given(st.data())
def test_a_line_with_a_hole_is_passed_over(tmp_path_factory, data):
    """A disk may write the end of a line and lose its middle."""
    path = tmp_path_factory.mktemp("spool") / "audit.spool"
    spool = Spool(path, room=4096)
    spool.reserve()
    add(spool, "a")
    start = len(path.read_bytes().rstrip()) + 1
    add(spool, "torn", detail={"text": "x" * 300})
    content = bytearray(path.read_bytes())
    end = len(content.rstrip())
    hole = data.draw(st.integers(start, end - 2))
    until = data.draw(st.integers(hole + 1, end - 1))
    content[hole:until] = b" " * (until - hole)
    path.write_bytes(content)
    add(spool, "next")
    assert waiting(spool) in (["a", "next"], ["a", "torn", "next"])
    assert all(entry.action != "torn" or entry.detail["text"] == "x" * 300 for entry in spool.pending())


@given(st.data())
def test_blanking_cut_short_anywhere_brings_nothing_back(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("spool") / "audit.spool"
    spool = Spool(path, room=4096)
    spool.reserve()
    ids = [add(spool, "+a"), add(spool, "+b", detail={"+": "\n+"})]
    spool.forget(ids[:1])
    marked = path.read_bytes()
    start = marked.find(b"\n") + 1
    marked = marked[:start] + b"-" + marked[start + 1 :]
    cut = data.draw(st.integers(0, 400))
    path.write_bytes(b" " * cut + marked[cut:])
    assert waiting(spool) == []
    add(spool, "next")
    assert waiting(spool) == ["next"]


@given(st.binary(max_size=300))
def test_rubbish_in_the_file_is_passed_over(tmp_path_factory, rubbish):
    path = tmp_path_factory.mktemp("spool") / "audit.spool"
    path.write_bytes(rubbish)
    spool = Spool(path)
    spool.reserve()
    add(spool, "a")
    assert waiting(spool) == ["a"]


def test_many_threads_and_spools_write_every_entry_once(spool, path):
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: add(Spool(path), f"{n}"), range(60)))
    assert sorted(waiting(spool), key=int) == [str(n) for n in range(60)]


FULL = """
import json, resource, signal, sys
from pathlib import Path
from storage.errors import SpoolFull
from storage.spool import Spool
from tests.builders import NOW
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size,) * 2)
spool, taken = Spool(path), 0
try:
    while True:
        spool.add(actor="shipmate", action="a", at=NOW)
        taken += 1
except SpoolFull as error:
    print(json.dumps([taken, str(error)]))
"""


def test_on_a_disk_that_gives_no_more_the_reserved_room_still_takes_entries(path):
    """The file may not grow by one byte, as on a full disk."""
    spool = Spool(path, room=8192)
    spool.reserve()
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=100
    )
    taken, said = json.loads(done.stdout)
    assert taken > 30
    assert "is full" in said
    assert "bring the database back" in said
    assert waiting(spool) == ["a"] * taken
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 8192


def test_a_spool_without_room_on_a_full_disk_says_so():
    with pytest.raises(SpoolFull, match="No space left"):
        add(Spool(Path("/dev/full")), "a")


def test_the_room_grows_when_the_disk_allows_it(path):
    spool = Spool(path, room=256)
    spool.reserve()
    for _ in range(10):
        add(spool, "a")
    assert waiting(spool) == ["a"] * 10
    assert os.stat(path).st_size > 256
