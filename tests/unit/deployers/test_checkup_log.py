"""What a check finds in logs: how many errors are new, and the newest that differ; whatever became of the file."""

import pytest

from deployers.findings import State
from tests.unit.deployers.house import House


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


def test_a_log_without_errors_is_good(house):
    for host in ("web1", "web2"):
        house.logs(host, "2026-11-24 07:00:00 INFO all is well", "no ERRORS_IN_NAMES here")
    found = house.look("errors")
    assert (found.state, found.said) == (State.GOOD, "no error lines on both hosts")


def test_errors_are_counted_and_the_newest_three_that_differ_are_shown(house):
    house.logs("web1", *(f"2026-11-24 07:00:{n:02} production.ERROR: order {n} failed" for n in range(20)))
    house.logs("web1", "07:01 CRITICAL no space", "07:02 ERROR a", "07:03 ERROR b", "07:04 INFO fine")
    house.logs("web2", "all is well")
    found = house.look("errors")
    assert (found.state, found.said) == (State.ATTENTION, "web1: 23 error lines")
    assert found.lines == ("web1: 07:03 ERROR b", "web1: 07:02 ERROR a", "web1: 07:01 CRITICAL no space")
    assert "newest errors are above" in found.advice


def test_the_same_error_with_other_numbers_is_one(house):
    house.logs("web1", "ERROR order 17 of a4f0-11 failed", "ERROR order 18 of bb12-93 failed")
    house.logs("web2", "")
    assert house.look("errors").lines == ("web1: ERROR order 18 of bb12-93 failed (×2)",)


def test_many_errors_are_bad(house):
    house.logs("web1", *("ERROR x" for _ in range(100)))
    house.logs("web2", "")
    assert house.look("errors").state is State.BAD
    assert house.look("errors", attention=200, bad=300).state is State.GOOD


def test_only_what_is_new_since_the_check_before_counts(house):
    house.logs("web1", "ERROR old")
    house.logs("web2", "")
    first = house.look("errors")
    house.marks = {("errors", "production", host): mark for host, mark in first.marks.items()}
    assert house.look("errors").state is State.GOOD
    house.logs("web1", "ERROR new")
    again = house.look("errors")
    assert again.said == "web1: 1 error line"
    assert again.lines == ("web1: ERROR new",)


def test_a_log_that_was_rotated_meanwhile_is_read_to_its_end_and_then_the_new_one(house):
    house.logs("web1", "ERROR seen")
    house.logs("web2", "")
    first = house.look("errors")
    house.marks = {("errors", "production", host): mark for host, mark in first.marks.items()}
    house.logs("web1", "ERROR at the end of the old log")
    log = house.path("web1", "app/current/storage/app.log")
    log.rename(log.with_suffix(".log.1"))
    house.logs("web1", "ERROR in the new log")
    found = house.look("errors")
    assert found.said == "web1: 2 error lines"
    assert found.lines == ("web1: ERROR in the new log", "web1: ERROR at the end of the old log")


def test_a_log_that_was_emptied_is_read_from_its_beginning(house):
    house.logs("web1", "INFO a long line that was read before", "ERROR seen")
    house.logs("web2", "")
    first = house.look("errors")
    house.marks = {("errors", "production", host): mark for host, mark in first.marks.items()}
    house.path("web1", "app/current/storage/app.log").write_text("ERROR new\n")
    assert house.look("errors").said == "web1: 1 error line"


def test_an_enormous_log_costs_no_more_than_its_end(house):
    with house.path("web1", "app/current/storage/app.log").open("wb") as log:
        log.write(b"ERROR in the first megabyte\n")
        log.seek(64 * 1024 * 1024)
        log.write(b"\nERROR at the end\n")
    house.logs("web2", "")
    found = house.look("errors")
    assert found.said == "web1: 1 error line"
    house.marks = {("errors", "production", "web1"): f"{found.marks['web1'].split()[0]} 0"}
    assert house.look("errors").said == "web1: at least 1 error line"


def test_secrets_in_errors_are_masked_and_long_lines_cut(house):
    house.logs("web1", "ERROR login failed: password=hunter2 at https://ana:geheim@shop.example", f"ERROR {'x' * 900}")
    house.logs("web2", "")
    cut, masked = house.look("errors").lines
    assert masked == "web1: ERROR login failed: password=*** at https://***@shop.example"
    assert cut.endswith("…")
    assert len(cut) < 260


def test_a_pattern_of_ones_own_says_which_lines_count(house):
    house.logs("web1", '{"level":"error"}', "ERROR")
    house.logs("web2", "")
    assert house.look("errors", pattern='"level":"(error|fatal)"').lines == ('web1: {"level":"error"}',)


def test_a_log_that_is_not_there_is_unknown(house):
    house.logs("web1", "fine")
    found = house.look("errors")
    assert (found.state, found.said) == (State.UNKNOWN, "web2: there is no log at storage/app.log")
    assert "log" in found.advice


def test_a_log_that_is_no_text_is_read_all_the_same(house):
    house.path("web1", "app/current/storage/app.log").write_bytes(b"\xff\xfe\x00 ERROR \xc3\x28\n" * 3)
    house.logs("web2", "")
    assert house.look("errors").said == "web1: 3 error lines"
