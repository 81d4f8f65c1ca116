"""A deployment goes on with the connection that the look before it has opened, if that still lives."""

from datetime import timedelta

import pytest

from deployers.errors import HostKeyRefused
from deployers.ssh import Shelves, SshRemote
from deployers.ssh_shelf import Shelf
from tests.contracts.remote_asyncssh import small


class Times:
    """A clock that is set, and what is to be done later."""

    def __init__(self) -> None:
        self.now = 0.0
        self.later = []

    def pass_by(self, seconds: float) -> None:
        """Let time pass, and do what has become due."""
        self.now += seconds
        due = [each for each in self.later if each[0] <= self.now]
        self.later = [each for each in self.later if each[0] > self.now]
        for _, do in due:
            do()


@pytest.fixture
def times():
    return Times()


@pytest.fixture
def shelf(times):
    return Shelf(
        seconds=300, clock=lambda: times.now, later=lambda seconds, do: times.later.append((times.now + seconds, do))
    )


@pytest.fixture
def server(tmp_path):
    with small(tmp_path / "server") as server:
        yield server


@pytest.fixture
def opens(server):
    """Give a way to open a remote; each is closed at the end."""
    opened = []

    def open_one(shelves):
        opened.append(SshRemote(server.place(), key_file=str(server.key_file), shelves=shelves))
        return opened[-1]

    yield open_one
    for remote in opened:
        remote.close()


def transport(remote):
    (line,) = remote._lines.values()
    return line.transport()


def looked(opens, server, shelf):
    """Look at the target once, as a request does, and return the transport that this took."""
    remote = opens(Shelves(leave=shelf))
    assert remote.ask(server.host, "echo seen").output == "seen\n"
    used = transport(remote)
    remote.close()
    return used


def deployed(opens, server, shelf):
    """Ask the target something, as a deployment does, and return the transport that this took."""
    remote = opens(Shelves(take=shelf))
    assert remote.ask(server.host, "echo done", deadline=timedelta(seconds=20)).output == "done\n"
    return transport(remote)


def test_the_connection_of_a_look_is_gone_on_with(opens, server, shelf):
    used = looked(opens, server, shelf)
    assert deployed(opens, server, shelf) is used


def test_one_that_was_lost_meanwhile_is_replaced(opens, server, shelf):
    used = looked(opens, server, shelf)
    server.hang_up()
    fresh = deployed(opens, server, shelf)
    assert fresh is not used
    assert fresh.is_active()


def test_only_one_goes_on_with_it(opens, server, shelf):
    used = looked(opens, server, shelf)
    assert deployed(opens, server, shelf) is used
    assert deployed(opens, server, shelf) is not used


def test_it_is_closed_when_nobody_comes_in_time(opens, server, shelf, times):
    used = looked(opens, server, shelf)
    times.pass_by(299)
    assert used.is_active()
    times.pass_by(2)
    assert not used.is_active()


def test_of_two_looks_the_newer_connection_waits_its_full_time(opens, server, shelf, times):
    older = looked(opens, server, shelf)
    times.pass_by(200)
    newer = looked(opens, server, shelf)
    assert not older.is_active()
    times.pass_by(200)
    assert newer.is_active()
    times.pass_by(200)
    assert not newer.is_active()
    assert times.later == []


def test_one_in_the_middle_of_something_is_closed_rather_than_left(opens, server, shelf):
    remote = opens(Shelves(leave=shelf))
    remote.ask(server.host, "true")
    used = transport(remote)
    (line,) = remote._lines.values()
    with line.session("sleep 30"):
        remote.close()
    assert not used.is_active()


def test_a_look_always_opens_its_own_so_that_it_sees_another_host_key(opens, server, shelf):
    looked(opens, server, shelf)
    (server.folder / "known_hosts").write_text("")
    with pytest.raises(HostKeyRefused):
        looked(opens, server, shelf)
