"""A full disk under the wrapper: no step begins without room for its record, and no record is lost to a full disk."""

import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from deployers.ports import Fate, Operation
from tests.system.wrapped import Wrapped


def unavailable(why: str) -> None:
    """Skip, or fail in CI."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Wrapped]:
    """Give a wrapper on a disk of 1 MiB."""
    if os.geteuid() != 0:
        unavailable("only root can mount a small disk to fill")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode:
        unavailable(f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    wrapper = Wrapped(disk / "home")
    try:
        yield wrapper
    finally:
        wrapper.end()
        subprocess.run(["umount", "--lazy", disk], check=True)


def op(number: int, script: str) -> Operation:
    return Operation(f"d1.{number}.web1.1", script, timedelta(seconds=60))


def fill(path: Path) -> None:
    """Write until there is no room."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def test_without_room_for_its_record_a_step_does_not_begin_and_may_be_tried_again(small_disk):
    notes = small_disk.home.parent / "notes"
    notes.touch()
    small_disk.perform(op(0, ":"))
    fill(small_disk.home / "filler")
    first, second = small_disk.perform(op(1, f"echo ran >> {notes}"), op(2, ":"))
    assert first.fate is Fate.REFUSED
    assert first.why == "no_room No space left on device"
    assert (second.fate, second.why) == (Fate.REFUSED, "earlier")
    assert small_disk.record("d1.1.web1.1").fate is Fate.ABSENT
    (small_disk.home / "filler").unlink()
    (again,) = small_disk.perform(op(1, f"echo ran >> {notes}"))
    assert (again.fate, again.exit_code, notes.read_text()) == (Fate.EXITED, 0, "ran\n")


def test_a_step_that_fills_the_disk_leaves_its_exit_code_and_the_end_of_its_output(small_disk):
    script = f"head -c 200000 /dev/zero | tr '\\0' x; echo; cat /dev/zero > {small_disk.home}/filler; exit 9"
    (record,) = small_disk.perform(op(1, script))
    assert (record.fate, record.exit_code) == (Fate.EXITED, 9)
    assert record.output.startswith("x" * 60_000)
    assert small_disk.phases() == {"d1.1.web1.1": "recorded"}


def test_on_a_full_disk_a_running_step_can_still_be_aborted(small_disk):
    running = small_disk.performing(op(1, "sleep 300"))
    small_disk.leader("d1.1.web1.1")
    fill(small_disk.home / "filler")
    small_disk.say("abort", "d1", "1")
    (record,) = small_disk.heard(running)
    assert (record.fate, record.exit_code) == (Fate.EXITED, 143)
