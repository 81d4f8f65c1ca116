"""kill -9 at any instant: nothing is lost, nothing runs twice, and everything ends once."""

import os
import sys
from itertools import repeat
from pathlib import Path

from tests.crash.killer import After
from tests.crash.stories import BACK, DEPLOY
from tests.crash.torture import Course, Report, torture
from tests.system.cluster import cluster


def test_no_kill_loses_a_step_or_runs_one_twice_and_every_deployment_ends_once(
    tmp_path, capsys, kills, abreast, seed, launch
):
    _holds(torture(tmp_path, Course(kills, seed, abreast=abreast, launch=launch)), kills, capsys)


def test_of_two_bots_over_postgresql_any_may_be_killed_and_the_same_holds(
    tmp_path, capsys, kills, abreast, seed, launch
):
    with cluster() as server:
        course = Course(kills, seed, server, abreast, launch=launch)
        _holds(torture(tmp_path, course), kills, capsys)


def test_without_the_guard_on_the_hosts_a_step_is_seen_to_run_twice(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "unguarded"), prepend=os.pathsep)
    just_begun = After(2, 0.02)
    course = Course(
        4, seed=1, stories=(DEPLOY, BACK), aims=lambda _story, _hits, _sees: repeat(just_begun), mischief=False
    )
    report = torture(tmp_path, course)
    _tells(report, capsys)
    assert any("ran twice" in fault for fault in report.faults)


def _holds(report: Report, kills: int, capsys) -> None:
    _tells(report, capsys)
    assert not report.faults, "\n".join(report.faults)
    assert len(report.hits) == kills


def _tells(report: Report, capsys) -> None:
    with capsys.disabled():
        sys.stdout.write(f"{report}\n")
