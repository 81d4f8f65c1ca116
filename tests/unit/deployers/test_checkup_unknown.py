"""Whatever keeps a probe from telling, what it found is unknown, and unknown is never good: each probe and trouble."""

import os
from collections.abc import Callable
from datetime import timedelta
from threading import Event

import pytest

from deployers.checklists import KINDS, Item
from deployers.checkup import rows
from deployers.checkup.looking import SCRIPTS
from deployers.environment import Health, Host
from deployers.errors import DeployError
from deployers.findings import State
from deployers.ports import Answer
from tests.unit.deployers import servers
from tests.unit.deployers.house import Here, House

SECOND = timedelta(seconds=1)
ITEMS = {probe: Item(probe, timeout=SECOND) for probe in ("errors", "queue", "backup", "versions", "health")} | {
    "disk": Item("disk", attention=101, bad=101, timeout=SECOND),
    "command": Item("command", run="audit", timeout=SECOND),
}
"""Every probe that asks hosts."""
OURS = ("errors", "disk", "backup", "versions")
"""Those whose script is ours, so that we know what it must answer."""
asking_hosts = pytest.mark.parametrize("probe", sorted(ITEMS))


@pytest.fixture
def house(tmp_path):
    """Return a house in which every probe finds that all is well."""
    with servers.answering() as url:
        house = House(tmp_path)
        house.has(health=Health(target=url))
        for host in ("web1", "web2"):
            house.logs(host, "all is well")
            house.backs_up(host, "app.sql.gz", hours=1)
        house.command("queue-status", "echo it runs")
        house.command("audit", "echo no known weaknesses")
        yield house


def test_every_probe_stands_in_these_tests_or_asks_no_host():
    assert set(KINDS) == {*ITEMS, *rows.JUDGES, "certificate"}
    assert {*ITEMS} == {*SCRIPTS, "health"}


@asking_hosts
def test_with_nothing_in_the_way_it_is_good(house, probe):
    assert house.looks(ITEMS[probe])[0].state is State.GOOD


@asking_hosts
def test_of_hosts_that_are_away_nothing_is_known(house, probe):
    house.remote.away = {"web1": "it is off", "web2": "no route to host"}
    (found,) = house.looks(ITEMS[probe])
    assert found.state is State.UNKNOWN
    assert "it cannot be reached (no route to host)" in found.said
    assert found.advice == "See whether it is up: `shipmate check`."


class Answering(Here):
    """A remote that opens to whoever knocks, and does one thing whatever it is asked."""

    def __init__(self, house: House, answer: Callable[[], Answer]) -> None:
        super().__init__(house.root)
        self.answer = answer
        self.gone = Event()

    def ask(self, host: Host, script: str, *, deadline: timedelta = SECOND) -> Answer:
        return Answer(0, "") if script == ":" else self.answer()

    def close(self) -> None:
        self.gone.set()


class Silent(Here):
    """A remote that takes connections and never says a word."""

    def __init__(self, house: House) -> None:
        super().__init__(house.root)
        self.gone = Event()

    def ask(self, host: Host, script: str, *, deadline: timedelta = SECOND) -> Answer:
        self.gone.wait(60)
        return Answer(0, "it runs")

    def close(self) -> None:
        self.gone.set()


@asking_hosts
def test_of_hosts_that_hang_nothing_is_known(house, probe):
    house.remote, house.tools = Silent(house), {"slack": SECOND}
    (found,) = house.looks(ITEMS[probe])
    assert (found.state, "no answer within 2 s" in found.said) == (State.UNKNOWN, True)
    assert found.advice


@pytest.mark.parametrize("probe", sorted(SCRIPTS))
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(124, ""), "no answer within 1 s"),
        (Answer(137, "half an ans"), "no answer within 1 s"),
        (Answer(-1, "x" * 1000), "it prints without an end"),
        (Answer(65, "nothing is served below app"), "nothing is served below app"),
    ],
)
def test_what_hangs_has_no_end_or_is_not_there_is_unknown(house, probe, answer, says):
    house.remote = Answering(house, lambda: answer)
    (found,) = house.looks(ITEMS[probe])
    assert (found.state, says in found.said) == (State.UNKNOWN, True)


@pytest.mark.parametrize("probe", OURS)
@pytest.mark.parametrize("answer", [Answer(0, ""), Answer(0, "what?\n"), Answer(2, ""), Answer(127, "sh: not found\n")])
def test_a_look_of_mine_that_answers_something_else_is_unknown(house, probe, answer):
    house.remote = Answering(house, lambda: answer)
    assert house.looks(ITEMS[probe])[0].state is State.UNKNOWN


@pytest.mark.parametrize("probe", ["queue", "command"])
def test_a_command_that_is_not_there_is_bad(house, probe):
    house.remote = Answering(house, lambda: Answer(127, "sh: not found\n"))
    assert house.looks(ITEMS[probe])[0].state is State.BAD


@pytest.mark.parametrize("probe", sorted(SCRIPTS))
@pytest.mark.parametrize("error", [DeployError("the wire is cut"), ZeroDivisionError("a bug of mine")])
def test_what_breaks_while_it_is_asked_is_unknown(house, probe, error):
    def breaks() -> Answer:
        raise error

    house.remote = Answering(house, breaks)
    assert house.looks(ITEMS[probe])[0].state is State.UNKNOWN


def test_a_host_whose_disk_hangs_is_unknown_and_the_rest_is_told(house):
    house.command("df", "exec sleep 300", "web2")
    house.command("ls", "exec sleep 300", "web2")
    disk, backup, queue = house.looks(ITEMS["disk"], ITEMS["backup"], Item("queue"))
    assert (disk.state, disk.said) == (State.UNKNOWN, "web2: no answer within 1 s")
    assert (backup.state, backup.said) == (State.GOOD, "the newest is 60 minutes old: app.sql.gz on web1")
    assert queue.state is State.GOOD


def test_a_log_that_is_a_pipe_nobody_writes_into_is_unknown(house):
    log = house.path("web2", "app/current/storage/app.log")
    log.unlink()
    os.mkfifo(log)
    (found,) = house.looks(ITEMS["errors"])
    assert (found.state, found.said) == (State.UNKNOWN, "web2: no answer within 1 s")


def test_a_command_that_prints_a_hundred_megabytes_is_unknown_and_the_rest_is_told(house):
    house.command("audit", "exec head -c 100000000 /dev/zero")
    audit, queue = house.looks(Item("command", run="audit"), Item("queue"))
    assert (audit.state, audit.advice) == (State.UNKNOWN, "Run it on the host by hand.")
    assert audit.said == "it prints without an end, so I stopped reading on both hosts"
    assert queue.state is State.GOOD
