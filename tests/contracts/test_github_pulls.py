"""What GitHub knows of the commits that go live is told; what it does not tell is said, and stops nobody."""

import pytest

from bot.sandbox.github.entities import Pull
from bot.sandbox.repository import commit, sha
from deployers.github import GitHubRepository
from deployers.github_api import Door
from deployers.github_pulls import GitHubPulls
from deployers.ports import Revision
from tests.contracts.github_kit import REPOSITORY, TOKEN, github
from tests.contracts.github_openapi import Described


@pytest.fixture
def server(tmp_path):
    with github(tmp_path) as running:
        yield running


@pytest.fixture
def learn(server, tmp_path):
    """Return what is learned of what lies between two refs, asked while something may be wrong."""
    door, origin = Door(REPOSITORY, TOKEN, server.url, patience=1), tmp_path / "repository.git"

    def learned(base, head, fault="", **about):
        full = sha(origin, head)
        difference = GitHubRepository(door).between(sha(origin, base), full)
        if fault:
            server.hub.faults.add(fault, "list-pulls-of-commit", **about)
        return GitHubPulls(door).learn(Revision(head, f"refs/tags/{head}", full), difference)

    return learned


def test_the_pull_requests_are_named_with_their_authors_newest_first(learn):
    told = learn("v2.2", "v2.3")
    assert [(pull.number, pull.author) for pull in told.pulls] == [(16, "ana"), (15, "mira"), (14, "omar"), (12, "ana")]
    assert told.pulls[0].title == "readme: Tell how the health routes are asked"
    assert told.pulls[0].url.endswith(f"/{REPOSITORY}/pull/16")
    assert (told.unasked, told.signed, told.asked) == (0, False, True)


def test_commits_that_came_without_a_pull_request_are_named(learn, tmp_path):
    assert learn("v2.2", "v2.3").alone == (sha(tmp_path / "repository.git", "v2.3"),)


def test_a_pull_request_from_a_fork_its_labels_and_a_signature_are_seen(learn, server, tmp_path):
    full = sha(tmp_path / "repository.git", "v2.3")
    server.hub.signed.add(full)
    merged = {"merged_as": full, "merged_at": server.hub.clock(), "labels": ("risky",), "fork": True}
    server.hub.open_pull(Pull(40, "release: v2.3", "sam", "patch-1", full, **merged))
    told = learn("v2.2", "v2.3")
    assert (told.pulls[0].number, told.pulls[0].labels, told.pulls[0].fork) == (40, ("risky",), True)
    assert (told.alone, told.signed) == ((), True)


def test_an_open_pull_request_brought_nothing(learn, server, tmp_path):
    full = sha(tmp_path / "repository.git", "v2.3")
    server.hub.open_pull(Pull(41, "release: Backport", "sam", "backport", full))
    assert learn("v2.2", "v2.3").alone == (full,)


def test_only_so_many_commits_are_asked_about_and_the_rest_is_said_to_be_unknown(learn, tmp_path):
    origin = tmp_path / "repository.git"
    for number in range(35):
        commit(origin, "main", f"count: Reach {number}", {"count": f"{number}\n"})
    told = learn("v2.3", "main")
    assert (len(told.alone) + len(told.pulls), told.unasked) == (30, 6)


@pytest.mark.parametrize("fault", ["limit", "hang", "reset"])
def test_what_github_does_not_tell_is_unknown(learn, fault):
    told = learn("v2.2", "v2.3", fault)
    assert (told.pulls, told.alone, told.unasked, told.asked) == ((), (), 5, True)


def test_a_signature_is_known_although_pull_requests_are_not_shown(learn, server, tmp_path):
    server.hub.signed.add(sha(tmp_path / "repository.git", "v2.3"))
    told = learn("v2.2", "v2.3", "status", detail="403")
    assert (told.pulls, told.unasked, told.signed) == ((), 5, True)


def test_the_requests_are_those_that_github_describes(learn, server):
    learn("v2.2", "v2.3")
    described = Described()
    assert [fault for one in server.hub.exchanges for fault in described.faults(one)] == []
