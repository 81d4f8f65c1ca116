"""`/ops prs`: what waits to be merged, by what its checks say, the oldest first."""

from dataclasses import replace
from datetime import timedelta

import pytest

from deployers.github_errors import GitHubLimited
from deployers.ports import Ci, OpenPull, Pull


def waits(world, number, ci, *, days=0, **about):
    made = Pull(number, f"Change <!channel> {number}", "ana", f"https://github.com/shop/web/pull/{number}")
    return OpenPull(made, world.now - timedelta(days=days), ci, **about)


def knows(world, *pulls: OpenPull):
    world.services = replace(world.services, ask_pulls=lambda: pulls)


def test_pull_requests_are_told_by_what_their_checks_say(world):
    red = waits(world, 1, Ci.RED, days=12, red=("tests",))
    knows(world, red, waits(world, 2, Ci.GREEN, days=2), waits(world, 3, Ci.GREEN, draft=True))
    told = world.says("gus", "/ops prs")
    assert told.ok
    head, green, failed, drafts = told.text.split("\n\n")
    assert head == (
        "*3 pull requests are open*; the oldest was opened 12 days ago, and 1 of them is green and no draft."
    )
    assert "#2> Change &lt;!channel&gt; 2 by ana, opened 2 days ago" in green
    assert failed.endswith("opened 12 days ago — `tests` failed")
    assert "*Drafts* (1)" in drafts


def test_none_is_said_to_be_none(world):
    knows(world)
    assert world.says("ana", "/ops prs").text == "No pull request is open."


def test_very_many_are_cut_and_counted(world):
    knows(world, *(waits(world, number, Ci.NONE) for number in range(1, 100)))
    told = world.says("ana", "/ops prs")
    assert told.text.endswith("… and 59 newer ones")
    assert all(len(it["text"]["text"]) < 3000 for it in told.blocks if it["type"] == "section")


@pytest.mark.parametrize(("seconds", "when"), [(120, "in 120 s"), (0, "in a few minutes")])
def test_a_limit_of_githubs_is_told(world, seconds, when):
    def limited():
        raise GitHubLimited(seconds=seconds)

    world.services = replace(world.services, ask_pulls=limited)
    told = world.says("ana", "/ops prs")
    assert (told.code, when in told.text) == ("github_limited", True)


def test_where_there_is_only_git_it_says_so_and_what_to_configure(world):
    told = world.says("ana", "/ops prs")
    assert (told.code, "`GITHUB_TOKEN`" in told.text) == ("only_git", True)


def test_more_words_are_refused(world):
    assert world.says("ana", "/ops prs please").code == "arguments"
