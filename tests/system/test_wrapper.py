"""The step wrapper under dash: whatever dies, an operation runs once and what became of it can be read."""

import os
import signal
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from threading import Event

import pytest

from deployers.ports import Fate, Operation
from tests.system.wrapped import Wrapped, alive, until, wrapped

__all__ = ["wrapped"]


def op(number: int, script: str = ":", seconds: float = 60) -> Operation:
    return Operation(f"d1.{number}.web1.1", script, timedelta(seconds=seconds))


def gated(home: Path, then: str = ":") -> str:
    """Return a script that notes its start, waits for a file, and does something."""
    return f"echo started >> {home}/notes; until [ -e {home}/gate ]; do sleep 0.05; done; {then}"


def noted(home: Path) -> list[str]:
    return (home / "notes").read_text().split() if (home / "notes").exists() else []


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
    _claim(wrapped, op(1, "echo never"), boot="11111111-1111-1111-1111-111111111111")
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


def _claim(wrapped: Wrapped, operation: Operation, boot: str = "") -> None:
    """Leave what a wrapper leaves that dies right after its claim."""
    boot = boot or Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    folder = wrapped.record_folder(operation.id)
    folder.mkdir(parents=True)
    (folder / "claim").write_text(f"{boot}:4194303:1 d1 1 60\n")
    (folder / "script").write_text(operation.script)
    (folder / "output").touch()


def test_a_claim_whose_wrapper_died_before_the_beginning_is_given_up_for_it(wrapped):
    _claim(wrapped, op(1, "echo old"))
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


def test_of_two_racing_leaders_the_older_is_refused_or_seen(wrapped):
    """Once the newer one has been heard, nothing of the older one begins that the newer one could not see."""
    for round_ in range(25):
        stale, fresh = (Operation(f"d{round_}.{who}.web1.1", ":", timedelta(seconds=60)) for who in ("old", "new"))
        old = wrapped.performing(stale, group=f"d{round_}", token=2 * round_ + 1)
        new = wrapped.performing(fresh, group=f"d{round_}", token=2 * round_ + 2)
        assert wrapped.heard(new)[0].exit_code == 0
        seen = wrapped.record(stale.id)
        (told,) = wrapped.heard(old)
        if seen.fate is Fate.ABSENT:
            assert (told.fate, told.why) == (Fate.REFUSED, f"fenced {2 * round_ + 2}")
        else:
            assert (told.fate, told.exit_code) in ((Fate.EXITED, 0), (Fate.REFUSED, None))


def test_an_abort_between_two_operations_stops_the_second(wrapped):
    script = f"echo one >> {wrapped.home}/notes; mkdir -p {wrapped.folder}/aborted/d1"
    first, second = wrapped.perform(op(1, script), op(2, f"echo two >> {wrapped.home}/notes"))
    assert (first.exit_code, second.fate, second.why) == (0, Fate.REFUSED, "aborted")
    assert noted(wrapped.home) == ["one"]


def test_a_newer_token_between_two_operations_stops_the_second(wrapped):
    first, second = wrapped.perform(op(1, f"mkdir {wrapped.folder}/tokens/10"), op(2), token=9)
    assert (first.exit_code, second.fate, second.why) == (0, Fate.REFUSED, "fenced 10")


def test_an_abort_in_the_middle_of_a_step_stops_the_whole_group_before_it_answers(wrapped):
    script = f"sleep 300 & (sleep 300; echo never) & {gated(wrapped.home)}"
    running = wrapped.performing(op(1, script), op(2, f"echo two >> {wrapped.home}/notes"))
    until(lambda: noted(wrapped.home))
    leader = wrapped.leader("d1.1.web1.1")
    wrapped.say("abort", "d1", "2")
    assert not alive(leader)
    first, second = wrapped.heard(running)
    assert (first.fate, first.exit_code) == (Fate.EXITED, 143)
    assert (second.fate, second.why) == (Fate.REFUSED, "aborted")
    assert noted(wrapped.home) == ["started"]


def test_an_abort_kills_what_will_not_stop(wrapped):
    stubborn = f"trap '' TERM; echo started >> {wrapped.home}/notes; while :; do sleep 0.1; done"
    running = wrapped.performing(op(1, stubborn))
    until(lambda: noted(wrapped.home))
    wrapped.say("abort", "d1", "2")
    assert not alive(wrapped.leader("d1.1.web1.1"))
    assert wrapped.record("d1.1.web1.1").exit_code == 137
    assert wrapped.heard(running)[0].exit_code == 137


def test_an_abort_leaves_other_deployments_alone(wrapped):
    other = wrapped.performing(
        Operation("d2.1.web1.1", gated(wrapped.home, "exit 4"), timedelta(seconds=60)), group="d2", token=2
    )
    until(lambda: noted(wrapped.home))
    wrapped.say("abort", "d1", "2")
    (wrapped.home / "gate").touch()
    assert wrapped.heard(other)[0].exit_code == 4


def test_an_abort_gives_up_a_claim_so_that_it_never_begins(wrapped):
    _claim(wrapped, op(1, f"echo never >> {wrapped.home}/notes"))
    wrapped.say("abort", "d1", "2")
    (record,) = wrapped.perform(op(1, f"echo never >> {wrapped.home}/notes"), token=2)
    assert (record.fate, record.why, noted(wrapped.home)) == (Fate.REFUSED, "aborted", [])


def test_a_lock_survives_the_wrapper_and_a_stale_empty_one_is_no_lock(wrapped):
    (wrapped.folder / "lock").mkdir()
    assert wrapped.say("lock", "YQ==", "1", "2026-11-24T12:00:00Z") == []
    assert wrapped.say("lock", "YQ==", "1", "2026-11-24T13:00:00Z") == []
    assert wrapped.say("lock", "Yg==", "1", "2026-11-24T13:00:00Z") == [b"! locked YQ== 2026-11-24T12:00:00Z"]
    assert (wrapped.folder / "lock/owner").read_text() == "a\n1\n2026-11-24T12:00:00Z\n"


def test_a_lock_that_a_person_made_is_kept(wrapped):
    (wrapped.folder / "lock").mkdir()
    (wrapped.folder / "lock/owner").write_text("omar, moving the database\n")
    (answer,) = wrapped.say("lock", "YQ==", "99", "2026-11-24T12:00:00Z")
    assert answer.startswith(b"! locked b21hciwgbW92aW5n")
    wrapped.say("unlock", "YQ==")
    assert (wrapped.folder / "lock/owner").exists()


def test_racing_lockers_leave_one_holder(wrapped):
    racing = [wrapped.start("lock", owner, "3", "-") for owner in ("YQ==", "Yg==", "Yw==", "ZA==")]
    answers = [wrapped.told(process) for process in racing]
    assert sorted(len(answer) for answer in answers) == [0, 1, 1, 1]


def test_old_records_are_forgotten_but_not_that_they_were_and_no_token(wrapped):
    kept = {"SHIPMATE_KEEP": "2"}
    for number in range(4):
        wrapped.perform(
            Operation(f"d{number}.1.web1.1", ":", timedelta(seconds=60)), group=f"d{number}", token=number + 1
        )
        if number != 1:
            long_ago = 1_600_000_000 + number
            os.utime(wrapped.record_folder(f"d{number}.1.web1.1"), (long_ago, long_ago))
    (wrapped.folder / ".pruned").unlink()
    wrapped.perform(Operation("d9.1.web1.1", ":", timedelta(seconds=60)), group="d9", token=9, env=kept)
    until(lambda: not wrapped.record_folder("d0.1.web1.1").exists())
    left = {folder.name for folder in (wrapped.folder / "ops").iterdir()}
    assert left == {"d9.1.web1.1", "d1.1.web1.1"}
    assert {token.name for token in (wrapped.folder / "tokens").iterdir()} == {"1", "2", "3", "4", "9"}
    (again,) = wrapped.perform(
        Operation("d0.1.web1.1", f"echo again >> {wrapped.home}/notes", timedelta(seconds=60)), group="d0", token=9
    )
    assert (again.fate, noted(wrapped.home)) == (Fate.UNKNOWN, [])


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
