"""Which run is ours, and what a run does; told from values alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployers.github_run import Job, Run, State, Step, Wanted, candidates

AT = datetime(2026, 3, 18, 10, tzinfo=UTC)
SHA = "a" * 40
MARK = "d42-1795543195.3.github.1"
WANTED = Wanted("deploy.yml", "refs/tags/v2.3", SHA, MARK, AT)
RUN = Run(1, "https://github.com/runs/1", SHA, "v2.3", "Deploy", "queued", "", AT)


def test_a_run_that_carries_the_operation_is_ours_whatever_else_looks_like_it():
    ours = replace(RUN, id=2, title=f"Deploy v2.3 ({MARK})")
    assert candidates([RUN, ours], WANTED) == (ours,)


@pytest.mark.parametrize("title", [f"Deploy {MARK}0", f"Deploy {MARK}.2", f"Deploy a-{MARK}", f"Deploy {MARK}-b"])
def test_an_operation_is_not_found_within_another(title):
    assert candidates([replace(RUN, title=title)], WANTED) == ()


def test_without_the_operation_commit_ref_and_time_have_to_be_the_same():
    assert candidates([RUN], WANTED) == (RUN,)
    others = (
        replace(RUN, sha="b" * 40),
        replace(RUN, branch="main"),
        replace(RUN, created=AT - timedelta(minutes=2)),
        replace(RUN, event="push"),
        replace(RUN, title="Deploy d41-1795543100.1.github.1"),
    )
    assert candidates(others, WANTED) == ()


def test_a_run_that_another_deployment_owns_is_not_ours():
    assert candidates([RUN], replace(WANTED, taken=frozenset({1}))) == ()


@given(st.lists(st.sampled_from(["Deploy", f"Deploy {MARK}", "Deploy d7-1795543000.1.github.1"]), max_size=6))
def test_two_that_look_alike_are_never_one(titles):
    runs = [replace(RUN, id=number, title=title) for number, title in enumerate(titles)]
    named, alike = titles.count(f"Deploy {MARK}"), titles.count("Deploy")
    assert len(candidates(runs, WANTED)) == (named or alike)


@pytest.mark.parametrize(
    ("status", "conclusion", "state"),
    [
        ("queued", "", State.QUEUED),
        ("pending", "", State.BEHIND),
        ("waiting", "", State.WAITING),
        ("in_progress", "", State.RUNNING),
        ("completed", "success", State.SUCCEEDED),
        ("completed", "cancelled", State.CANCELLED),
        ("completed", "failure", State.FAILED),
        ("completed", "skipped", State.FAILED),
        ("completed", "startup_failure", State.FAILED),
        ("completed", "", State.FAILED),
    ],
)
def test_a_run_does_one_thing(status, conclusion, state):
    assert replace(RUN, status=status, conclusion=conclusion).state is state


def test_the_failing_step_is_named_and_nothing_where_all_is_well():
    well = Job(1, "build", "completed", "success", "")
    bad = Job(
        2,
        "ship",
        "completed",
        "failure",
        "",
        steps=(Step("Get", "completed", "success"), Step("Go", "completed", "failure")),
    )
    assert replace(RUN, jobs=(well, bad)).failing() == (bad, bad.steps[1])
    assert replace(RUN, jobs=(well, replace(bad, steps=()))).failing() == (replace(bad, steps=()), None)
    assert replace(RUN, jobs=(well,)).failing() is None
