"""kill -9 at any instant of a dispatch: one run each, taken up after the restart."""

import sys
from concurrent.futures import ThreadPoolExecutor

from tests.crash.dispatch import Course, killed
from tests.crash.phases import PHASES


def test_a_bot_that_is_killed_while_it_dispatches_has_started_one_run_and_takes_it_up(
    tmp_path, capsys, dispatch_kills, abreast, seed, launch
):
    shares = [len(range(place, dispatch_kills, abreast)) for place in range(abreast)]

    def in_one(place: int) -> Course:
        folder = tmp_path / f"world{place + 1}"
        folder.mkdir()
        return killed(folder, shares[place], f"{seed}.{place}", launch)

    with ThreadPoolExecutor(abreast) as worlds:
        course = sum(worlds.map(in_one, range(abreast)), Course())
    with capsys.disabled():
        sys.stdout.write(f"\nseed {seed}, in {abreast} worlds at a time:\n{course}\n")
    assert not course.faults, "\n".join(course.faults)
    assert course.hits.total() == dispatch_kills
    wanted = dispatch_kills // (2 * len(PHASES))
    assert all(course.phases[phase] >= wanted for phase in PHASES), "some phases were hardly hit"
