"""A run is looked at rarely while it cannot be over yet, and often when it usually is."""

from datetime import UTC, datetime, timedelta

import pytest

from deployers.github_pace import FAR, HEARD, NEAR, PLAIN, SPARING, wait
from deployers.github_run import Job, Run

BEGAN = datetime(2026, 12, 1, 9, tzinfo=UTC)
USUAL = {"build": 100.0, "ship": 200.0}


def job(name, status, began=None):
    return Job(
        1,
        name,
        status,
        "success" if status == "completed" else "",
        "",
        None if began is None else BEGAN + timedelta(seconds=began),
    )


def waits(age, *jobs: Job, usual=None, status="in_progress", heard=False):
    run = Run(1, "", "", "main", "", status, "", BEGAN, jobs=jobs)
    return wait(run, BEGAN + timedelta(seconds=age), USUAL if usual is None else usual, heard=heard)


BUILDS = (job("build", "in_progress", 0), job("ship", "queued"))
SHIPS = (job("build", "completed", 0), job("ship", "in_progress", 100))


@pytest.mark.parametrize(
    ("age", "jobs", "seconds"),
    [
        (0, BUILDS, FAR),
        (94, BUILDS, 7),
        (150, SHIPS, FAR),
        (245, SHIPS, 10),
        (256, SHIPS, NEAR),
        (300, SHIPS, 1),
        (302, SHIPS, NEAR),
        (440, SHIPS, NEAR),
        (460, SHIPS, 5.0),
        (2000, SHIPS, 5.0),
        (0, (job("build", "in_progress", 0),), FAR),
    ],
    ids=str,
)
def test_the_longest_that_is_left_says_when_to_look(age, jobs, seconds):
    assert waits(age, *jobs) == seconds


@pytest.mark.parametrize(
    ("age", "jobs", "seconds"),
    [(0, BUILDS, SPARING), (600, BUILDS, SPARING), (39, SHIPS, SPARING), (40, SHIPS, PLAIN), (600, SHIPS, PLAIN)],
    ids=str,
)
@pytest.mark.parametrize("usual", [{}, {"build": 10.0}])
def test_where_nobody_knows_how_long_a_job_takes_it_is_looked_at_no_more_often_than_by_a_plain_loop(
    age, jobs, seconds, usual
):
    assert waits(age, *jobs, usual=usual) == seconds
    assert PLAIN == 5


@pytest.mark.parametrize("status", ["queued", "waiting", "pending"])
@pytest.mark.parametrize(("age", "seconds"), [(0, 5.0), (200, 6.0), (3000, 20.0)])
def test_while_it_waits_for_somebody_it_is_looked_at_ever_more_slowly(status, age, seconds):
    assert waits(age, *BUILDS, status=status) == seconds


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_where_github_tells_by_itself_a_look_only_makes_sure(status):
    assert waits(290, *SHIPS, status=status, heard=True) == HEARD
    assert HEARD < 60
