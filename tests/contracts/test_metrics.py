"""Where a canary's numbers come from, over real HTTP: a stand-in for Prometheus, and an application's own counters."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from deployers.comparing.sides import CANARY, STABLE, Sides, values
from deployers.comparing.tuning import Endpoint, Queries
from deployers.environment import Host
from deployers.metrics import MOST_BYTES, Blind, Endpoints, Nothing, Prometheus
from deployers.rehearsal import Rehearsal
from tests.unit.deployers.worlds import environment, plan

BEGAN = datetime(2026, 12, 1, 9, tzinfo=UTC)
REQUESTS = 'sum(increase(hits_total{release="{release}"}[{window}])) or vector(0)'
ERRORS = 'sum(increase(hits_total{release="{release}",code=~"5.."}[{window}])) or vector(0)'
P95 = 'histogram_quantile(0.95, sum by (le) (rate(took_bucket{instance=~"{hosts}"}[{window}])))'


@dataclass
class StandIn:
    """A Prometheus that knows a few answers by a pattern of the query, and remembers what it was asked."""

    answers: dict[str, object]
    status: int = 200
    body: bytes = b""
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str) -> tuple[int, bytes]:
        asked = {name: value[0] for name, value in parse_qs(urlsplit(path).query).items()}
        self.asked.append(asked)
        if self.body or self.status != 200:
            return self.status, self.body
        if urlsplit(path).path != "/api/v1/query":
            return 404, b"no such page"
        value = next(value for pattern, value in self.answers.items() if re.search(pattern, asked["query"]))
        result = [] if value is None else [{"metric": {}, "value": [BEGAN.timestamp(), str(value)]}]
        found = {"status": "success", "data": {"resultType": "vector", "result": result}}
        return 200, json.dumps(found).encode()


@contextmanager
def serving(stand_in: StandIn) -> Iterator[StandIn]:
    """Serve it on the loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = stand_in.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def stand_in():
    answers = {r'"new".*5\.\.': 1.6, r'"old".*5\.\.': 0.0, '"new"': 100.4, '"old"': 900.0, "quantile.*web1": 0.2}
    with serving(StandIn({**answers, "quantile": 0.1})) as found:
        yield found


def prometheus(stand_in: StandIn) -> Prometheus:
    """Return the source for a canary on the first of two hosts."""
    where = environment(2)
    first, second = where.hosts
    both = Sides(((first, 8001),), ((second, 8002),))
    asked = values(where, plan(where), both, "old")
    asked[CANARY]["release"] = "new"
    return Prometheus(Queries(stand_in.url, REQUESTS, ERRORS, P95), asked)


def test_prometheus_is_asked_for_the_time_since_the_reading_before(stand_in):
    """Each side by its release; response times since they were last compared."""
    source = prometheus(stand_in)
    nothing, cursor = source.read({}, BEGAN, BEGAN)
    assert nothing is None
    later = BEGAN + timedelta(seconds=60)
    reading, _ = source.read(json.loads(json.dumps(cursor)), later, BEGAN - timedelta(seconds=60))
    assert (reading.canary.requests, reading.canary.errors, reading.canary.p95) == (100, 1, 0.2)
    assert (reading.stable.requests, reading.stable.errors, reading.stable.p95) == (900, 0, 0.1)
    queries = [asked["query"] for asked in stand_in.asked]
    assert queries[0] == 'sum(increase(hits_total{release="new"}[60s])) or vector(0)'
    assert '{instance=~"web1"}[120s]' in queries[2]
    assert {asked["time"] for asked in stand_in.asked} == {f"{later.timestamp():.3f}"}


def test_fractions_of_requests_are_carried_over_and_not_lost(stand_in):
    """Ten times 100.4 and 1.6 are 1004 and 16."""
    source, at = prometheus(stand_in), BEGAN
    _, cursor = source.read({}, at, BEGAN)
    requests = errors = 0
    for _ in range(10):
        at += timedelta(minutes=1)
        reading, cursor = source.read(json.loads(json.dumps(cursor)), at, BEGAN)
        requests, errors = requests + reading.canary.requests, errors + reading.canary.errors
    assert (requests, errors) == (1004, 16)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"answers": {"": None}}, r"or vector\(0\)"),
        ({"answers": {"": "NaN"}}, "the answer is nan"),
        ({"status": 503, "body": b"starting up"}, "it answered 503: starting up"),
        ({"body": b"<html>"}, "no JSON"),
        ({"body": b'{"status": "error"}'}, "none of Prometheus'"),
        ({"body": b" " * (MOST_BYTES + 1)}, "larger than"),
        ({"body": json.dumps({"data": {"resultType": "vector", "result": [1, 2]}}).encode()}, "holds 2 series"),
    ],
)
def test_what_prometheus_cannot_tell_is_said_and_never_taken_for_nothing(stand_in, change, why):
    """Metrics that are gone are no errors that are gone."""
    for name, value in change.items():
        setattr(stand_in, name, value)
    with pytest.raises(Blind, match=why):
        prometheus(stand_in).read({"at": BEGAN.isoformat()}, BEGAN + timedelta(minutes=1), BEGAN)


def test_a_prometheus_that_is_away_is_said():
    """As everything that cannot be reached."""
    with serving(StandIn({})) as gone:
        source = prometheus(gone)
    with pytest.raises(Blind, match="Prometheus"):
        source.read({"at": BEGAN.isoformat()}, BEGAN + timedelta(minutes=1), BEGAN)


def test_a_value_that_could_end_a_string_is_not_put_into_a_query(stand_in):
    """No name of a release may become PromQL."""
    source = prometheus(stand_in)
    source.values[STABLE]["release"] = 'x"} or vector(1) #'
    with pytest.raises(ValueError, match="may not stand in a query"):
        source.read({"at": BEGAN.isoformat()}, BEGAN + timedelta(minutes=1), BEGAN)


def counting(stands: dict[str, list[int]]) -> Endpoints:
    """Return the source over two hosts whose counters stand so."""
    where = environment(2)
    first, second = where.hosts

    def wire(request: httpx.Request) -> httpx.Response:
        requests, errors = stands[request.extensions["host"]]
        return httpx.Response(200, text=f'hits_total{{code="200"}} {requests}\nhits_total{{code="500"}} {errors}\n')

    asked = Endpoint(requests="hits_total", errors='hits_total{code="500"}')
    return Endpoints(where, Rehearsal(wire=wire), asked, Sides(((first, 8001),), ((second, 8002),)))


def test_counters_of_each_target_are_read_and_restarts_are_no_loss():
    """What was counted before the canary began is not its own."""
    stands = {"web1": [1000, 50], "web2": [5000, 10]}
    source = counting(stands)
    nothing, cursor = source.read({}, BEGAN, BEGAN)
    assert nothing is None
    stands.update(web1=[7, 1], web2=[5090, 10])
    reading, _ = source.read(json.loads(json.dumps(cursor)), BEGAN, BEGAN)
    assert (reading.canary.requests, reading.canary.errors) == (8, 1)
    assert (reading.stable.requests, reading.stable.errors) == (90, 0)


def test_where_one_side_cannot_be_read_neither_counts():
    """Both sides are compared over the same time, so the next reading tells what this one could not."""
    stands = {"web1": [1000, 50], "web2": [5000, 10]}
    source = counting(stands)
    _, cursor = source.read({}, BEGAN, BEGAN)
    source = replace(source, asked=Endpoint(requests="gone_total", errors="hits_total"))
    with pytest.raises(Blind, match="/metrics on web1: it tells no `gone_total`"):
        source.read(cursor, BEGAN, BEGAN)


def test_where_nothing_is_configured_it_says_what_to_write():
    """And never that all is well."""
    with pytest.raises(Blind, match=r"write `\[metrics\]`"):
        Nothing().read({}, BEGAN, BEGAN)


def test_a_log_names_servers_by_address_and_a_host_itself_by_its_loopback():
    """Whichever way its balancer is told."""
    first, second = Host("web1", "10.0.0.1"), Host("web2", "10.0.0.2")
    both = Sides(((first, 8081), (second, 8081)), ((first, 80), (second, 80)))
    assert both.addresses(CANARY, Host("lb", "10.0.0.9")) == {"10.0.0.1:8081", "10.0.0.2:8081"}
    assert "127.0.0.1:80" in both.addresses(STABLE, first)
