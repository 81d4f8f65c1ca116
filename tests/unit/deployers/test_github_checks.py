"""Of everything that was said about a revision, the newest counts, and the worst where a name is shared."""

import pytest

from deployers.github_checks import Said, judged


def run(name, conclusion="success", *, at="2026-03-18T10:00:00Z", number=1, app=1, status="completed"):
    about = {"id": number, "name": name, "status": status, "conclusion": conclusion, "started_at": at}
    return {**about, "html_url": f"https://github.com/runs/{number}", "app": {"id": app}}


def status(context, state, *, at="2026-03-18T10:00:00Z", number=1):
    return {"id": number, "context": context, "state": state, "created_at": at, "target_url": None}


def words(runs=(), statuses=()):
    return {said.name: said.conclusion for said in judged(runs, statuses)}


def test_the_newest_rerun_wins_in_whatever_order_they_are_listed():
    old, new = run("tests", "failure"), run("tests", at="2026-03-18T11:00:00Z", number=2)
    assert words([old, new]) == words([new, old]) == {"tests": "success"}
    assert words([run("tests"), run("tests", "failure", at="2026-03-18T11:00:00Z", number=2)]) == {"tests": "failure"}


def test_a_rerun_that_still_runs_is_not_green():
    again = run("tests", None, at="2026-03-18T11:00:00Z", number=2, status="in_progress")
    assert words([run("tests"), again]) == {"tests": "pending"}


@pytest.mark.parametrize("conclusion", ["failure", "cancelled", "timed_out", "skipped", "neutral", "stale", None])
def test_only_success_is_success(conclusion):
    assert words([run("tests", conclusion)])["tests"] == (conclusion or "unknown").replace("_", " ") != "success"


def test_apps_that_share_a_name_both_have_to_be_content():
    assert words([run("tests", "failure", app=1), run("tests", app=2, at="2026-03-18T12:00:00Z")]) == {
        "tests": "failure"
    }
    assert words([run("tests", "success")], [status("tests", "error")]) == {"tests": "error"}
    assert words([run("tests", "success")], [status("tests", "pending")]) == {"tests": "pending"}


def test_the_newest_status_of_a_context_counts():
    later = status("security", "success", at="2026-03-18T11:00:00Z", number=2)
    assert words((), [later, status("security", "failure")]) == {"security": "success"}
    assert words((), [status("security", "odd")]) == {"security": "unknown"}


def test_where_nothing_was_said_there_is_nothing():
    assert judged([], []) == ()
    assert judged([run("tests", number=7)], []) == (Said("tests", "success", "https://github.com/runs/7"),)
