"""The wrapper and the remote over OpenSSH's sshd: what breaks is mended, what is not pinned is not spoken to."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import httpx
import pytest

from deployers.environment import Environment, Health, Host, Place, Recipe
from deployers.errors import HostKeyRefused, NoRoom, Unreachable
from deployers.ports import Authority, Fate, Operation
from deployers.preflight import SshPreflight
from deployers.ssh import SshRemote
from deployers.ssh_line import Patience
from tests.system.sshd import Sshd, free_port, key, sshd
from tests.system.wrapped import until

pytestmark = pytest.mark.system
OURS = Authority("d1", 1)


def op(number: int, script: str) -> Operation:
    return Operation(f"d1.{number}.web1.1", script, timedelta(seconds=120))


@pytest.fixture
def server(tmp_path) -> Iterator[Sshd]:
    with sshd(tmp_path / "sshd") as running:
        yield running


def remote_to(server: Sshd, place: Place | None = None, **patience: float) -> SshRemote:
    return SshRemote(
        place or server.place(), key_file=str(server.key_file), patience=Patience(**{"mend": 30, **patience})
    )


@pytest.fixture
def remote(server) -> Iterator[SshRemote]:
    remote = remote_to(server, silence=5)
    yield remote
    remote.close()


def gated(folder: Path, then: str = ":") -> str:
    return f"echo started >> {folder}/notes; until [ -e {folder}/gate ]; do sleep 0.05; done; {then}"


def started(folder: Path) -> list[str]:
    return (folder / "notes").read_text().split() if (folder / "notes").exists() else []


def test_a_connection_dropped_in_the_middle_of_a_step_is_mended_and_the_step_runs_once(server, remote, tmp_path):
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(remote.perform, server.host, [op(1, gated(tmp_path, "echo late")), op(2, "exit 5")], OURS)
        until(lambda: started(tmp_path))
        for _ in range(3):
            server.hang_up()
            Event().wait(0.3)
        (tmp_path / "gate").touch()
        first, second = running.result(60)
    assert (first.exit_code, first.output, second.exit_code) == (0, "late\n", 5)
    assert started(tmp_path) == ["started"]


def test_a_frozen_server_is_noticed_and_another_connection_finds_the_step(server, remote, tmp_path):
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(remote.perform, server.host, [op(1, gated(tmp_path, "exit 6"))], OURS)
        until(lambda: started(tmp_path))
        server.signal_connections(signal.SIGSTOP)
        (tmp_path / "gate").touch()
        (record,) = running.result(60)
    assert record.exit_code == 6
    assert started(tmp_path) == ["started"]


def test_steps_go_on_under_a_wrapper_that_another_remote_sent(server, remote, tmp_path):
    operation = op(1, gated(tmp_path, "exit 3"))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(remote.perform, server.host, [operation], OURS)
        until(lambda: started(tmp_path))
        other = remote_to(server)
        (seen,) = other.records(server.host, [operation.id])
        assert seen.fate is Fate.RUNNING
        (tmp_path / "gate").touch()
        (record,) = other.perform(server.host, [operation], OURS)
        other.close()
    assert record.exit_code == 3


def test_an_abort_over_ssh_ends_a_running_batch(server, remote, tmp_path):
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(remote.perform, server.host, [op(1, gated(tmp_path)), op(2, ":")], OURS)
        until(lambda: started(tmp_path))
        remote.abort(server.host, Authority("d1", 2))
        first, second = running.result(60)
    assert (first.fate, first.exit_code) == (Fate.EXITED, 143)
    assert (second.fate, second.why) == (Fate.REFUSED, "aborted")


def test_a_changed_host_key_is_refused_before_anything_is_sent(server, tmp_path):
    server.pin(Path(f"{key(tmp_path / 'other')}.pub"))
    remote = remote_to(server)
    with pytest.raises(HostKeyRefused, match=r"web1 showed a host key .* \(ssh-ed25519 SHA256:"):
        remote.perform(server.host, [op(1, f"touch {tmp_path}/sent")], OURS)
    assert not (tmp_path / "sent").exists()
    remote.close()


def test_a_host_without_a_pinned_key_is_refused(server):
    server.known_hosts.write_text("")
    remote = remote_to(server)
    with pytest.raises(HostKeyRefused, match="nothing was sent to it"):
        remote.ask(server.host, ":")
    remote.close()


def test_a_missing_known_hosts_file_says_so(server):
    server.known_hosts.unlink()
    remote = remote_to(server)
    with pytest.raises(Unreachable, match="pinned host keys"):
        remote.ask(server.host, ":")
    remote.close()


def test_a_key_that_is_not_let_in_says_so(server, tmp_path):
    remote = SshRemote(server.place(), key_file=str(key(tmp_path / "stranger")))
    with pytest.raises(Unreachable, match=r"does not let .* in with the key"):
        remote.ask(server.host, ":")
    remote.close()


def test_a_private_key_that_is_not_there_says_so(server, tmp_path):
    remote = SshRemote(server.place(), key_file=str(tmp_path / "nowhere"))
    with pytest.raises(Unreachable, match=r"nowhere cannot be read"):
        remote.ask(server.host, ":")
    remote.close()


def test_what_a_login_shell_prints_first_is_nobodys_business(server, remote):
    (server.folder / ".bashrc").write_text("echo '= hello from the .bashrc'; echo shipmat\n")
    (record,) = remote.perform(server.host, [op(1, "echo ours")], OURS)
    assert record.output == "ours\n"


def test_many_remotes_at_once_get_past_max_startups(tmp_path):
    with sshd(tmp_path / "sshd", {"MaxStartups": "2:100:2"}) as server:
        remotes = [remote_to(server) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda remote: remote.ask(server.host, "echo in").output, remotes))
        assert answers == ["in\n"] * 8
        for remote in remotes:
            remote.close()


def test_more_commands_than_max_sessions_share_one_connection(tmp_path):
    with sshd(tmp_path / "sshd", {"MaxSessions": "3"}) as server:
        remote = remote_to(server)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: remote.ask(server.host, "sleep 0.2; echo in").output, range(8)))
        assert answers == ["in\n"] * 8
        remote.close()


def test_a_server_that_forbids_forwarding_says_what_to_set(tmp_path):
    with sshd(tmp_path / "sshd", {"AllowTcpForwarding": "no"}) as server:
        remote = remote_to(server)
        with remote.http(server.host) as client, pytest.raises(Unreachable, match="AllowTcpForwarding local"):
            client.get(f"http://127.0.0.1:{free_port()}/")
        remote.close()


def test_only_the_hosts_own_loopback_is_asked(server, remote):
    with remote.http(server.host) as client, pytest.raises(httpx.ConnectError, match="is not the loopback of web1"):
        client.get("http://192.0.2.1/")


def test_a_place_that_cannot_be_written_says_so(server):
    remote = remote_to(server, server.place("/proc/shipmate"))
    with pytest.raises((Unreachable, NoRoom), match=r"/proc/shipmate/\.shipmate cannot be written"):
        remote.perform(server.host, [op(1, ":")], OURS)
    remote.close()


def test_a_closed_remote_answers_nobody(server, remote):
    remote.close()
    with pytest.raises(Unreachable, match="closed"):
        remote.ask(server.host, ":")


def _environment(place: Place, health: Health | None = None) -> Environment:
    return Environment("production", "app", "file:///nowhere", Recipe("web"), place=place, health=health)


def test_a_look_before_the_first_deployment_finds_no_way_back(server):
    environment = _environment(server.place(), Health(target="http://127.0.0.1:{port}"))
    findings = SshPreflight(lambda _: remote_to(server)).inspect(environment)
    assert [finding.what for finding in findings if finding.blocking and not finding.good] == []
    (back,) = [finding for finding in findings if finding.what == "previous release"]
    assert (back.good, back.blocking) == (False, False)
    assert "no way back" in back.detail
    assert {"reachable", "host key", "lock directory", "disk", "git", "tunnel"} <= {each.what for each in findings}


def test_a_look_tells_leftovers_a_held_lock_and_the_release_that_is_served(server):
    app = Path(server.place().path)
    (app / "releases/20261124-abc").mkdir(parents=True)
    (app / "releases/20261125-def.part").mkdir()
    (app / "current").symlink_to("releases/20261124-abc")
    remote = remote_to(server)
    remote.lock(server.host, "shipmate:app:production", OURS)
    remote.close()
    found = {
        finding.what: finding
        for finding in SshPreflight(lambda _: remote_to(server)).inspect(_environment(server.place()))
    }
    assert found["previous release"].detail == "20261124-abc"
    assert "releases/20261125-def.part" in found["leftovers"].detail
    assert found["lock"].detail == "held by shipmate:app:production"
    assert not any(finding.blocking for finding in found.values() if not finding.good)


def test_a_look_at_a_host_that_is_away_or_has_another_key_blocks(server, tmp_path):
    away = Host("web2", "127.0.0.1", ssh_port=free_port())
    place = Place(server.place().user, server.place().path, (server.host, away), str(server.known_hosts))
    server.pin(Path(f"{key(tmp_path / 'other')}.pub"))
    findings = SshPreflight(lambda _: remote_to(server, place)).inspect(_environment(place))
    assert [(each.where, each.what, each.good, each.blocking) for each in findings] == [
        ("web1", "host key", False, True),
        ("web2", "reachable", False, True),
    ]


def test_a_place_where_nothing_can_be_written_blocks(server):
    place = server.place("/proc/shipmate")
    findings = SshPreflight(lambda _: remote_to(server)).inspect(_environment(place))
    (lock,) = [finding for finding in findings if finding.what == "lock directory"]
    assert (lock.good, lock.blocking) == (False, True)
