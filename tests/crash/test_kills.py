"""kill -9 at any instant: nothing is lost, nothing runs twice, and everything ends once."""

import sys
from itertools import repeat
from pathlib import Path

from tests.crash.killer import Aim
from tests.crash.torture import torture


def test_no_kill_loses_a_step_or_runs_one_twice_and_every_deployment_ends_once(tmp_path, capsys, kills, seed):
    report = torture(tmp_path, kills=kills, seed=seed)
    with capsys.disabled():
        sys.stdout.write(f"{report}\n")
    assert not report.faults, "\n".join(report.faults)
    assert len(report.hits) == kills


def test_without_the_guard_on_the_hosts_a_step_is_seen_to_run_twice(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "unguarded"))
    just_begun = repeat(Aim(2, 0.02))
    report = torture(tmp_path, kills=4, seed=1, plan=just_begun)
    with capsys.disabled():
        sys.stdout.write(f"{report}\n")
    assert any("ran twice" in fault for fault in report.faults)
