"""What both deployers promise: a host over SSH under its wrapper, and a workflow on GitHub over HTTP."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from time import monotonic

import pytest

from deployers.errors import DeployError
from deployers.ports import Authority, Fate, Record
from tests.contracts.deployers_kit import LAST_WORDS, MARK, Outside, over_github, over_openssh, over_ssh

OURS = Authority(MARK, 5)
HOURS = timedelta(hours=9)
KEPT = 64 * 1024
KINDS = {"ssh": over_ssh, "openssh": over_openssh, "github": over_github}


@pytest.fixture(params=["ssh", pytest.param("openssh", marks=pytest.mark.system), "github"])
def outside(request, tmp_path) -> Iterator[Outside]:
    """Give what each deployer reaches in turn."""
    with KINDS[request.param](tmp_path) as reached:
        yield reached


@pytest.fixture
def remote(outside):
    opened = outside.remote()
    yield opened
    opened.close()


def until(holds: Callable[[], bool]) -> None:
    end = monotonic() + 60
    while not holds():
        assert monotonic() < end
        Event().wait(0.02)


@contextmanager
def performing(outside, remote, step) -> Iterator[Future[tuple[Record, ...]]]:
    """Perform the first step in another thread, and go on once it has begun."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(remote.perform, outside.host, [step], OURS)
        until(lambda: outside.begun(1) > 0 or future.done())
        yield future


def test_a_step_that_goes_well_says_so_and_its_last_record_is_told(outside, remote):
    heard = []
    (record,) = remote.perform(outside.host, [outside.step(1, "well")], OURS, heard=heard.append)
    assert (record.fate, record.exit_code, record.token) == (Fate.EXITED, 0, 5)
    assert record.output_bytes == len(record.output.encode()) > 0
    assert heard[-1] == record
    assert outside.begun(1) == 1


def test_a_step_that_fails_says_with_which_code_and_in_which_words_and_what_follows_never_begins(outside, remote):
    steps = [outside.step(1, "bad"), outside.step(2, "well"), outside.step(3, "well")]
    records = remote.perform(outside.host, steps, OURS)
    assert records[0].fate is Fate.EXITED
    assert records[0].exit_code
    assert LAST_WORDS in records[0].output
    assert [(each.fate, each.why) for each in records[1:]] == [(Fate.REFUSED, "earlier")] * 2
    assert [outside.begun(number) for number in (1, 2, 3)] == [1, 0, 0]


def test_of_endless_output_the_end_is_kept_and_no_more_than_64_kib(outside, remote):
    (record,) = remote.perform(outside.host, [outside.step(1, "talks")], OURS)
    assert LAST_WORDS in record.output
    assert len(record.output) == KEPT < record.output_bytes


def test_what_was_done_is_not_done_again_by_whoever_asks_after_a_crash(outside, remote):
    step = outside.step(1, "bad")
    (first,) = remote.perform(outside.host, [step], OURS)
    remote.close()
    later = outside.remote()
    (again,) = later.perform(outside.host, [step], OURS)
    assert (again.fate, again.exit_code, again.output) == (first.fate, first.exit_code, first.output)
    assert outside.begun(1) == 1
    later.close()


def test_where_the_connection_is_lost_a_step_is_neither_good_nor_bad_until_somebody_can_ask_again(outside, remote):
    step = outside.step(1, "held")
    with performing(outside, remote, step) as future:
        outside.cable.cut()
        with pytest.raises(DeployError) as lost:
            future.result(60)
    assert lost.value.code in ("unreachable", "unknown")
    assert outside.runs(1)
    outside.cable.mend()
    outside.finish()
    later = outside.remote()
    (record,) = later.perform(outside.host, [step], OURS)
    assert (record.fate, record.exit_code, outside.begun(1)) == (Fate.EXITED, 0, 1)
    later.close()


def test_a_connection_that_breaks_for_a_moment_changes_nothing(outside, remote):
    with performing(outside, remote, outside.step(1, "held", HOURS)) as future:
        outside.cable.cut()
        outside.cable.mend()
        outside.finish()
        (record,) = future.result(60)
    assert (record.fate, record.exit_code, outside.begun(1)) == (Fate.EXITED, 0, 1)


def test_a_step_that_goes_on_after_a_crash_is_waited_for_by_who_asks_again(outside, remote):
    step = outside.step(1, "held", HOURS)
    with performing(outside, remote, step), ThreadPoolExecutor(1) as pool:
        later = outside.remote()
        again = pool.submit(later.perform, outside.host, [step], OURS)
        Event().wait(0.3)
        assert not again.done()
        outside.finish()
        (record,) = again.result(60)
    assert (record.fate, record.exit_code, outside.begun(1)) == (Fate.EXITED, 0, 1)
    later.close()


def test_what_never_began_because_nobody_could_be_reached_begins_once_when_it_is_asked_again(outside, remote):
    outside.cable.cut()
    step = outside.step(1, "well")
    with pytest.raises(DeployError):
        remote.perform(outside.host, [step], OURS)
    assert outside.begun(1) == 0
    outside.cable.mend()
    later = outside.remote()
    (record,) = later.perform(outside.host, [step], OURS)
    assert (record.fate, record.exit_code, outside.begun(1)) == (Fate.EXITED, 0, 1)
    later.close()


def test_a_cancel_comes_back_once_the_step_has_stopped_and_nothing_more_of_it_begins(outside, remote):
    with performing(outside, remote, outside.step(1, "held", HOURS)) as future:
        assert outside.runs(1)
        remote.abort(outside.host, OURS)
        assert not outside.runs(1)
        (record,) = future.result(60)
    assert (record.fate, record.exit_code) != (Fate.EXITED, 0)
    (refused,) = remote.perform(outside.host, [outside.step(2, "well")], OURS)
    assert (refused.fate, refused.why, outside.begun(2)) == (Fate.REFUSED, "aborted", 0)


def test_what_is_known_of_steps_can_be_read_at_any_time(outside, remote):
    bad, held, never = outside.step(2, "bad"), outside.step(1, "held", HOURS), outside.step(3, "well")
    remote.perform(outside.host, [bad], OURS)
    with performing(outside, remote, held) as future:
        told = remote.records(outside.host, [held.id, bad.id, never.id])
        outside.finish()
        future.result(60)
    assert [each.fate for each in told] == [Fate.RUNNING, Fate.EXITED, Fate.ABSENT]
    assert told[1].exit_code
