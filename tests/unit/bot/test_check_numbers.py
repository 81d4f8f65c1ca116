"""`shipmate check` asks once for each number that a canary is judged by, and says what came."""

from dataclasses import replace

import httpx
import pytest

from bot.check.numbers import numbers
from bot.check.results import Grade
from deployers.comparing.tuning import Canary, Endpoint, Queries
from deployers.environment import Balancer
from deployers.rehearsal import Outcome, Rehearsal
from tests.contracts.test_metrics import ERRORS, P95, REQUESTS, StandIn, serving
from tests.unit.bot.stage import Stage
from tests.unit.deployers.worlds import environment

COUNTERS = Endpoint(requests="hits_total", errors='hits_total{code="500"}', seconds="took_seconds")


def told(stage: Stage, tuning: Canary, remote: Rehearsal | None = None) -> dict[str, tuple[Grade, str]]:
    where = replace(stage.where, canary=tuning)
    found = numbers(where, stage.store, lambda _: remote or Rehearsal(), {})
    return {it.name: (it.grade, f"{it.what} {it.todo}") for it in found}


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path, replace(environment(2), strategies=("canary",)))


def test_each_question_to_prometheus_is_asked_about_both_sides(stage):
    with serving(StandIn({"code": "0", "bucket": "0.2", "hits": "340"})) as prometheus:
        found = told(stage, Canary(metrics=Queries(prometheus.url, REQUESTS, ERRORS, P95)))
    assert found["production requests"] == (Grade.OK, "canary 340, stable 340, over the last hour ")
    assert found["production errors"][0] is Grade.OK
    assert "0.2" in found["production p95"][1]
    assert len(prometheus.asked) == 6
    assert all("[3600s]" in it["query"] for it in prometheus.asked)


def test_a_query_that_comes_to_nothing_is_bad_and_no_visitors_at_all_deserve_a_look(stage):
    with serving(StandIn({"code": None, "bucket": None, "hits": "0"})) as prometheus:
        found = told(stage, Canary(metrics=Queries(prometheus.url, REQUESTS, ERRORS, P95)))
    assert found["production errors"][0] is Grade.BAD
    assert "or vector(0)" in found["production errors"][1]
    assert found["production requests"][0] is Grade.WARN
    assert found["production p95"] == (Grade.WARN, "nothing was timed, over the last hour ")


def test_a_prometheus_that_is_not_there_is_said_for_each_question(stage):
    found = told(stage, Canary(metrics=Queries("http://127.0.0.1:9", REQUESTS, ERRORS)))
    assert {grade for grade, _ in found.values()} == {Grade.BAD}
    assert set(found) == {"production requests", "production errors"}


def test_the_counters_of_each_host_are_read(stage):
    def answer(request: httpx.Request) -> httpx.Response:
        if request.extensions["host"] == "web2":
            return httpx.Response(404)
        return httpx.Response(200, text='hits_total{code="200"} 120\nhits_total{code="500"} 3\n')

    found = told(stage, Canary(endpoint=COUNTERS), Rehearsal(wire=answer))
    grade, what = found["production/web1 /metrics"]
    assert grade is Grade.WARN
    assert "123 requests, 3 of them errors, and no response times" in what
    assert found["production/web2 /metrics"][0] is Grade.BAD
    assert "404" in found["production/web2 /metrics"][1]


@pytest.mark.parametrize(
    ("line", "grade"), [("at 127.0.0.1:8001 12 0", Grade.OK), ("at 10.9.9.9:80 12 0", Grade.BAD), ("", Grade.WARN)]
)
def test_the_end_of_the_balancers_log_is_read(stage, line, grade):
    stage.where = replace(stage.where, balancer=Balancer("nginx", (stage.where.hosts[0],)))
    remote = Rehearsal()
    remote._act = lambda _host, _script: Outcome(0, "\n".join(filter(None, ("place 7 900", "read 100", line))))
    [(found, what)] = told(stage, Canary(log="/var/log/nginx/shipmate.log"), remote).values()
    assert found is grade, what


def test_where_nothing_counts_that_is_said(stage):
    [(grade, what)] = told(stage, Canary()).values()
    assert grade is Grade.WARN
    assert "only a person promotes it" in what
