"""The sandbox's visitors count every answer that they did not get."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.sandbox.front import Front, Visit, totals
from tests.contracts.sandbox_hosts_kit import eventually


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(self.server.status)
        self.send_header("X-Version", "v1")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object):
        pass


@pytest.fixture
def site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.status = 200
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def nobody():
    """Give a port on which connections are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()


@pytest.fixture
def silence():
    """Give a port that accepts and answers nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as taken:
        yield taken.getsockname()


def test_answers_are_counted_by_host_and_version(site):
    with Front({"a": site.server_address, "b": site.server_address}, rate=200) as front:
        assert eventually(lambda: front.window().all.ok >= 20)
        seen = front.window()
    assert seen.all.failed == 0
    assert abs(seen.hosts["a"].ok - seen.hosts["b"].ok) <= 3
    assert seen.all.versions == {"v1": seen.all.ok}
    assert 0 < seen.all.p95 <= seen.all.slowest


def test_refusals_errors_and_silence_are_failures_with_their_reason(site, nobody, silence):
    site.status = 503
    hosts = {"sick": site.server_address, "gone": nobody, "frozen": silence}
    with Front(hosts, rate=100, timeout=0.3) as front:
        assert eventually(lambda: all(each.failed for each in front.window().hosts.values()))
        seen = front.window().hosts
    assert set(seen["sick"].faults) == {"answered 503"}
    assert set(seen["gone"].faults) == {"refused"}
    assert set(seen["frozen"].faults) == {"no answer within 0.3 s"}


def test_a_frozen_host_does_not_keep_visitors_from_the_other(site, silence):
    with Front({"frozen": silence, "good": site.server_address}, rate=100, timeout=30) as front:
        assert eventually(lambda: front.window().hosts["good"].ok >= 20)


def test_a_window_begins_where_one_says(site):
    with Front({"a": site.server_address}, rate=100) as front:
        assert eventually(lambda: front.window().all.ok >= 5)
        site.status = 500
        assert eventually(lambda: front.window().all.failed >= 1)
        since = front.now()
        assert eventually(lambda: front.window(since).all.failed >= 3)
        assert front.window(since).all.ok == 0
        assert front.window().all.ok >= 5
        assert sum(each.all.asked for each in front.seconds(60)) >= 5
        assert len(front.seconds(3)) == 3


def test_totals_of_nothing_are_nothing():
    assert totals([]).asked == 0


def test_totals_know_the_slowest_and_the_faults():
    seen = totals([Visit(0, "a", 0.1, "v1"), Visit(1, "a", 0.5, "", "refused")])
    assert (seen.ok, seen.failed, seen.slowest, seen.faults) == (1, 1, 0.5, {"refused": 1})
