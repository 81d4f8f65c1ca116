"""What every remote promises: over memory, over a small SSH server, over OpenSSH's own."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from deployers.environment import Host, Place
from deployers.errors import Fenced, HostLocked, Unreachable
from deployers.ports import Authority, Fate, Operation, Record, Remote
from deployers.rehearsal import Outcome, Rehearsal
from deployers.ssh import SshRemote
from deployers.ssh_line import Patience
from tests.contracts.remote_asyncssh import small
from tests.system.sshd import free_port, sshd

SOON = timedelta(seconds=60)
OURS = Authority("d1", 5)
QUICK = Patience(mend=1)


@dataclass
class World:
    """A remote and the one host it reaches."""

    remote: Remote
    host: Host
    notes: Path
    """A file that scripts write to."""

    def note(self, word: str, then: str = ":") -> str:
        """Return a script that writes a word down."""
        return f"echo {word} >> {self.notes}; {then}"

    def noted(self) -> list[str]:
        """Return what scripts wrote down."""
        return self.notes.read_text().split() if self.notes.exists() else []

    def perform(self, *operations: Operation, authority: Authority = OURS, **rest) -> tuple[Record, ...]:
        """Do operations."""
        return self.remote.perform(self.host, operations, authority, **rest)


def op(number: int, script: str = ":", deadline: timedelta = SOON) -> Operation:
    """Return an operation of the first deployment."""
    return Operation(f"d1.{number}.web1.1", script, deadline)


def locally(host: Host, script: str) -> Outcome:
    """Run a script here, for the remote that has no hosts."""
    done = subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return Outcome(done.returncode, done.stdout.decode(errors="replace"))


@contextmanager
def _rehearsed(folder: Path) -> Iterator[tuple[Remote, Host]]:
    def forward(request: httpx.Request) -> httpx.Response:
        with httpx.Client(trust_env=False) as client:
            return client.get(request.url)

    yield Rehearsal(act=locally, wire=forward), Host("web1", "127.0.0.1")


@contextmanager
def _over_asyncssh(folder: Path) -> Iterator[tuple[Remote, Host]]:
    with small(folder) as server:
        remote = SshRemote(server.place(), key_file=str(server.key_file), patience=QUICK)
        yield remote, server.host
        remote.close()


@contextmanager
def _over_sshd(folder: Path) -> Iterator[tuple[Remote, Host]]:
    with sshd(folder) as server:
        remote = SshRemote(server.place(), key_file=str(server.key_file), patience=QUICK)
        yield remote, server.host
        remote.close()


KINDS = {"rehearsal": _rehearsed, "asyncssh": _over_asyncssh, "sshd": _over_sshd}


@pytest.fixture(params=["rehearsal", "asyncssh", pytest.param("sshd", marks=pytest.mark.system)])
def world(request, tmp_path) -> Iterator[World]:
    """Give each remote in turn."""
    with KINDS[request.param](tmp_path / "server") as (remote, host):
        yield World(remote, host, tmp_path / "notes")


def test_an_operation_runs_and_its_record_says_what_became_of_it(world):
    (record,) = world.perform(op(1, "echo hello; echo wrong >&2; exit 3"))
    assert (record.id, record.fate, record.exit_code, record.token) == ("d1.1.web1.1", Fate.EXITED, 3, 5)
    assert record.output == "hello\nwrong\n"
    assert (record.output_bytes, record.output_sha256) == (12, sha256(b"hello\nwrong\n").hexdigest())


def test_an_id_runs_once_ever_and_its_record_is_returned_again(world):
    first = world.perform(op(1, world.note("ran", "exit 4")))
    again = world.perform(op(1, world.note("ran", "exit 0")))
    assert first == again
    assert world.noted() == ["ran"]


def test_a_failure_stops_the_batch_and_leaves_the_rest_for_later(world):
    records = world.perform(op(1), op(2, "exit 1"), op(3, world.note("never")))
    assert [(each.fate, each.exit_code, each.why) for each in records] == [
        (Fate.EXITED, 0, ""),
        (Fate.EXITED, 1, ""),
        (Fate.REFUSED, None, "earlier"),
    ]
    assert world.noted() == []
    assert [each.fate for each in world.remote.records(world.host, ["d1.3.web1.1", "d1.2.web1.1", "d9.0.x.1"])] == [
        Fate.ABSENT,
        Fate.EXITED,
        Fate.ABSENT,
    ]
    (later,) = world.perform(op(3, world.note("now")))
    assert (later.exit_code, world.noted()) == (0, ["now"])


def test_every_record_is_told_once_as_it_ends(world):
    heard = []
    records = world.perform(op(1, "echo a"), op(2, "echo b"), op(3, "exit 1"), op(4), heard=heard.append)
    assert tuple(heard) == records


def test_what_goes_wrong_in_the_listener_reaches_the_caller_and_the_step_is_remembered(world):
    def broken(record: Record) -> None:
        raise KeyError(record.id)

    with pytest.raises(KeyError, match=r"d1\.1"):
        world.perform(op(1, world.note("ran")), heard=broken)
    (record,) = world.perform(op(1, world.note("ran")))
    assert (record.exit_code, world.noted()) == (0, ["ran"])


def test_nothing_to_do_is_nothing_done(world):
    assert world.perform() == ()
    assert world.remote.records(world.host, []) == ()


def test_only_the_end_of_a_long_output_is_kept_with_length_and_digest_of_all(world):
    printed = "".join(f"{number}\n" for number in range(1, 40001))
    (record,) = world.perform(op(1, "seq 40000"))
    assert record.output == printed[-65536:]
    assert record.output_bytes == len(printed)
    assert record.output_sha256 == sha256(printed.encode()).hexdigest()


def test_bytes_that_are_no_text_are_replaced(world):
    (record,) = world.perform(op(1, r"printf 'a\377b\n'"))
    assert record.output == "a\ufffdb\n"


def test_an_older_token_is_refused_and_the_step_is_left_for_the_newer_one(world):
    world.perform(Operation("d2.0.web1.1", ":", SOON), authority=Authority("d2", 7))
    refused = world.perform(op(1, world.note("stale")), op(2, world.note("stale")))
    assert [(each.fate, each.why) for each in refused] == [(Fate.REFUSED, "fenced 7")] * 2
    (done,) = world.perform(op(1, world.note("new")), authority=Authority("d1", 7))
    assert (done.exit_code, done.token, world.noted()) == (0, 7, ["new"])


def test_nothing_of_an_aborted_deployment_begins_any_more(world):
    world.perform(op(1))
    world.remote.abort(world.host, Authority("d1", 6))
    world.remote.abort(world.host, Authority("d1", 6))
    records = world.perform(op(1), op(2, world.note("never")), authority=Authority("d1", 6))
    assert [(each.fate, each.why) for each in records] == [(Fate.EXITED, ""), (Fate.REFUSED, "aborted")]
    (other,) = world.perform(Operation("d2.0.web1.1", world.note("other"), SOON), authority=Authority("d2", 6))
    assert (other.exit_code, world.noted()) == (0, ["other"])


def test_an_abort_raises_the_token(world):
    world.remote.abort(world.host, Authority("d1", 9))
    (record,) = world.perform(Operation("d2.0.web1.1", ":", SOON), authority=Authority("d2", 8))
    assert record.why == "fenced 9"


def test_threads_that_send_the_same_ids_run_each_once(world):
    operations = [op(number, world.note(str(number), "sleep 0.1")) for number in range(3)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: world.perform(*operations), range(6)))
    assert {tuple(record.exit_code for record in answer) for answer in answers} == {(0, 0, 0)}
    assert len(set(answers)) == 1
    assert world.noted() == ["0", "1", "2"]


def test_a_host_lock_is_held_by_one_owner_until_that_one_gives_it_back(world):
    world.remote.lock(world.host, "shipmate:app:production", OURS)
    world.remote.lock(world.host, "shipmate:app:production", OURS)
    with pytest.raises(HostLocked, match="shipmate:app:production"):
        world.remote.lock(world.host, "shipmate:other:production", OURS)
    world.remote.unlock(world.host, "shipmate:other:production")
    with pytest.raises(HostLocked):
        world.remote.lock(world.host, "shipmate:other:production", OURS)
    world.remote.unlock(world.host, "shipmate:app:production")
    world.remote.lock(world.host, "shipmate:other:production", OURS)


def test_a_newer_token_takes_over_a_lock_of_its_own_family_only(world):
    world.remote.lock(world.host, "shipmate:app:d1", OURS)
    world.remote.lock(world.host, "shipmate:app:d2", Authority("d2", 6))
    with pytest.raises(HostLocked, match="shipmate:app:d2"):
        world.remote.lock(world.host, "capistrano:app:d3", Authority("d3", 7))


def test_an_older_token_takes_no_lock(world):
    world.remote.abort(world.host, Authority("d2", 6))
    with pytest.raises(Fenced) as raised:
        world.remote.lock(world.host, "shipmate:app:production", OURS)
    assert (raised.value.token, raised.value.newest) == (5, 6)


def test_a_question_is_answered_with_the_exit_code_and_at_most_64_kib(world):
    answer = world.remote.ask(world.host, "seq 100000; exit 5")
    assert answer.exit_code == 5
    assert answer.output == "".join(f"{number}\n" for number in range(1, 100001))[:65536]


class _Here(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"you asked for {self.path}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object):
        pass


@pytest.fixture
def listening() -> Iterator[int]:
    """Give the port of a web server on the loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Here)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_host_is_asked_over_http_from_itself(world, listening):
    with world.remote.http(world.host) as client:
        answers = [client.get(f"http://127.0.0.1:{listening}/{number}") for number in range(3)]
    assert [answer.text for answer in answers] == [f"you asked for /{number}" for number in range(3)]


def test_a_port_where_nobody_listens_is_a_connect_error(world):
    with world.remote.http(world.host) as client, pytest.raises(httpx.ConnectError):
        client.get(f"http://127.0.0.1:{free_port()}/")


def test_a_host_that_is_away_is_unreachable(world, tmp_path):
    host = Host("web2", "127.0.0.1", ssh_port=free_port())
    remote = world.remote
    if isinstance(remote, Rehearsal):
        remote.down.add("web2")
    asked = [
        lambda: remote.perform(host, [op(1)], OURS),
        lambda: remote.records(host, ["d1.1.web1.1"]),
        lambda: remote.ask(host, ":"),
        lambda: remote.lock(host, "shipmate", OURS),
        lambda: remote.abort(host, OURS),
    ]
    for ask in asked:
        with pytest.raises(Unreachable, match="web2 cannot be reached"):
            ask()


def test_a_place_may_be_relative_to_the_home(tmp_path):
    with small(tmp_path / "server") as server:
        for path in ("sites/one", "~/sites/two"):
            remote = SshRemote(
                Place("anyone", path, (server.host,), server.place().known_hosts), key_file=str(server.key_file)
            )
            (record,) = remote.perform(server.host, [op(1, "pwd")], OURS)
            assert record.output.strip() == str(server.folder / "home")
            remote.close()
        assert sorted(each.name for each in (server.folder / "home/sites").iterdir()) == ["one", "two"]
