"""What the page offers to break is really broken: the bot feels each, and feels when it is mended."""

import json
from threading import Event

import httpx
import pytest

from bot.sandbox.configuration import Pace
from bot.sandbox.looks import UNKNOWN, Looks
from bot.sandbox.stories import Teller
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from tests.contracts.sandbox_hosts_kit import eventually

pytestmark = pytest.mark.timeout(300)
PATIENCE = 60
PAGE = httpx.Client(trust_env=False, timeout=PATIENCE)


@pytest.fixture(scope="module")
def world(tmp_path_factory, launch):
    tuning = Tuning(manifest=manifest(), pace=Pace("1s", "200ms", "30m"), hosts=("web1",), launch=launch)
    with World(tmp_path_factory.mktemp("broken"), tuning) as made:
        teller = Teller(made, lambda _at, _line: None)
        teller.says("ana", "/deploy production v2.2")
        teller.presses("ben", "Approve")
        teller.sees("deployments", "deployed `v2.2` to *production*")
        yield made


@pytest.fixture
def switch(world):
    """Press switches as the page does, and mend in the end what is still broken."""
    pressed = set()

    def press(name, on=True):
        assert control(world, name, on).status_code == 200
        pressed.add(name)

    yield press
    for name in pressed:
        control(world, name, on=False)
    world.connected()


def control(world, name, on):
    return PAGE.post(f"{world.server.url}/_control/fault", json={"name": name, "on": on})


def shown(world):
    return PAGE.get(f"{world.server.url}/_world").json()


def is_on(world, name):
    return next(fault["on"] for fault in shown(world)["faults"] if fault["name"] == name)


def health(world):
    return shown(world)["hosts"][0]["health"]


def bad(world):
    """Return what `shipmate check` finds wrong, by area, in the same configuration as the bot."""
    results = [json.loads(line) for line in world.bot.ask("check", "--json").stdout.splitlines()]
    assert results
    return {result["area"]: result["what"] for result in results if result["grade"] == "bad"}


def answers_asked(world):
    """Count the answers to `/deploy status` that ana has been given."""
    return len(world.slack.private("ana"))


@pytest.mark.parametrize(
    ("name", "area", "looks"),
    [("sick", "health", "sick"), ("gone", "hosts", "gone"), ("full", "hosts", "healthy")],
)
def test_a_host_in_trouble_is_found_by_the_bot_and_shown_until_it_is_mended(world, switch, name, area, looks):
    switch(f"{name}:web1")
    assert is_on(world, f"{name}:web1")
    assert area in bad(world)
    assert eventually(lambda: health(world) == looks)
    switch(f"{name}:web1", on=False)
    assert eventually(lambda: health(world) == "healthy" and not is_on(world, f"{name}:web1"))


def test_dropped_connections_are_cut_under_the_bots_hands(world, switch):
    world.slack.says("ana", "/deploy production v2.3")
    world.slack.presses("ben", "Approve", timeout=PATIENCE)
    world.slack.eventually(lambda: world.host("web1").connections > 0, PATIENCE, "a connection")
    switch("drop:web1")
    assert not is_on(world, "drop:web1")
    world.slack.eventually_shows("deployments", "deployed `v2.3` to *production*", timeout=PATIENCE)


def test_a_frozen_host_makes_nobody_wait_for_what_the_page_shows(world, switch):
    assert eventually(lambda: health(world) == "healthy")
    switch("frozen:web1")
    assert eventually(lambda: health(world) == "frozen")
    switch("frozen:web1", on=False)
    assert eventually(lambda: health(world) == "healthy")


def test_what_slack_refuses_at_the_rate_limit_is_said_once_it_takes_more(world, switch):
    before = answers_asked(world)
    switch("slack.rate_limited")
    world.slack.says("ana", "/deploy status")
    assert eventually(lambda: any(call.outcome == "rate_limited" for call in tuple(world.workspace.calls)))
    assert answers_asked(world) == before
    switch("slack.rate_limited", on=False)
    assert eventually(lambda: answers_asked(world) == before + 1, within=PATIENCE)


def test_when_slack_goes_down_the_bots_socket_breaks_and_none_is_taken_until_it_is_back(world, switch):
    assert shown(world)["bot"] == "connected"
    switch("slack.refuse")
    assert eventually(lambda: shown(world)["bot"] == "starting")
    switch("slack.refuse", on=False)
    assert eventually(lambda: shown(world)["bot"] == "connected", within=PATIENCE)
    before = answers_asked(world)
    world.slack.says("ana", "/deploy status")
    assert eventually(lambda: answers_asked(world) == before + 1, within=PATIENCE)


def test_a_killed_bot_answers_nobody_and_takes_up_its_work_when_it_is_back(world, switch):
    switch("bot")
    assert not world.bot.runs
    assert eventually(lambda: shown(world)["bot"] == "stopped")
    world.slack.says("ana", "/deploy status")
    switch("bot", on=False)
    assert eventually(lambda: shown(world)["bot"] == "connected", within=PATIENCE)
    before = answers_asked(world)
    world.slack.says("ana", "/deploy status")
    assert eventually(lambda: answers_asked(world) > before)


def test_what_is_unknown_cannot_be_broken(world):
    assert control(world, "rain:web1", on=True).status_code == 400


def test_whoever_looks_is_told_of_the_others_while_one_host_does_not_answer():
    lets_go = Event()

    def ask(name):
        return "healthy" if name == "web1" or lets_go.wait(PATIENCE) else "frozen"

    looks = Looks(("web1", "web2"), ask, waits=0.05)
    assert eventually(lambda: looks.known() == {"web1": "healthy", "web2": UNKNOWN})
    lets_go.set()
    assert eventually(lambda: looks.known() == {"web1": "healthy", "web2": "healthy"})
    looks.close()
