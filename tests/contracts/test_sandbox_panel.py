"""What the page polls of hosts, visitors, the bot and faults."""

import pytest

from bot.sandbox.bot_process import BotProcess
from bot.sandbox.front import Front
from bot.sandbox.hosts import Hosts
from bot.sandbox.panel import TROUBLES, Panel
from tests.system.wrapped import until


@pytest.fixture
def hosts(tmp_path):
    with Hosts(tmp_path, ("web1",)) as started:
        yield started


@pytest.fixture
def panel(hosts, tmp_path):
    with Front({host.name: (host.address, host.port) for host in hosts}) as front:
        bot = BotProcess(tmp_path, {})
        ticks = iter(range(1000))
        made = Panel(hosts, front, bot, is_connected=lambda: False, clock=lambda: float(next(ticks)))
        yield made
        made.close()


def test_a_host_without_a_release_is_empty_and_not_failing(panel):
    until(lambda: panel.told()["hosts"][0]["health"] == "empty")
    (host,) = panel.told()["hosts"]
    assert (host["health"], host["version"], host["failures"], host["history"]) == ("empty", None, 0, [])
    assert host["environment"] == "production"
    assert host["steps"] == []


def test_every_trouble_is_offered_with_a_word_on_what_it_does(panel):
    faults = panel.told()["faults"]
    assert {it["name"] for it in faults} == {*(f"{it.kind}:web1" for it in TROUBLES), "bot"}
    assert all(it["label"] and it["note"].endswith(".") and it["where"] for it in faults)


@pytest.mark.parametrize("kind", [it.kind for it in TROUBLES])
def test_a_trouble_is_on_until_it_is_mended(panel, hosts, kind):
    def on():
        return next(it["on"] for it in panel.told()["faults"] if it["name"] == f"{kind}:web1")

    once = next(it.once for it in TROUBLES if it.kind == kind)
    panel.switch(f"{kind}:web1", True)
    assert on() is not once
    if not once:
        panel.switch(f"{kind}:web1", False)
    assert on() is False
    assert hosts.host("web1").is_on


@pytest.mark.parametrize("name", ["sick:web9", "cursed:web1", "", "sick"])
def test_what_cannot_be_broken_is_refused(panel, name):
    with pytest.raises(ValueError, match="nothing here can be broken"):
        panel.switch(name, True)


def test_the_bot_that_does_not_run_is_told_as_a_fault(panel):
    told = panel.told()
    assert told["bot"] == "stopped"
    assert next(it for it in told["faults"] if it["name"] == "bot")["on"] is True
