"""The anchor file: one line an anchor, never twice the same, whole after a crash."""

import stat

import pytest

from storage import audit
from storage.anchor import Anchor, append, of_head, read
from storage.errors import AnchorUnreadable, StoreUnavailable
from tests.builders import NOW

ONE = Anchor(1, "a" * 64, NOW.isoformat())
TWO = Anchor(2, "b" * 64, NOW.isoformat())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "anchors.jsonl"


def test_anchors_are_read_back_in_their_order(path):
    assert append(path, ONE)
    assert append(path, TWO)
    assert read(path) == (ONE, TWO)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_same_head_is_anchored_once_and_another_one_of_its_number_again(path):
    other = Anchor(1, "c" * 64, NOW.isoformat())
    assert append(path, ONE)
    assert not append(path, ONE)
    assert append(path, other)
    assert read(path) == (ONE, other)


@pytest.mark.parametrize("cut", range(1, 40, 7))
def test_a_last_line_cut_short_is_left_out_and_mended(path, cut):
    append(path, ONE)
    whole = path.read_bytes()
    append(path, TWO)
    path.write_bytes(path.read_bytes()[: len(whole) + cut])
    assert read(path) == (ONE,)
    assert append(path, TWO)
    assert read(path) == (ONE, TWO)


@pytest.mark.parametrize("line", ["rubbish", "{}", "[]", '{"number": "x", "hash": "y", "at": "z"}'])
def test_a_line_that_is_no_anchor_is_named(path, line):
    append(path, ONE)
    with path.open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(AnchorUnreadable, match="line 2 of the anchor file"):
        read(path)
    with pytest.raises(AnchorUnreadable, match="line 2"):
        append(path, TWO)


def test_a_file_that_is_not_there_or_cannot_be_written_is_named(tmp_path):
    with pytest.raises(StoreUnavailable, match="the anchors cannot be read"):
        read(tmp_path / "missing")
    with pytest.raises(StoreUnavailable, match="the audit chain is not anchored"):
        append(tmp_path / "missing" / "anchors", ONE)


def test_an_empty_chain_has_nothing_to_anchor_and_a_written_one_its_head(store, path):
    with store.begin() as session:
        assert of_head(session, NOW) is None
        entry = audit.record(session, actor="x", action="y", at=NOW)
        assert of_head(session, NOW) == Anchor(1, entry.hash, NOW.isoformat())
