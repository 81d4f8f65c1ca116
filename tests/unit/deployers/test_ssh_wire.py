"""What is said to the wrapper and read from it, as text."""

from base64 import b64encode
from datetime import timedelta
from itertools import pairwise
from shlex import split

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployers import ssh_wire
from deployers.ports import Fate, Operation, Record


def test_a_batch_is_a_line_for_each_operation_and_a_full_stop():
    operations = [Operation("d1.2.web1.1", "echo hi", timedelta(minutes=2)), Operation("d1.3.web1.1", "", timedelta(0))]
    assert ssh_wire.batch(operations) == b"d1.2.web1.1 120 ZWNobyBoaQ==\nd1.3.web1.1 1 Og==\n.\n"


@pytest.mark.parametrize("id_", ["", ".", "../x", "a b", "a/b", "-x", "x" * 101, "a\nb"])
def test_what_is_no_id_is_not_sent(id_):
    with pytest.raises(ValueError, match="not a batch"):
        ssh_wire.batch([Operation(id_, ":", timedelta(1))])


def test_an_id_that_occurs_twice_is_not_sent():
    with pytest.raises(ValueError, match="not a batch"):
        ssh_wire.batch([Operation("a", ":", timedelta(1)), Operation("a", ":", timedelta(1))])


def test_hostile_paths_and_words_stay_words():
    path, word = "sites/$(id); '", "a`b`"
    told = split(ssh_wire.say(path, "records", word))
    assert f"{path}/.shipmate/{ssh_wire.wrapper_name()}" in told
    assert word in told
    assert f"{path}/.shipmate" in split(ssh_wire.put(path))


def test_a_home_is_where_one_is_let_in():
    assert ssh_wire.folder("~/sites/one/") == "sites/one/.shipmate"
    assert ssh_wire.folder("/var/www/one") == "/var/www/one/.shipmate"


def test_the_wrapper_is_named_for_its_text_and_knows_its_verbs():
    assert ssh_wire.wrapper_name().startswith("wrapper-")
    assert b"\nperform() {" in ssh_wire.wrapper()
    assert b"\nabort() {" in ssh_wire.wrapper()


def test_a_record_is_read_back():
    line = b"= d1.0.web1.1 exited 3 6 abc 5 - aGVsbG8K"
    assert ssh_wire.record(line) == Record("d1.0.web1.1", Fate.EXITED, 3, "hello\n", 6, "abc", 5)
    assert ssh_wire.record(b"= x refused - 0 - 0 ZmVuY2VkIDc= ") == Record("x", Fate.REFUSED, why="fenced 7")


@pytest.mark.parametrize("line", [b"", b"= x", b"= x exited y 0 - 0 - ", b"= x dancing 0 0 - 0 - ", b"\xff" * 9])
def test_what_the_wrapper_never_says_is_no_record(line):
    with pytest.raises(ssh_wire.Garbled):
        ssh_wire.record(line)


def test_a_line_without_an_end_is_not_read_for_ever():
    with pytest.raises(ssh_wire.Garbled, match="without an end"):
        list(ssh_wire.lines(b"x" * 65536 for _ in range(10)))


@given(
    texts=st.lists(st.binary(max_size=40).map(b64encode), max_size=6),
    beats=st.lists(st.integers(0, 300), max_size=5),
    cuts=st.lists(st.integers(0, 300), max_size=8),
)
def test_heartbeats_and_packets_fall_anywhere_and_change_no_line(texts, beats, cuts):
    stream = b"".join(text + b"\n" for text in texts)
    for beat in sorted({min(beat, len(stream)) for beat in beats}, reverse=True):
        stream = stream[:beat] + b"~\n" + stream[beat:]
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(edges)]
    assert list(ssh_wire.lines(chunks)) == texts
