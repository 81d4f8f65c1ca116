"""What all probes have in common: hosts that are away, deadlines, bugs, and how findings are kept."""

from datetime import timedelta
from threading import Event

import pytest

from deployers.checklists import Item
from deployers.environment import Host
from deployers.errors import HostKeyRefused, HostLocked
from deployers.findings import Found, State, worst
from deployers.ports import Answer
from tests.unit.deployers.house import Here, House


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


EVERY = tuple(Item(probe) for probe in ("errors", "queue", "disk", "versions"))


def test_a_host_that_is_away_is_unknown_everywhere_and_the_other_one_is_told(house):
    house.logs("web1", "ERROR x")
    house.command("queue-status", "echo fine")
    house.remote.away = {"web2": "no route to host"}
    errors, *rest = house.looks(*EVERY)
    assert errors.state is State.ATTENTION
    assert errors.said == "web1: 1 error line; web2: it cannot be reached (no route to host)"
    assert {(it.state, it.said, it.advice) for it in rest} == {
        (State.UNKNOWN, "web2: it cannot be reached (no route to host)", "See whether it is up: `shipmate check`.")
    }


def test_a_host_on_which_nothing_was_deployed_is_unknown(house):
    house.path("web1", "app/current").unlink()
    house.command("queue-status", "echo fine")
    found = house.look("queue")
    assert (found.state, found.said) == (State.UNKNOWN, "web1: nothing is served below app")


def test_an_environment_without_hosts_is_not_looked_at(house):
    house.has(place=None)
    assert {it.state for it in house.looks(*EVERY)} == {State.IDLE}


def test_items_may_be_meant_for_some_environments_only(house):
    assert house.looks(Item("disk", environments=("staging",))) == []


def test_a_bug_in_one_probe_is_told_and_costs_nothing_else(house, caplog):
    def breaks(url: str) -> None:
        raise ZeroDivisionError

    house.tools = {"certificate": breaks}
    house.has(url="https://shop.example")
    certificate, disk = house.looks(Item("certificate"), Item("disk", attention=100, bad=100))
    assert certificate.state is State.UNKNOWN
    assert "my log has the details" in certificate.said
    assert disk.state is State.GOOD
    assert "ZeroDivisionError" in caplog.text


def test_connections_are_closed_whatever_happened(house):
    house.look("disk")
    assert house.remote.closed


def test_findings_keep_their_bounds_and_come_back_as_they_were():
    found = Found(
        "errors", "Log errors", "production", State.BAD, "x " * 900, "Do.", ("y" * 900,) * 20, {"web1": "1 2"}
    )
    kept = Found.read(found.document())
    assert len(kept.said) == 600
    assert [len(line) for line in kept.lines] == [300] * 8
    assert Found.read(kept.document()) == kept


def test_of_nothing_at_all_nothing_is_known():
    assert worst(()) is State.UNKNOWN


class Hung(Here):
    """A remote whose web2 takes questions and never answers, until it is closed."""

    def __init__(self, house: House) -> None:
        super().__init__(house.root)
        self.gone = Event()

    def ask(self, host: Host, script: str, *, deadline: timedelta = timedelta(seconds=20)) -> Answer:
        if host.name == "web2" and script != ":":
            self.gone.wait(60)
        return super().ask(host, script, deadline=deadline)

    def close(self) -> None:
        self.gone.set()


def test_a_connection_that_hangs_is_unknown_and_the_other_host_is_told(house):
    house.command("queue-status", "echo fine")
    house.remote = Hung(house)
    house.tools = {"slack": timedelta(seconds=2)}
    (found,) = house.looks(Item("queue", timeout=timedelta(seconds=1)))
    assert (found.state, found.said) == (State.UNKNOWN, "web2: no answer within 3 s")


class Refusing(Here):
    """A remote that raises what it is given."""

    def __init__(self, house: House, error: Exception) -> None:
        super().__init__(house.root)
        self.error = error

    def ask(self, host: Host, script: str, *, deadline: timedelta = timedelta(seconds=20)) -> Answer:
        raise self.error


@pytest.mark.parametrize(
    ("error", "said", "advice"),
    [
        (
            HostKeyRefused("web1", "known_hosts", "ssh-rsa x"),
            "it showed a host key that is not pinned",
            "`known_hosts`",
        ),
        (HostLocked("web1", "gus", "today"), "gus", "restart"),
    ],
)
def test_whatever_keeps_a_host_from_answering_is_told(house, error, said, advice):
    house.remote = Refusing(house, error)
    found = house.look("queue")
    assert found.state is State.UNKNOWN
    assert said in found.said
    assert advice in found.advice


@pytest.mark.parametrize("probe", ["backup", "disk", "versions"])
def test_a_look_of_mine_that_does_not_work_is_unknown(house, probe):
    for command in ("df", "ls", "cat"):
        house.command(command, "echo no such luck; exit 3")
    house.backs_up("web1", "a.gz", hours=1)
    house.backs_up("web2", "a.gz", hours=1)
    assert house.look(probe).state is State.UNKNOWN


def test_answers_that_make_no_sense_are_unknown(house):
    house.command("stat", "echo later")
    house.command("tail", "echo df is not what it was")
    house.backs_up("web1", "a.gz", hours=1)
    house.logs("web1", "ERROR x")
    assert {it.state for it in house.looks(Item("backup"), Item("errors"), Item("disk"))} == {State.UNKNOWN}
