"""The step wrapper under dash: whatever dies, an operation runs once and what became of it can be read."""

import os
import signal
from hashlib import sha256
from random import Random
from threading import Event

import pytest

from deployers.ports import Fate
from tests.system.wrapped import alive, claim, gated, noted, op, until, wrapped

__all__ = ["wrapped"]


def test_a_step_outlives_its_wrapper_and_leaves_its_exit_code(wrapped):
    first = wrapped.performing(op(1, gated(wrapped.home, "echo late; exit 7")))
    wrapped.leader("d1.1.web1.1")
    until(lambda: noted(wrapped.home))
    first.kill()
    assert wrapped.record("d1.1.web1.1").fate is Fate.RUNNING
    (wrapped.home / "gate").touch()
    (record,) = wrapped.perform(op(1, "echo never"))
    assert (record.fate, record.exit_code, record.output) == (Fate.EXITED, 7, "late\n")
    assert noted(wrapped.home) == ["started"]


def test_a_step_that_was_killed_is_unknown_and_never_runs_again(wrapped):
    running = wrapped.performing(op(1, gated(wrapped.home)), op(2, f"echo two >> {wrapped.home}/notes"))
    until(lambda: noted(wrapped.home))
    os.killpg(wrapped.leader("d1.1.web1.1"), signal.SIGKILL)
    first, second = wrapped.heard(running)
    assert (first.fate, first.exit_code) == (Fate.UNKNOWN, None)
    assert (second.fate, second.why) == (Fate.REFUSED, "earlier")
    assert wrapped.perform(op(1, gated(wrapped.home))) == [first]
    assert noted(wrapped.home) == ["started"]


def test_a_step_whose_group_lost_its_leader_is_waited_for(wrapped):
    running = wrapped.performing(op(1, gated(wrapped.home, "exit 3")))
    until(lambda: noted(wrapped.home))
    os.kill(wrapped.leader("d1.1.web1.1"), signal.SIGKILL)
    assert wrapped.record("d1.1.web1.1").fate is Fate.RUNNING
    (wrapped.home / "gate").touch()
    (record,) = wrapped.heard(running)
    assert (record.fate, record.exit_code) == (Fate.EXITED, 3)


def test_after_a_reboot_what_had_ended_is_read_and_what_ran_is_unknown(wrapped, tmp_path):
    wrapped.perform(op(1, "echo done"))
    running = wrapped.performing(op(2, gated(wrapped.home)))
    until(lambda: noted(wrapped.home))
    os.killpg(wrapped.leader("d1.2.web1.1"), signal.SIGKILL)
    running.kill()
    other_boot = tmp_path / "boot_id"
    other_boot.write_text("00000000-0000-0000-0000-000000000000\n")
    rebooted = {"SHIPMATE_BOOT_FILE": str(other_boot)}
    assert wrapped.record("d1.1.web1.1", rebooted).exit_code == 0
    (again,) = wrapped.perform(op(2, gated(wrapped.home)), env=rebooted)
    assert again.fate is Fate.UNKNOWN
    assert noted(wrapped.home) == ["started"]


def test_a_claim_from_before_a_reboot_is_unknown_because_its_beginning_may_be_lost(wrapped):
    claim(wrapped, op(1, "echo never"), boot="11111111-1111-1111-1111-111111111111")
    assert wrapped.record("d1.1.web1.1").fate is Fate.UNKNOWN


def test_a_process_id_that_was_used_again_is_not_the_step(wrapped):
    running = wrapped.performing(op(1, gated(wrapped.home)))
    until(lambda: noted(wrapped.home))
    leader = wrapped.leader("d1.1.web1.1")
    os.killpg(leader, signal.SIGKILL)
    running.kill()
    begun = wrapped.record_folder("d1.1.web1.1") / "begun"
    boot, _, start = begun.readlink().name.split(":")
    begun.unlink()
    begun.symlink_to(f"{boot}:{os.getpid()}:{start}")
    assert wrapped.record("d1.1.web1.1").fate is Fate.UNKNOWN


def test_a_claim_whose_wrapper_died_before_the_beginning_is_given_up_for_it(wrapped):
    claim(wrapped, op(1, "echo old"))
    assert wrapped.phases() == {"d1.1.web1.1": "claimed"}
    assert wrapped.record("d1.1.web1.1").fate is Fate.ABSENT
    (record,) = wrapped.perform(op(1, "echo new"))
    assert (record.exit_code, record.output) == (0, "new\n")


def test_half_a_batch_is_no_batch(wrapped):
    lost = wrapped.start("perform", "d1", "1", stdin=b"d1.1.web1.1 60 OgA=\nd1.2.web1.1 60 Og")
    assert lost.wait(60) == 65
    assert wrapped.record("d1.1.web1.1").fate is Fate.ABSENT


def test_the_phase_of_every_operation_can_be_read(wrapped):
    wrapped.perform(op(1))
    running = wrapped.performing(op(2, gated(wrapped.home)))
    until(lambda: noted(wrapped.home))
    assert wrapped.phases() == {"d1.1.web1.1": "recorded", "d1.2.web1.1": "started"}
    (wrapped.home / "gate").touch()
    wrapped.heard(running)


def test_a_step_that_leaves_a_service_behind_does_not_hang_the_wrapper(wrapped):
    script = f"(while [ ! -e {wrapped.home}/gate ]; do echo serving; sleep 0.05; done) & echo started"
    (record,) = wrapped.perform(op(1, script))
    assert (record.fate, record.exit_code) == (Fate.EXITED, 0)
    assert record.output.startswith("started\n") or record.output.startswith("serving\n")
    assert wrapped.record("d1.1.web1.1") == record
    (wrapped.home / "gate").touch()


def test_of_100_mb_the_end_is_kept_with_length_and_digest_of_all(wrapped):
    (record,) = wrapped.perform(op(1, "head -c 100000000 /dev/zero; echo end"))
    whole = sha256(bytes(100_000_000) + b"end\n")
    assert (record.exit_code, record.output_bytes, record.output_sha256) == (0, 100_000_004, whole.hexdigest())
    assert record.output == "\0" * 65532 + "end\n"
    assert sum(file.lstat().st_size for file in wrapped.record_folder("d1.1.web1.1").iterdir()) < 100_000


def test_a_step_that_prints_without_end_is_stopped(wrapped):
    (record,) = wrapped.perform(op(1, "yes"), env={"SHIPMATE_BUDGET": "1000000"})
    assert (record.fate, record.exit_code) == (Fate.EXITED, 153)
    assert record.output_bytes > 1_000_000


def test_a_step_past_its_deadline_is_stopped(wrapped):
    (record,) = wrapped.perform(op(1, "echo begun; sleep 300", seconds=1))
    assert (record.fate, record.exit_code, record.output[:6]) == (Fate.EXITED, 124, "begun\n")


def test_a_step_that_will_not_stop_at_its_deadline_is_killed(wrapped):
    stubborn = "trap '' TERM; echo begun; while :; do sleep 0.1; done"
    (record,) = wrapped.perform(op(1, stubborn, seconds=1))
    assert (record.fate, record.exit_code) == (Fate.EXITED, 137)
    assert not alive(wrapped.leader("d1.1.web1.1"))


def test_a_step_reads_nothing_and_dies_of_broken_pipes_as_usual(wrapped):
    (record,) = wrapped.perform(op(1, "cat; yes | head -n 1; echo end"))
    assert (record.exit_code, record.output) == (0, "y\nend\n")


def test_batches_with_the_same_ids_run_each_operation_once(wrapped):
    operations = [op(number, f"echo {number} >> {wrapped.home}/notes; sleep 0.1") for number in range(4)]
    racing = [wrapped.performing(*operations) for _ in range(6)]
    answers = [wrapped.heard(process) for process in racing]
    assert all([record.exit_code for record in answer] == [0] * 4 for answer in answers)
    assert noted(wrapped.home) == ["0", "1", "2", "3"]


@pytest.mark.parametrize("seed", range(30))
def test_a_wrapper_killed_at_any_instant_loses_nothing_and_repeats_nothing(wrapped, seed):
    """The step's own group is untouched: whoever asks next gets every exit code, and each ran once."""
    random = Random(seed)
    operations = [op(number, f"echo {number} >> {wrapped.home}/notes; echo out") for number in range(3)]
    first = wrapped.performing(*operations)
    Event().wait(random.uniform(0, 0.12))
    first.kill()
    hit = wrapped.phases()
    records = wrapped.perform(*operations)
    assert [(record.fate, record.exit_code, record.output) for record in records] == [(Fate.EXITED, 0, "out\n")] * 3, (
        hit
    )
    assert noted(wrapped.home) == ["0", "1", "2"], hit
