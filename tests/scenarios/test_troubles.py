"""What goes wrong on the way, and what people are told: roles, hostile words, moved tags, hosts and bots that die."""

import pytest

from bot.sandbox.configuration import Pace
from bot.sandbox.repository import sha
from bot.sandbox.slack import Kind

pytestmark = pytest.mark.slow

LIVE = "deployed `v2.3` to *production*"


def cards(world, version: str) -> list:
    """Return the cards of a release on production."""
    return [each for each in world.slack.messages("deployments") if f"`{version}` to *production*" in each.words]


def begins(world) -> None:
    """Ask for v2.3, approve it, and wait until the first host serves it."""
    world.slack.says("ana", "/deploy production v2.3")
    world.slack.presses("ben", "Approve", timeout=60)
    world.slack.eventually(lambda: world.host("web1").serves == "v2.3", 90, "v2.3 on web1")


def test_a_request_that_nobody_answers_expires(opens):
    world = opens(Pace("1s", "200ms", "2s")).world
    world.slack.says("ana", "/deploy production v2.3")
    card = world.slack.eventually_shows("deployments", "expired", timeout=60)
    assert "Reject" not in card.words


def test_dropped_connections_change_nothing_and_no_switch_is_made_twice(world):
    world.slack.says("ana", "/deploy production v2.3")
    world.slack.presses("ben", "Approve", timeout=60)
    for _ in range(4):
        world.slack.eventually(lambda: world.host("web1").connections > 0, 60, "a connection")
        world.host("web1").drops_connections()
    world.slack.eventually_shows("deployments", LIVE, timeout=120)
    log = (world.host("web1").home / "app" / "revisions.log").read_text()
    assert log.count(sha(world.repository, "v2.3")) == 1


def test_slack_may_be_away_while_a_release_goes_live(world):
    world.slack.says("ana", "/deploy production v2.3")
    world.slack.presses("ben", "Approve", timeout=60)
    world.slack.eventually_shows("deployments", "are deploying", timeout=60)
    world.server.faults.add(Kind.SERVER_ERROR, seconds=8)
    world.slack.eventually(lambda: world.host("web2").serves == "v2.3", 90, "v2.3 on web2")
    world.slack.eventually_shows("deployments", LIVE, timeout=90)
    assert len(cards(world, "v2.3")) == 1


def test_killed_in_the_middle_it_goes_on_after_the_restart_and_shows_the_truth(world):
    begins(world)
    world.bot.kill()
    world.bot.start()
    world.slack.eventually_shows("deployments", LIVE, timeout=120)
    assert len(cards(world, "v2.3")) == 1


def test_a_restart_in_order_says_that_the_deployment_continues(world):
    begins(world)
    assert world.bot.stop() == 0
    world.slack.eventually_shows("deployments", "This deployment continues", timeout=10)
    world.bot.start()
    world.slack.eventually_shows("deployments", LIVE, timeout=120)
