"""Counting in nginx's log where it lies: the script itself, run by the shell."""

import subprocess

import pytest

from deployers.comparing import access_log
from deployers.comparing.access_log import Page, Place
from deployers.comparing.exposition import Unreadable
from deployers.comparing.times import p95


class Log:
    """A log that nginx writes, and what was read of it so far."""

    def __init__(self, folder) -> None:
        self.path = folder / "it's a log.log"
        self.path.write_text("")
        self.place: Place | None = None

    def write(self, *lines: str, end: str = "\n") -> None:
        with self.path.open("a") as file:
            file.write("\n".join(lines) + end)

    def read(self) -> dict[str, tuple[int, int]]:
        """Read on; return requests and errors by server."""
        return {address: (count.requests, count.errors) for address, count in self.page().servers}

    def page(self) -> Page:
        script = access_log.script(str(self.path), self.place)
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        found = access_log.page(done.stdout)
        self.place = found.place
        return found


@pytest.fixture
def log(tmp_path):
    log = Log(tmp_path)
    log.write("10.0.0.9:80\t200\t0.1")
    log.read()
    return log


LAST = "10.0.0.9:80\t200\t0.1"


def test_what_stood_there_before_the_canary_is_not_counted(log):
    """The first time it is only looked where the log ends."""
    assert log.read() == {}


def test_each_server_is_counted_by_what_it_answered_itself(log):
    """What `proxy_next_upstream` hides from visitors is an error of the server that was asked first."""
    log.write("10.0.0.1:8081, 10.0.0.1:80\t502, 200\t0.001, 0.020", "10.0.0.1:80\t404\t0.005", "-\t-\t-", LAST)
    assert log.read() == {"10.0.0.1:8081": (1, 1), "10.0.0.1:80": (2, 0)}


def test_a_line_that_is_being_written_is_left_for_the_next_time(log):
    """Half a line says nothing."""
    log.write("10.0.0.1:80\t200\t0.1", "10.0.0.1:80\t5", end="")
    assert log.read() == {"10.0.0.1:80": (1, 0)}
    log.write("00\t0.1", LAST)
    assert log.read() == {"10.0.0.1:80": (1, 1)}


def test_a_log_that_was_rotated_is_read_to_its_end_and_the_new_one_from_its_beginning(log):
    """No line is lost, and none is counted twice."""
    log.write("10.0.0.1:80\t500\t0.1", "10.0.0.1:80\t500\t0.1")
    log.path.rename(f"{log.path}.1")
    log.path.write_text("10.0.0.1:80\t200\t0.1\n10.0.0.1:80\t200\t0.1\n")
    read = [log.read() for _ in range(3)]
    assert read == [{"10.0.0.1:80": (2, 2)}, {"10.0.0.1:80": (1, 0)}, {}]


def test_a_log_that_was_emptied_is_read_from_its_beginning(log):
    """As `copytruncate` does it."""
    log.write(*["10.0.0.1:80\t200\t0.1"] * 20)
    log.read()
    log.path.write_text("10.0.0.1:80\t500\t0.1\n" + LAST + "\n")
    assert log.read() == {"10.0.0.1:80": (1, 1)}


def test_hostile_lines_are_passed_over(log):
    """A log holds what visitors and servers say."""
    log.write("$(touch x):80\t200\t0.1", "10.0.0.1:80\tabc\t0.1", "\t\t", "%s%d\t200\t1", "10.0.0.1:80\t200\tx", LAST)
    assert log.read() == {"10.0.0.1:80": (1, 0)}


def test_response_times_come_in_buckets_that_are_fine_enough(log):
    """A fifth wide: enough to tell that something takes half as long again."""
    log.write(*[f"10.0.0.1:80\t200\t{number / 1000:.3f}" for number in range(1, 1001)], LAST)
    ((_, count),) = log.page().servers
    assert count.requests == 1000
    assert p95(count.times) == pytest.approx(0.95, rel=0.1)


def test_a_great_deal_is_read_in_several_goes(log, monkeypatch):
    """Bounded in bytes each."""
    monkeypatch.setattr(access_log, "MOST_BYTES", 1000)
    log.write(*["10.0.0.1:80\t200\t0.1"] * 200, LAST)
    read = [log.read() for _ in range(8)]
    assert sum(each.get("10.0.0.1:80", (0, 0))[0] for each in read) == 200


@pytest.mark.parametrize("printed", ["", "place 1", "rm -rf /", "read 5"])
def test_what_the_script_did_not_print_is_no_page(printed):
    """It is said, and not taken for silence."""
    with pytest.raises((Unreadable, ValueError), match=r".+"):
        access_log.page(printed)
