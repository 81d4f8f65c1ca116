"""GitHub lists every deployment with how it goes; whatever is wrong with GitHub, it is only told later."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.sandbox.github.entities import Pull
from bot.sandbox.repository import sha
from bot.shipping import Shipping
from deployers.github_api import Door
from deployers.github_shipments import Shipments
from storage import deployments, leadership, shipments
from storage.models import OutboxRow, Status
from tests.builders import a_deployment, a_plan
from tests.contracts.github_kit import REPOSITORY, TOKEN, Clock, github
from tests.contracts.github_openapi import Described
from tests.unit.deployers.worlds import environment

S = Status


class Story:
    """A deployment's rows, GitHub, and who tells one of the other."""

    def __init__(self, store, server, origin) -> None:
        self.store, self.hub, self.clock = store, server.hub, server.hub.clock
        self.full = sha(origin, "v2.3")
        self.hub.open_pull(Pull(30, "page: Be green", "mira", "mira/30", self.full))
        with store.begin() as session:
            epoch = leadership.lead(session, "here", self.clock())
        place = replace(environment(1), url="https://shop.example", comment_pulls=True)
        door = Door(REPOSITORY, TOKEN, server.url, patience=2)
        self.shipping = Shipping(store, Shipments(door), self.clock, lambda: epoch, {place.name: place})

    def begins(self, *way: Status):
        deployment = a_deployment("v2.3", sha=self.full, at=self.clock())
        plan = replace_seen(a_plan(), {"pulls": [{"number": 30}]})
        with self.store.begin() as session:
            number = deployments.add(session, deployment, plan).number
        for status in (S.QUEUED, S.PREPARING, *way):
            self.goes(number, status)
        return number

    def goes(self, number, status):
        self.clock.passes(1)
        with self.store.begin() as session:
            deployments.get_for_change(session, number).advance(status, at=self.clock())

    def tells(self, times=1, every=30):
        for _ in range(times):
            self.clock.passes(every)
            self.shipping.tell()

    def states(self):
        return [[said["state"] for said in one.statuses] for one in self.hub.shipments]

    def said(self):
        with self.store.look() as session:
            return [row.payload["text"] for row in session.exec(select(OutboxRow)) if "text" in row.payload]


def replace_seen(plan, seen):
    plan.seen = seen
    return plan


@pytest.fixture
def story(store, tmp_path):
    with github(tmp_path / "origin", clock=Clock()) as server:
        yield Story(store, server, tmp_path / "origin" / "repository.git")


def test_a_deployment_is_listed_with_each_of_its_states_and_where_it_serves(story):
    number = story.begins()
    story.tells(3)
    story.goes(number, S.RUNNING)
    story.tells(2)
    story.goes(number, S.SUCCEEDED)
    story.tells(3)
    assert story.states() == [["in_progress", "success"]]
    (one,) = story.hub.shipments
    assert (one.sha, one.environment, one.task) == (story.full, "production", "deploy")
    assert one.statuses[-1]["environment_url"] == "https://shop.example"
    described = Described()
    assert [fault for it in story.hub.exchanges for fault in described.faults(it)] == []


def test_only_the_newest_success_of_an_environment_is_active(story):
    for _ in range(2):
        story.begins(S.RUNNING, S.SUCCEEDED)
        story.tells()
    assert [states[-1] for states in story.states()] == ["inactive", "success"]


@pytest.mark.parametrize(
    ("way", "last"),
    [
        ((S.FAILED,), "failure"),
        ((S.RUNNING, S.ROLLING_BACK, S.ROLLED_BACK), "failure"),
        ((S.RUNNING, S.INCOMPLETE), "failure"),
        ((S.RUNNING, S.UNKNOWN), "error"),
        ((S.CANCELLED,), "inactive"),
    ],
)
def test_however_it_ends_github_has_a_word_for_it(story, way, last):
    story.begins(*way)
    story.tells(2)
    assert story.states() == [[last]]


def test_what_was_undone_is_inactive(story):
    number = story.begins(S.RUNNING, S.SUCCEEDED)
    story.tells()
    with story.store.begin() as session:
        deployments.get_for_change(session, number).undone_by = number
    story.tells(3)
    assert story.states() == [["success", "inactive"]]


def test_what_never_began_is_not_told(story):
    with story.store.begin() as session:
        deployments.add(session, a_deployment("v2.3", sha=story.full, at=story.clock()), a_plan())
    story.tells()
    assert (story.hub.shipments, len(story.hub.exchanges)) == ([], 0)


@pytest.mark.parametrize("fault", ["broken_after", "lost_reply", "hang_after"])
def test_a_lost_answer_makes_no_second_deployment(story, fault):
    story.hub.faults.add(fault, "create-deployment", times=1)
    story.begins()
    story.tells(4)
    assert story.states() == [["in_progress"]]


def test_while_github_is_away_people_hear_of_it_once_and_it_is_told_later(story):
    story.hub.faults.add("broken")
    number = story.begins(S.RUNNING)
    story.tells(12, every=700)
    (said,) = story.said()
    assert "it answered 502" in said
    assert said.endswith("The deployment is not harmed. I go on trying.")
    story.goes(number, S.SUCCEEDED)
    story.hub.faults.clear()
    story.tells(2, every=700)
    assert story.states() == [["success"]]


def test_a_right_that_is_missing_is_told_once_and_asked_for_again_after_an_hour(story):
    story.hub.faults.add("status", "create-deployment", detail="403")
    number = story.begins()
    story.tells(4)
    asked = len(story.hub.exchanges)
    story.goes(number, S.RUNNING)
    story.tells(3)
    assert len(story.hub.exchanges) == asked
    (said,) = story.said()
    assert "write `list_deployments = false` below `[app]`" in said
    story.hub.faults.clear()
    story.tells(1, every=3600)
    assert story.states() == [["in_progress"]]


def test_a_right_that_is_missing_for_a_day_is_not_asked_for_again(story):
    story.hub.faults.add("status", "create-deployment", detail="403")
    story.begins()
    story.tells()
    story.tells(30, every=3601)
    asked = len(story.hub.exchanges)
    story.tells(3, every=3601)
    assert len(story.hub.exchanges) == asked
    assert story.said()[-1].endswith("I do not try again for this one.")


def test_what_github_cannot_take_is_told_once_and_not_asked_for_again(story):
    story.hub.faults.add("status", "create-deployment", detail="422")
    story.begins()
    story.tells(1)
    asked = len(story.hub.exchanges)
    story.tells(3, every=3600)
    assert len(story.hub.exchanges) == asked
    (said,) = story.said()
    assert said.endswith("I do not try again for this one.")


def test_only_the_newest_deployments_are_looked_at(story, monkeypatch):
    monkeypatch.setattr(shipments, "LOOKED_AT", 2)
    first = story.begins(S.RUNNING, S.SUCCEEDED)
    story.tells()
    for _ in range(2):
        story.begins(S.RUNNING, S.SUCCEEDED)
    with story.store.begin() as session:
        deployments.get_for_change(session, first).undone_by = first
        assert first not in [each.number for each in shipments.moved(session, story.clock())]


def test_who_no_longer_leads_tells_nothing(story):
    story.begins()
    with story.store.begin() as session:
        leadership.lead(session, "elsewhere", story.clock())
    with pytest.raises(Exception, match="newer"):
        story.tells()
    assert story.hub.shipments == []


def test_each_shipped_pull_request_has_one_comment_for_each_success(story):
    story.hub.faults.add("lost_reply", "create-comment", times=1)
    number = story.begins(S.RUNNING, S.SUCCEEDED)
    story.tells(5)
    (comment,) = story.hub.comments
    assert comment.body.startswith(f"Shipped to production with deployment #{number} of v2.3")
    assert story.states()[-1][-1] == "success"


def test_pull_requests_are_left_alone_where_nobody_wants_comments(story):
    place = story.shipping.environments["production"]
    shipping = replace(story.shipping, environments={"production": replace(place, comment_pulls=False)})
    story.begins(S.RUNNING, S.SUCCEEDED)
    shipping.tell()
    assert (story.hub.comments, story.states()) == ([], [["success"]])


def test_what_was_before_github_was_asked_stays_history(story):
    story.begins(S.RUNNING, S.SUCCEEDED)
    story.clock.passes(timedelta(hours=2).total_seconds())
    story.tells()
    assert story.hub.shipments == []
