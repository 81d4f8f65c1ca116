"""What continuous integration says on GitHub is kept for the gates; what cannot be told is not green."""

from datetime import UTC, datetime

import pytest

from bot.sandbox.repository import sha
from deployers import gates
from deployers.github_api import Door
from deployers.github_checks import Ci, GitHubChecks
from deployers.github_errors import GitHubAway, GitHubLimited
from storage import checks
from storage.store import Store
from tests.contracts.github_kit import REPOSITORY, TOKEN, github
from tests.contracts.github_openapi import Described

NOW = datetime(2026, 3, 18, 10, tzinfo=UTC)


@pytest.fixture
def server(tmp_path):
    with github(tmp_path) as running:
        yield running


@pytest.fixture
def full(tmp_path, server):
    return sha(tmp_path / "repository.git", "v2.3")


@pytest.fixture
def store(tmp_path):
    made = Store(f"sqlite:///{tmp_path}/shipmate.db")
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def ci(server, store):
    return Ci(store, GitHubChecks(Door(REPOSITORY, TOKEN, server.url)), lambda: NOW)


def known(store, full):
    with store.look() as session:
        return {row.name: row.conclusion for row in checks.of(session, full)}


def verdict(store, full, *required: str):
    seen = known(store, full)
    return gates.judge(
        gates.Snapshot("production", "v2.3", full, "rolling", NOW, required_checks=required, checks=seen)
    )


def test_checks_and_statuses_of_all_pages_open_the_gate(ci, server, store, full):
    for number in range(249):
        server.hub.check(full, f"check {number}")
    server.hub.check(full, "tests")
    server.hub.status(full, "security", "success")
    ci.refresh(full, ("tests", "security"))
    assert len(known(store, full)) == 251
    assert isinstance(verdict(store, full, "tests", "security"), gates.Allowed)


def test_a_red_a_running_and_a_missing_check_are_each_named(ci, server, store, full):
    server.hub.check(full, "tests", "failure")
    server.hub.check(full, "lint", None)
    ci.refresh(full, ("tests", "lint", "security"))
    why = verdict(store, full, "tests", "lint", "security").why
    assert "`tests` is failure, `lint` is pending, `security` is unknown" in why


def test_a_rerun_that_turned_green_opens_the_gate(ci, server, store, full):
    server.hub.check(full, "tests", "failure")
    server.hub.check(full, "tests", "success", after=60)
    ci.refresh(full, ("tests",))
    assert known(store, full) == {"tests": "success"}


@pytest.mark.parametrize(("fault", "page"), [("broken", 0), ("limit", 0), ("reset", 0), ("broken", 3)])
def test_what_was_green_is_unknown_while_github_cannot_be_asked(ci, server, store, full, fault, page):
    for number in range(249):
        server.hub.check(full, f"check {number}")
    server.hub.check(full, "tests")
    ci.refresh(full, ("tests",))
    server.hub.faults.add(fault, page=page)
    assert isinstance(ci.refresh(full, ("tests",)), GitHubLimited if fault == "limit" else GitHubAway)
    assert known(store, full)["tests"] == "unknown"
    assert verdict(store, full, "tests").code == "checks_unknown"


def test_an_empty_list_of_checks_is_not_green(ci, store, full):
    ci.refresh(full, ("tests",))
    assert known(store, full) == {"tests": "unknown"}


def test_where_no_check_is_required_nobody_is_asked(ci, server, store, full):
    ci.refresh(full, ())
    assert (known(store, full), list(server.hub.exchanges)) == ({}, [])


def test_the_requests_are_those_that_github_describes(ci, server, full):
    server.hub.check(full, "tests")
    server.hub.status(full, "security", "success")
    ci.refresh(full, ("tests",))
    described = Described()
    assert [fault for one in server.hub.exchanges for fault in described.faults(one)] == []
    assert len(server.hub.exchanges) == 2
