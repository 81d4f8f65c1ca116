"""The sandbox's hosts are real SSH servers that run real commands."""

import asyncio
import hashlib
import shutil
import subprocess

import asyncssh
import pytest

from bot.sandbox import processes
from bot.sandbox.hosts import Hosts
from tests.contracts.sandbox_hosts_kit import connect, eventually, run
from tests.needed import needed


@pytest.fixture
def hosts(tmp_path):
    with Hosts(tmp_path, ("web1", "web2")) as running:
        yield running


def test_a_command_runs_in_the_hosts_own_home_with_its_own_environment(hosts, monkeypatch):
    done = run(hosts, "web1", "pwd; echo $HOME; echo $HOSTNAME; hostname; id -un >/dev/null; env | cut -d= -f1")
    home, also_home, name, also_name, *variables = done.said.splitlines()
    assert (home, also_home, name, also_name) == (str(hosts.host("web1").home),) * 2 + ("web1",) * 2
    assert not {"VIRTUAL_ENV", "PYTEST_CURRENT_TEST"} & set(variables)


def test_exit_codes_and_both_streams_arrive(hosts):
    done = run(hosts, "web1", "echo out; echo err >&2; exit 7")
    assert (done.exit_code, done.stdout, done.stderr) == (7, b"out\n", b"err\n")


def test_megabytes_go_in_and_come_out_whole(hosts):
    sent = bytes(range(256)) * 20_000
    done = run(hosts, "web1", "cat", sent)
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(sent).digest()


async def test_a_client_that_does_not_read_holds_the_command_back(hosts):
    async with connect(hosts, hosts.host("web1")) as connection:
        command = "for n in 1 2 3 4 5 6 7 8; do head -c 4000000 /dev/zero; echo $n > reached; done"
        process = await connection.create_process(command, encoding=None, window=65536)
        reached = hosts.host("web1").home / "reached"
        await asyncio.sleep(0.5)
        held = reached.read_text().strip() if reached.exists() else "0"
        await process.stdout.read()
        assert int(held) < 8
        assert reached.read_text() == "8\n"


async def test_a_dropped_connection_leaves_the_command_running(hosts):
    host = hosts.host("web1")
    async with connect(hosts, host) as connection:
        await connection.create_process("echo > began; cat > /dev/null; sleep 0.3; echo done > later")
        assert await asyncio.to_thread(eventually, (host.home / "began").exists)
        await asyncio.to_thread(host.drops_connections)
        await connection.wait_closed()
    assert await asyncio.to_thread(eventually, (host.home / "later").exists)
    assert host.connections == 0


async def test_a_command_that_prints_to_a_dropped_connection_finds_a_closed_pipe(hosts):
    host = hosts.host("web1")
    async with connect(hosts, host) as connection:
        await connection.create_process("while :; do echo tick || exit; sleep 0.01; done", encoding=None)
        await asyncio.to_thread(host.drops_connections)
        await connection.wait_closed()
    assert await asyncio.to_thread(eventually, lambda: not processes.of(str(host.home)))


async def test_a_signal_of_the_client_reaches_the_command(hosts):
    async with connect(hosts, hosts.host("web1")) as connection:
        process = await connection.create_process("trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done")
        await process.stdout.readline()
        process.send_signal("TERM")
        assert (await process.wait()).exit_status == 9


@pytest.mark.parametrize(
    "who",
    [
        {"username": "root"},
        {"client_keys": [asyncssh.generate_private_key("ssh-ed25519")]},
        {"client_keys": None, "password": "secret"},
    ],
    ids=["another user", "another key", "a password"],
)
async def test_only_the_deploy_key_of_the_deploy_user_comes_in(hosts, who):
    with pytest.raises(asyncssh.PermissionDenied):
        await connect(hosts, hosts.host("web1"), **who)


async def test_a_changed_host_key_is_not_the_one_that_is_pinned(hosts):
    host = hosts.host("web1")
    host.changes_its_host_key()
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        await connect(hosts, host)
    assert (await asyncio.to_thread(run, hosts, "web2", "hostname")).said == "web2"


def test_each_host_has_a_key_of_its_own(hosts):
    keys = [line.split()[2] for line in hosts.known_hosts.read_text().splitlines()]
    assert len(set(keys)) == 2


async def test_a_tunnel_reaches_the_hosts_own_ports_and_nothing_else(hosts):
    async with connect(hosts, hosts.host("web1")) as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection("127.0.0.1", hosts.host("web2").ssh_port)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection("192.0.2.1", hosts.host("web1").port)


def test_openssh_comes_in_by_the_written_key_and_known_hosts(hosts):
    needed(shutil.which("ssh"), "OpenSSH's client is not installed here; install openssh-client")
    host = hosts.host("web1")
    options = ("BatchMode=yes", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={hosts.known_hosts}")
    command = ["ssh", "-F", "none", "-i", str(hosts.deploy_key), "-p", str(host.ssh_port)]
    command += [part for option in options for part in ("-o", option)]
    done = subprocess.run(
        [*command, "deploy@127.0.0.1", "cat; exit 3"], input=b"hello", capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (3, b"hello")


def test_ports_and_keys_stay_when_the_state_is_kept(tmp_path):
    with Hosts(tmp_path) as first:
        before = [(host.name, host.ssh_port, host.port, host.candidate_port) for host in first]
        pinned = first.known_hosts.read_text()
    with Hosts(tmp_path) as second:
        assert [(host.name, host.ssh_port, host.port, host.candidate_port) for host in second] == before
        assert second.known_hosts.read_text() == pinned
    assert len({port for _, *ports in before for port in ports}) == 9


def test_two_sandboxes_do_not_share_a_state_directory(hosts, tmp_path):
    with pytest.raises(RuntimeError, match="another sandbox uses"):
        Hosts(tmp_path).start()


def test_nothing_is_left_behind_when_the_hosts_stop(tmp_path):
    with Hosts(tmp_path, ("web1",)) as hosts:
        run(
            hosts, "web1", "setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 1; done' > /dev/null 2>&1 < /dev/null &"
        )
        mark = str(hosts.host("web1").home)
        assert processes.of(mark)
    assert not processes.of(mark)
