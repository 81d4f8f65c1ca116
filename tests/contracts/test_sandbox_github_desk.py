"""What the page shows of GitHub, what people do to runs there, and what they break."""

import httpx
import pytest

from bot.sandbox.github.desk import TROUBLES, Desk
from bot.sandbox.github.hub import TOKEN
from bot.sandbox.github.team import REPOSITORY, Team
from bot.sandbox.repository import build_repository
from tests.contracts.github_kit import Clock
from tests.contracts.sandbox_hosts_kit import eventually

DISPATCH = f"/repos/{REPOSITORY}/actions/workflows/deploy.yml/dispatches"


class Story:
    """A desk, who moves GitHub's clock on, and a client that starts runs."""

    def __init__(self, team, http) -> None:
        self.team, self.hub, self.http = team, team.hub, http
        self.clock = team.hub.clock
        self.desk = Desk(team)

    def starts(self):
        """Start a run, and return GitHub's answer."""
        body = {"ref": "v2.3", "inputs": {"environment": "staging"}, "return_run_details": True}
        return self.http.post(DISPATCH, json=body)

    def shown(self):
        """Return the newest run as the page shows it."""
        return self.desk.told()["runs"][0]


@pytest.fixture
def story(tmp_path):
    team = Team(build_repository(tmp_path))
    team.hub.clock = Clock()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with team.server, httpx.Client(base_url=team.server.url, headers=headers, timeout=2) as http:
        yield Story(team, http)


def test_a_run_is_shown_with_its_jobs_as_they_go_and_the_newest_first(story):
    assert story.desk.told() == {"repository": REPOSITORY, "runs": []}
    for _ in range(7):
        story.starts()
    numbers = [run["number"] for run in story.desk.told()["runs"]]
    assert numbers == [7, 6, 5, 4, 3]
    assert (story.shown()["state"], [job["state"] for job in story.shown()["jobs"]]) == (
        "running",
        ["running", "queued"],
    )
    story.clock.passes(60)
    shown = story.shown()
    assert (shown["ref"], shown["environment"], shown["actor"]) == ("v2.3", "staging", "shipmate[bot]")
    assert (shown["state"], [job["took"] for job in shown["jobs"]]) == ("success", [1.5, 3.0])


def test_a_failing_job_shows_its_step_and_the_end_of_its_log(story):
    story.desk.switch("fails", True)
    story.starts()
    story.clock.passes(60)
    job = story.shown()["jobs"][-1]
    assert (job["state"], job["log"]) == ("failure", ["No space left on device"])
    assert {"name": "Ship", "state": "failure"} in job["steps"]


@pytest.mark.parametrize(("act", "ends"), [("approve", "success"), ("reject", "failure"), ("cancel", "cancelled")])
def test_what_waits_for_an_approval_is_answered_or_cancelled(story, act, ends):
    story.desk.switch("guarded", True)
    story.starts()
    story.clock.passes(60)
    assert (story.shown()["waits"], story.shown()["state"]) == (True, "waiting")
    story.desk.act(story.shown()["id"], act)
    story.clock.passes(60)
    assert (story.shown()["waits"], story.shown()["state"]) == (False, ends)


def test_a_run_is_run_again_and_deleted(story):
    story.starts()
    story.clock.passes(60)
    number = story.shown()["id"]
    story.desk.act(number, "again")
    assert (story.shown()["attempt"], story.shown()["state"]) == (2, "running")
    story.desk.act(number, "delete")
    assert story.desk.told()["runs"] == []
    with pytest.raises(ValueError, match="Not Found"):
        story.desk.act(number, "again")
    with pytest.raises(ValueError, match="nobody can"):
        story.desk.act(number, "praise")


def test_runs_that_no_runner_takes_go_on_once_there_is_one(story):
    story.desk.switch("runners", True)
    story.starts()
    story.clock.passes(600)
    assert story.shown()["state"] == "queued"
    story.desk.switch("runners", False)
    assert story.shown()["state"] == "running"
    story.clock.passes(60)
    assert story.shown()["state"] == "success"


@pytest.mark.parametrize(
    ("name", "started", "told"),
    [
        ("accepted", 1, 502),
        ("silent", 1, 204),
        ("away", 0, 502),
        ("limit", 0, 403),
        ("reset", 0, None),
        ("hang", 0, None),
        ("page3", 1, 200),
    ],
)
def test_a_fault_strikes_until_it_is_switched_off(story, name, started, told):
    story.desk.switch(name, True)
    try:
        assert story.starts().status_code == told
    except httpx.TransportError:
        assert told is None
    assert len(story.hub.runs) == started
    story.desk.switch(name, False)
    assert story.starts().status_code == 200
    assert len(story.hub.runs) == started + 1


def test_only_the_third_page_fails(story):
    story.desk.switch("page3", True)
    path = f"/repos/{REPOSITORY}/commits"
    assert [story.http.get(path, params={"per_page": 2, "page": page}).status_code for page in (1, 2, 3)] == [
        200,
        200,
        502,
    ]


def test_every_trouble_is_offered_with_a_word_on_what_it_does(story):
    offered = list(story.desk.faults())
    assert {it["name"] for it in offered} == {f"github.{it.name}" for it in TROUBLES}
    assert all(it["label"] and it["note"].endswith(".") and not it["on"] for it in offered)
    story.desk.switch("guarded", True)
    assert [it["name"] for it in story.desk.faults() if it["on"]] == ["github.guarded"]
    with pytest.raises(ValueError, match="nothing about GitHub"):
        story.desk.switch("gravity", True)


def test_what_happens_while_webhooks_are_off_is_never_told(story):
    hooks = story.team.server.webhooks
    story.desk.switch("hooks", True)
    hooks.url = "http://127.0.0.1:9/nobody"
    story.starts()
    eventually(lambda: hooks.seen)
    story.desk.switch("hooks", False)
    story.clock.passes(60)
    eventually(lambda: any("workflow_run" in it.body for it in hooks.sent))
    assert [it.body["action"] for it in hooks.sent if "workflow_run" in it.body] == ["completed"]


def test_who_follows_a_link_of_githubs_is_told_where_runs_are_shown(story):
    told = story.http.get(f"/{REPOSITORY}/actions/runs/7")
    assert (told.status_code, "Behind the scenes" in told.text) == (200, True)
