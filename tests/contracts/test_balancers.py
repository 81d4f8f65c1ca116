"""What balancers are told, as real nginx and real HAProxy understand it."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Self

import httpx
import pytest

from benchmarks import balancers
from benchmarks.kit import until
from deployers.balancers import Server, speech
from deployers.environment import Balancer

APPLICATION = Path(__file__).parents[2] / "benchmarks/application.py"
SHORT = timedelta(seconds=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(params=["nginx", "haproxy"])
def front(request, tmp_path):
    """Give a balancer of each kind before a blue and a green application, with all visitors on blue."""
    with ExitStack() as stack:
        yield stack.enter_context(Front.before(request.param, tmp_path))


class Front:
    """A balancer, and the two sides behind it."""

    def __init__(self, running, ports) -> None:
        self.running, self.ports = running, ports
        self.balancer = running.balancer
        self.speech = speech(running.balancer)

    @classmethod
    @contextmanager
    def before(cls, kind: str, folder: Path) -> Iterator[Self]:
        if why := balancers.missing(kind):
            pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
        ports = {side: free_port() for side in ("blue", "green")}
        with ExitStack() as stack:
            for side, port in ports.items():
                stack.enter_context(application(folder / side, port, side))
            if kind == "nginx":
                running = balancers.nginx(folder / "front", free_port(), [f"127.0.0.1:{ports['blue']}"])
            else:
                servers = [(f"web1-{side}", f"127.0.0.1:{port}") for side, port in ports.items()]
                running = balancers.haproxy(folder / "front", free_port(), servers, str(folder / "state"))
            yield cls(stack.enter_context(running), ports)

    def servers(self, **weights: int) -> tuple[Server, ...]:
        return tuple(Server("web1", "127.0.0.1", self.ports[side], weight, side) for side, weight in weights.items())

    def told(self, script: str) -> subprocess.CompletedProcess[str]:
        return run(script)

    def sends(self, **weights: int) -> None:
        done = self.told(self.speech.send(self.balancer, self.servers(**weights)))
        assert done.returncode == 0, done.stderr

    def answer(self) -> str:
        return httpx.get(self.running.url, timeout=10).text

    def answers(self, count: int) -> list[str]:
        return [self.answer() for _ in range(count)]


@contextmanager
def application(folder: Path, port: int, name: str):
    folder.mkdir()
    (folder / "REVISION").write_text(name)
    process = subprocess.Popen([sys.executable, APPLICATION, str(port), folder])
    try:
        until(lambda: _answers(port), 30, f"the application {name}")
        yield process
    finally:
        process.kill()
        process.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_from_the_moment_a_side_is_in_force_nobody_reaches_the_other(front):
    for side, other in (("green", "blue"), ("blue", "green"), ("green", "blue")):
        front.sends(**{side: 100, other: 0})
        assert set(front.answers(30)) == {side}


def test_a_share_of_the_visitors_reaches_each_side_and_said_twice_it_is_the_same(front):
    front.sends(blue=75, green=25)
    front.sends(blue=75, green=25)
    seen = front.answers(200)
    assert 25 <= seen.count("green") <= 80


def test_it_says_whether_it_can_be_told_before_anything_begins(front):
    look = front.speech.look(front.balancer, front.servers(blue=100, green=0))
    assert front.told(look).stdout == ""
    gone = replace(front.balancer, include="/nowhere/app.conf", pid="/nowhere/pid", socket="/nowhere/socket")
    said = front.told(front.speech.look(gone, front.servers(blue=100, green=0))).stdout
    assert said.strip()


def test_draining_waits_for_who_is_in_the_middle_of_something_and_then_says_that_nobody_is_left(front):
    with slow_visitor(front) as visitor:
        front.sends(blue=0, green=100)
        drain = front.speech.drain(front.balancer, front.servers(blue=0, green=100), SHORT)
        waiting = threading.Thread(target=lambda: said.append(front.told(drain)))
        said: list[subprocess.CompletedProcess[str]] = []
        waiting.start()
        waiting.join(1.5)
        assert waiting.is_alive(), said
        visitor.finish()
        waiting.join(30)
    assert said[0].returncode == 0
    assert "nobody is left" in said[0].stdout


def test_a_drain_that_takes_too_long_says_who_is_left_and_is_no_failure(front):
    with slow_visitor(front):
        front.sends(blue=0, green=100)
        limit = timedelta(seconds=1)
        done = front.told(front.speech.drain(front.balancer, front.servers(blue=0, green=100), limit))
    assert done.returncode == 0
    assert "gone on after 1 s with" in done.stdout


@contextmanager
def slow_visitor(front: Front):
    """Give somebody who reaches a slow server on the blue side and is not answered yet."""
    with SlowSide(front) as slow:
        yield slow


class SlowSide:
    """Takes the place of blue with a server that answers when it is told."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._held: list[socket.socket] = []

    def __enter__(self) -> Self:
        front = self._front
        self._before = dict(front.ports)
        if front.balancer.kind == "haproxy":
            name = f"set server app/web1-blue addr 127.0.0.1 port {self._port}"
            words = ["socat", "-", f"UNIX-CONNECT:{front.balancer.socket}"]
            subprocess.run(words, input=name.encode() + b"\n", check=True, timeout=10, stdout=subprocess.DEVNULL)
        front.ports["blue"] = self._port
        front.sends(blue=100, green=0)
        self._visitor = threading.Thread(target=lambda: httpx.get(front.running.url, timeout=30))
        self._visitor.start()
        held, _ = self._listener.accept()
        held.recv(65536)
        self._held.append(held)
        return self

    def finish(self) -> None:
        for held in self._held:
            held.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            held.close()
        self._held.clear()

    def __exit__(self, *raised: object) -> None:
        self.finish()
        self._visitor.join(30)
        self._listener.close()


def test_what_nginx_refuses_is_not_put_into_force_and_the_upstream_before_comes_back(tmp_path):
    with Front.before("nginx", tmp_path) as front:
        include = Path(front.balancer.include)
        before = include.read_text()
        broken = replace(front.balancer, options=("no_such_directive on",))
        done = front.told(front.speech.send(broken, front.servers(blue=0, green=100)))
        assert done.returncode == 71
        assert "no_such_directive" in done.stderr
        assert include.read_text() == before
        assert sorted(each.name for each in include.parent.iterdir()) == ["app.conf"]
        assert set(front.answers(5)) == {"blue"}


@pytest.mark.parametrize(("reload", "code"), [("echo no permission >&2; exit 1", 72), (":", 73)])
def test_a_reload_that_is_refused_or_has_no_effect_fails_and_the_upstream_before_comes_back(tmp_path, reload, code):
    with Front.before("nginx", tmp_path) as front:
        before = Path(front.balancer.include).read_text()
        deaf = replace(front.balancer, reload=reload)
        done = front.told(front.speech.send(deaf, front.servers(blue=0, green=100)))
        assert (done.returncode, Path(front.balancer.include).read_text()) == (code, before)
        assert "is back" in done.stderr


def test_an_upstream_that_a_crash_left_half_tried_gives_way_to_the_one_that_was_in_force(tmp_path):
    with Front.before("nginx", tmp_path) as front:
        include = Path(front.balancer.include)
        good = include.read_text()
        include.with_name("app.conf.before").write_text(good)
        include.write_text("upstream app { half")
        broken = replace(front.balancer, options=("no_such_directive on",))
        assert front.told(front.speech.send(broken, front.servers(green=100))).returncode == 71
        assert include.read_text() == good
        front.sends(green=100)
        assert front.answer() == "green"


def test_haproxy_that_lacks_a_server_is_told_nothing_at_all(tmp_path):
    with Front.before("haproxy", tmp_path) as front:
        stranger = Server("web9", "127.0.0.1", 9, 100, "green")
        done = front.told(front.speech.send(front.balancer, (*front.servers(blue=0), stranger)))
        assert done.returncode == 71
        assert "no server web9-green" in done.stderr
        assert set(front.answers(5)) == {"blue"}


def test_haproxy_puts_back_what_was_when_it_refuses_in_the_middle(tmp_path):
    with Front.before("haproxy", tmp_path) as front:
        front.sends(blue=60, green=40)
        mad = tuple(replace(it, weight=it.weight * 10) for it in front.servers(blue=5, green=50))
        done = front.told(front.speech.send(front.balancer, mad))
        assert done.returncode == 72
        assert "HAProxy refuses" in done.stderr
        seen = front.answers(100)
        assert 20 <= seen.count("green") <= 60


def test_haproxy_keeps_its_state_over_a_reload_of_its_own(tmp_path):
    with Front.before("haproxy", tmp_path) as front:
        front.sends(blue=0, green=100)
        text = (tmp_path / "state").read_text()
        assert "web1-green" in text
        before = _children(front)
        front.running.process.send_signal(12)  # SIGUSR2: the master starts workers anew
        until(lambda: _children(front) and not (_children(front) & before), 30, "new workers")
        assert set(front.answers(20)) == {"green"}


def _children(front: Front) -> set[str]:
    words = ["pgrep", "-P", str(front.running.process.pid)]
    return set(subprocess.run(words, capture_output=True, text=True, check=False).stdout.split())


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=False)


def test_other_balancers_are_given_every_server_and_asked_who_is_left(tmp_path):
    other = Balancer("commands", tell=f"cat > {tmp_path}/told", active=f"cat > {tmp_path}/asked; echo 0")
    servers = (Server("web1", "10.0.0.1", 80, 0, "blue"), Server("web1", "10.0.0.1", 81, 100, "green"))
    assert run(speech(other).send(other, servers)).returncode == 0
    assert (tmp_path / "told").read_text() == "web1 blue 10.0.0.1 80 0\nweb1 green 10.0.0.1 81 100\n"
    assert "nobody is left" in run(speech(other).drain(other, servers, SHORT)).stdout
    assert (tmp_path / "asked").read_text() == "web1 blue 10.0.0.1 80 0\n"
    refusing = replace(other, tell="cat >/dev/null; echo no >&2; exit 3")
    assert run(speech(refusing).send(refusing, servers)).returncode == 3
