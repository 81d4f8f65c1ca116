"""The step wrapper under dash: what stops a step or keeps it from beginning, and what is forgotten in the end."""

import os
from datetime import timedelta

from deployers.ports import Fate, Operation
from tests.system.wrapped import alive, claim, gated, noted, op, until, wrapped

__all__ = ["wrapped"]


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
    claim(wrapped, op(1, f"echo never >> {wrapped.home}/notes"))
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
