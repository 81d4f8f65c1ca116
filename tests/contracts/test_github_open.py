"""The open pull requests come from GitHub with their checks, within one deadline; what is not told is unknown."""

import time
from datetime import timedelta

import pytest

from bot.sandbox.github.entities import Pull
from bot.sandbox.repository import sha
from deployers.errors import OnlyGit
from deployers.github_api import Door
from deployers.github_errors import GitHubError
from deployers.github_open import GitHubOpen
from deployers.ports import Ci, ask_no_pulls
from tests.contracts.github_kit import REPOSITORY, TOKEN, github
from tests.contracts.github_openapi import Described


@pytest.fixture
def server(tmp_path):
    with github(tmp_path) as running:
        yield running


@pytest.fixture
def opens(server, tmp_path):
    """Open a pull request whose head is some commit."""

    def opened(number, ref, *, days=0, **about):
        head = sha(tmp_path / "repository.git", ref)
        created = server.hub.clock() - timedelta(days=days)
        server.hub.open_pull(Pull(number, f"Change {number}", "ana", f"b{number}", head, created=created, **about))
        return head

    return opened


@pytest.fixture
def ask(server):
    return GitHubOpen(Door(REPOSITORY, TOKEN, server.url, patience=1)).ask


def test_the_open_ones_come_oldest_first_with_what_their_checks_say(server, opens, ask):
    hub = server.hub
    hub.check(opens(41, "v2.1", days=3, labels=("risky",)), "tests")
    red = opens(42, "v2.2", days=9, fork=True)
    hub.check(red, "tests", "failure")
    hub.check(red, "lint", None)
    pending = opens(43, "v2.3", days=1)
    hub.check(pending, "tests")
    hub.status(pending, "security", "pending")
    opens(44, "v2.4")
    told = ask()
    assert [(it.pull.number, it.ci, it.red) for it in told] == [
        (42, Ci.RED, ("tests",)),
        (41, Ci.GREEN, ()),
        (43, Ci.PENDING, ()),
        (44, Ci.NONE, ()),
    ]
    assert (told[0].pull.fork, told[1].pull.labels) == (True, ("risky",))
    assert hub.clock() - told[0].opened > timedelta(days=8)


def test_a_rerun_that_turned_green_counts_and_a_skipped_check_is_no_trouble(server, opens, ask):
    head = opens(41, "v2.1")
    server.hub.check(head, "tests", "failure")
    server.hub.check(head, "tests", "success", after=60)
    server.hub.check(head, "deploy", "skipped")
    assert ask()[0].ci is Ci.GREEN


def test_what_was_merged_is_not_open(ask):
    assert ask() == ()


def test_more_than_one_page_of_them_is_told(opens, ask):
    for number in range(101, 231):
        opens(number, "v2.1")
    assert len(ask()) == 130


@pytest.mark.parametrize("fault", ["broken", "reset", "hang", "limit"])
def test_checks_that_cannot_be_asked_are_unknown_and_hide_nothing(server, opens, ask, fault):
    server.hub.check(opens(41, "v2.1"), "tests")
    server.hub.faults.add(fault, "list-checks")
    assert [(it.pull.number, it.ci) for it in ask()] == [(41, Ci.UNKNOWN)]


@pytest.mark.parametrize(("fault", "detail"), [("limit", ""), ("hang", ""), ("status", "403"), ("status", "404")])
def test_a_list_that_cannot_be_read_is_told_within_five_seconds(server, opens, ask, fault, detail):
    opens(41, "v2.1")
    server.hub.faults.add(fault, "list-pulls", detail=detail)
    begun = time.monotonic()
    with pytest.raises(GitHubError):
        ask()
    assert time.monotonic() - begun < 5


def test_the_requests_are_those_that_github_describes(server, opens, ask):
    server.hub.check(opens(41, "v2.1"), "tests")
    ask()
    described = Described()
    assert [fault for one in server.hub.exchanges for fault in described.faults(one)] == []
    assert len(server.hub.exchanges) == 3


def test_where_there_is_only_git_it_says_what_to_configure():
    with pytest.raises(OnlyGit, match=r"pull requests are GitHub's. Set `repository` below `\[app\]`"):
        ask_no_pulls()
