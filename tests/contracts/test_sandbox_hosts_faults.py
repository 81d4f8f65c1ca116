"""The sandbox's hosts go wrong in the ways that hosts do."""

import asyncio
import errno
import socket

import asyncssh
import pytest

from bot.sandbox.hosts import Hosts
from bot.sandbox.repository import build_repository
from tests.contracts.sandbox_hosts_kit import connect, deploy, eventually, run, switch, unpack


@pytest.fixture
def hosts(tmp_path):
    with Hosts(tmp_path, ("web1",)) as running:
        yield running


@pytest.fixture
def repository(tmp_path):
    return build_repository(tmp_path)


def answers(port):
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port))


def test_a_host_that_goes_away_refuses_everything_and_serves_again_when_it_is_back(hosts, repository):
    host = hosts.host("web1")
    deploy(hosts, "web1", repository, "v2.2")
    host.goes_away()
    assert [answers(port) for port in (host.ssh_port, host.port)] == [errno.ECONNREFUSED] * 2
    assert (host.serves, host.is_on) == (None, False)
    host.comes_back()
    assert host.serves == "v2.2"
    assert run(hosts, "web1", "hostname").said == "web1"


async def test_a_host_that_goes_away_takes_its_commands_along(hosts):
    host = hosts.host("web1")
    async with connect(hosts, host) as connection:
        await connection.create_process("echo > began; sleep 0.5; echo > ended")
        assert await asyncio.to_thread(eventually, (host.home / "began").exists)
        await asyncio.to_thread(host.goes_away)
        await connection.wait_closed()
    await asyncio.sleep(0.7)
    assert not (host.home / "ended").exists()


async def test_a_frozen_host_accepts_and_answers_nothing_until_it_thaws(hosts, repository):
    host = hosts.host("web1")
    await asyncio.to_thread(deploy, hosts, "web1", repository, "v2.2")
    async with connect(hosts, host) as connection:
        await asyncio.to_thread(host.freezes)
        asked = asyncio.create_task(connection.run("echo awake"))
        await asyncio.wait([asked], timeout=0.4)
        assert not asked.done()
        with pytest.raises((TimeoutError, asyncssh.Error)):
            await connect(hosts, host, connect_timeout=0.4)
        assert await asyncio.to_thread(lambda: host.serves) is None
        await asyncio.to_thread(host.thaws)
        assert (await asked).stdout == "awake\n"
    assert await asyncio.to_thread(lambda: host.serves) == "v2.2"


def test_on_a_full_disk_every_write_fails_and_df_says_so(hosts):
    host = hosts.host("web1")
    host.fills_its_disk()
    full = run(hosts, "web1", "date > file; echo $?; df -Pk . | tail -1; echo piped | cat")
    code, df, piped = full.said.splitlines()
    assert code != "0"
    assert df.split()[3:5] == ["0", "100%"]
    assert piped == "piped"
    host.fills_its_disk(False)
    assert run(hosts, "web1", "date > file && df -Pk . | tail -1").said.split()[3] != "0"


def test_a_sick_host_answers_503_and_says_why(hosts, repository):
    host = hosts.host("web1")
    deploy(hosts, "web1", repository, "v2.2")
    host.sick()
    assert not host.is_healthy
    assert host.serves == "v2.2"
    host.sick(False)
    assert host.is_healthy


def test_only_the_release_that_is_activated_next_is_sick(hosts, repository):
    host = hosts.host("web1")
    deploy(hosts, "web1", repository, "v2.2")
    unpack(hosts, "web1", repository, "v2.3")
    host.turns_sick_after("activate")
    assert host.is_healthy
    switch(hosts, "web1", "v2.3")
    assert eventually(lambda: not host.is_healthy)
    switch(hosts, "web1", "v2.2")
    assert eventually(lambda: host.is_healthy)


def test_an_event_that_nothing_is_known_about_is_refused(hosts):
    with pytest.raises(ValueError, match="after `activate`, not after `lunch`"):
        hosts.host("web1").turns_sick_after("lunch")


def test_the_records_of_steps_can_be_read(hosts):
    assert hosts.host("web1").reads_records() == {}
    run(hosts, "web1", "mkdir -p app/.shipmate/ops/d1 && echo 0 > app/.shipmate/ops/d1/exit")
    assert hosts.host("web1").reads_records() == {"d1/exit": "0\n"}
