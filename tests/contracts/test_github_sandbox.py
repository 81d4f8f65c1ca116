"""The sandbox's GitHub answers as GitHub's own description says, and fails on demand."""

import hmac
import json
import threading
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from bot.sandbox.github.entities import Pull, Task
from bot.sandbox.github.faults import Kind
from bot.sandbox.repository import sha
from tests.contracts.github_kit import REPOSITORY, TOKEN, Clock, github
from tests.contracts.github_openapi import Described
from tests.contracts.sandbox_hosts_kit import eventually

DISPATCH = f"/repos/{REPOSITORY}/actions/workflows/deploy.yml/dispatches"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server(tmp_path, clock):
    with github(tmp_path, clock=clock) as running:
        yield running


@pytest.fixture
def http(server):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=20) as client:
        yield client


@pytest.fixture
def origin(tmp_path):
    return tmp_path / "repository.git"


def ask(http, path, **query):
    answer = http.get(f"/repos/{REPOSITORY}{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def start(http, ref="v2.3", **inputs):
    body = {"ref": ref, "inputs": {"environment": "staging", **inputs}, "return_run_details": True}
    return http.post(DISPATCH, json=body).json()["workflow_run_id"]


def everything(server, http, origin, clock):
    """Ask for all that there is, in every state that it has."""
    hub, full = server.hub, sha(origin, "v2.3")
    hub.check(full, "tests")
    hub.check(full, "lint", None)
    hub.status(full, "security", "pending")
    hub.open_pull(Pull(30, "page: Be green", "mira", "mira/30", full, labels=("page",), fork=True))
    hub.signed.add(full)
    hub.releases["v2.3"] = False
    hub.protect("production")
    hub.add_workflow("guarded.yml", Task("deploy", environment="production"))
    for path in (
        "",
        "/git/ref/tags/v2.3",
        "/git/matching-refs/heads",
        "/tags",
        "/branches",
        "/releases",
        "/environments",
    ):
        ask(http, path)
    tag = ask(http, "/git/ref/tags/v2.3")["object"]["sha"]
    for path in (f"/git/tags/{tag}", f"/git/commits/{full}", f"/git/trees/{full}", f"/commits/{full}", "/commits"):
        ask(http, path, **({"recursive": "1"} if "trees" in path else {}))
    for path in ("pulls", "check-runs", "statuses"):
        ask(http, f"/commits/{full}/{path}", per_page=100)
    ask(http, "/compare/v2.1...v2.3", page=1, per_page=5)
    ask(http, "/pulls", state="all")
    ask(http, "/contents/.github/workflows/deploy.yml", ref=full)
    assert http.post(f"/repos/{REPOSITORY}/issues/30/comments", json={"body": "Shipped"}).status_code == 201
    ask(http, "/issues/30/comments")
    _runs(http, clock)
    _deployments(http, full)


def _runs(http, clock):
    run, cancelled = start(http), start(http)
    http.post(f"/repos/{REPOSITORY}/actions/runs/{cancelled}/cancel")
    guarded = http.post(DISPATCH.replace("deploy.yml", "guarded.yml"), json={"ref": "main"})
    assert guarded.status_code == 204
    newest = ask(http, "/actions/workflows/guarded.yml/runs")["workflow_runs"][0]["id"]
    for seconds in (0, 1, 5, 10):
        clock.passes(seconds)
        ask(http, f"/actions/runs/{run}")
        jobs = ask(http, f"/actions/runs/{run}/jobs")["jobs"]
        ask(http, f"/actions/runs/{cancelled}/jobs")
        ask(http, f"/actions/runs/{newest}/jobs")
    waiting = ask(http, f"/actions/runs/{newest}/pending_deployments")
    answer = {"environment_ids": [waiting[0]["environment"]["id"]], "state": "approved", "comment": "go"}
    assert http.post(f"/repos/{REPOSITORY}/actions/runs/{newest}/pending_deployments", json=answer).is_success
    assert http.post(f"/repos/{REPOSITORY}/actions/runs/{newest}/force-cancel").status_code == 202
    log = http.get(f"/repos/{REPOSITORY}/actions/jobs/{jobs[1]['id']}/logs")
    assert (log.status_code, "shipped" in httpx.get(log.headers["Location"]).text) == (302, True)
    ask(http, "/actions/workflows")
    ask(http, "/actions/workflows/deploy.yml")
    ask(http, "/actions/runs", event="workflow_dispatch")


def _deployments(http, full):
    made = http.post(f"/repos/{REPOSITORY}/deployments", json={"ref": full, "environment": "staging"}).json()
    path = f"/repos/{REPOSITORY}/deployments/{made['id']}/statuses"
    assert http.post(path, json={"state": "success", "environment_url": "http://x"}).status_code == 201
    ask(http, f"/deployments/{made['id']}/statuses")
    ask(http, "/deployments", environment="staging")


def test_all_that_is_answered_is_as_github_describes_it(server, http, origin, clock):
    everything(server, http, origin, clock)
    described = Described()
    assert [fault for one in server.hub.exchanges for fault in described.faults(one)] == []
    asked = {(one.method, one.path) for one in server.hub.exchanges}
    assert len(asked) > 30


def test_a_planted_mistake_is_seen_in_an_answer_and_in_a_request(server, http, origin, clock):
    everything(server, http, origin, clock)
    described, seen = Described(), list(server.hub.exchanges)
    run = next(one for one in seen if one.path.endswith(f"/runs/{server.hub.runs[0].id}"))
    late = replace(run, answer={**run.answer, "run_number": "seven"})
    assert described.faults(late) == [
        "GET /repos/{owner}/{repo}/actions/runs/{run_id}: $.run_number: 'seven' is not of type 'integer'"
    ]
    short = replace(run, answer={key: value for key, value in run.answer.items() if key != "head_sha"})
    assert "'head_sha' is a required property" in described.faults(short)[0]
    dispatch = next(one for one in seen if one.path == DISPATCH)
    assert "'revision' was unexpected" in described.faults(replace(dispatch, body={"ref": "v1", "revision": "v1"}))[0]
    assert "the query has `per_pge`" in described.faults(replace(run, query={"per_pge": "5"}))[0]
    assert "is not described" in described.faults(replace(run, path="/repos/askproai/call-desk/secrets"))[0]


def test_a_run_takes_its_time_job_after_job(http, clock):
    run = start(http)
    seen = []
    for seconds in (0, 5, 6):
        clock.passes(seconds)
        jobs = ask(http, f"/actions/runs/{run}/jobs")["jobs"]
        seen.append((ask(http, f"/actions/runs/{run}")["status"], *[job["status"] for job in jobs]))
    assert seen == [
        ("in_progress", "in_progress", "queued"),
        ("in_progress", "completed", "in_progress"),
        ("completed", "completed", "completed"),
    ]


def test_a_step_that_fails_ends_the_run_and_skips_what_follows(server, http, clock):
    server.hub.add_workflow("deploy.yml", Task("build", 2, ("Get", "Build", "Pack"), fails_at="Build"), Task("deploy"))
    run = http.post(DISPATCH, json={"ref": "main", "return_run_details": True}).json()["workflow_run_id"]
    clock.passes(3)
    jobs = ask(http, f"/actions/runs/{run}/jobs")["jobs"]
    assert [job["conclusion"] for job in jobs] == ["failure", "skipped"]
    assert [step["conclusion"] for step in jobs[0]["steps"]] == ["success", "failure", "skipped"]
    assert ask(http, f"/actions/runs/{run}")["conclusion"] == "failure"


def test_a_cancelled_run_stops_a_little_later(http, clock):
    run = start(http)
    assert http.post(f"/repos/{REPOSITORY}/actions/runs/{run}/cancel").status_code == 202
    assert ask(http, f"/actions/runs/{run}")["status"] == "in_progress"
    clock.passes(1)
    assert ask(http, f"/actions/runs/{run}")["conclusion"] == "cancelled"
    assert http.post(f"/repos/{REPOSITORY}/actions/runs/{run}/cancel").status_code == 409


@pytest.mark.parametrize(("answer", "conclusion"), [("approved", "success"), ("rejected", "failure")])
def test_a_protected_environment_waits_for_its_reviewer(server, http, clock, answer, conclusion):
    server.hub.protect("production")
    server.hub.add_workflow("deploy.yml", Task("build", 1), Task("deploy", 1, environment="production"))
    run = http.post(DISPATCH, json={"ref": "main", "return_run_details": True}).json()["workflow_run_id"]
    clock.passes(60)
    assert ask(http, f"/actions/runs/{run}")["status"] == "waiting"
    environment = ask(http, f"/actions/runs/{run}/pending_deployments")[0]["environment"]["id"]
    body = {"environment_ids": [environment], "state": answer, "comment": "as asked"}
    assert http.post(f"/repos/{REPOSITORY}/actions/runs/{run}/pending_deployments", json=body).is_success
    clock.passes(2)
    assert ask(http, f"/actions/runs/{run}")["conclusion"] == conclusion


def test_what_a_workflow_does_not_declare_or_know_is_refused(server, http):
    unknown = http.post(DISPATCH, json={"ref": "main", "inputs": {"speed": "fast"}})
    assert (unknown.status_code, unknown.json()["message"]) == (422, 'Unexpected inputs provided: ["speed"]')
    nowhere = http.post(DISPATCH, json={"ref": "f" * 40})
    assert (nowhere.status_code, nowhere.json()["message"]) == (422, f"No ref found for: {'f' * 40}")
    assert http.post(DISPATCH.replace("deploy.yml", "ship.yml"), json={"ref": "main"}).status_code == 404
    assert server.hub.runs == []


def test_lists_come_in_pages_that_name_each_other(server, http, origin):
    full = sha(origin, "v2.3")
    for number in range(250):
        server.hub.check(full, f"check {number}")
    names, url = [], f"{server.url}/repos/{REPOSITORY}/commits/{full}/check-runs?per_page=100"
    while url:
        answer = http.get(url)
        names += [one["name"] for one in answer.json()["check_runs"]]
        url = answer.links.get("next", {}).get("url")
    assert len(set(names)) == 250


@pytest.mark.parametrize("fault", [Kind.BROKEN_AFTER, Kind.LOST_REPLY, Kind.HANG_AFTER])
def test_a_dispatch_can_be_accepted_without_an_answer(server, http, fault):
    server.hub.faults.add(fault, "create-workflow-dispatch", times=1)
    try:
        assert http.post(DISPATCH, json={"ref": "main"}, timeout=1).status_code == 502
    except httpx.TransportError:
        assert fault is not Kind.BROKEN_AFTER
    eventually(lambda: len(server.hub.runs) == 1)


@pytest.mark.parametrize("fault", [Kind.BROKEN, Kind.RESET, Kind.HANG, Kind.LIMIT, Kind.SECONDARY_LIMIT])
def test_a_dispatch_can_fail_before_anything_starts(server, http, fault):
    server.hub.faults.add(fault, "create-workflow-dispatch", times=1)
    try:
        assert http.post(DISPATCH, json={"ref": "main"}, timeout=1).status_code >= 400
    except httpx.TransportError:
        assert fault in (Kind.RESET, Kind.HANG)
    assert server.hub.runs == []


def test_a_token_opens_what_it_was_given_for(server, http):
    server.hub.grant("ghs_reader", "shipmate[bot]", {"contents": "read"})
    narrow = {"Authorization": "Bearer ghs_reader"}
    assert http.get(f"/repos/{REPOSITORY}/tags", headers=narrow).status_code == 200
    assert http.post(DISPATCH, json={"ref": "main"}, headers=narrow).status_code == 403
    assert http.get(f"/repos/{REPOSITORY}/tags", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert http.get("/repos/somebody/else").status_code == 404


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((dict(self.headers), raw))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format, *values: object):  # noqa: A002  http.server calls it so
        pass


@pytest.fixture
def hook():
    heard = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    heard.seen = []
    thread = threading.Thread(target=heard.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield heard
    heard.shutdown()
    thread.join()
    heard.server_close()


def test_events_are_told_signed_as_runs_go_on(server, http, hook, clock):
    server.webhooks.secret = "between us"
    server.webhooks.url = f"http://127.0.0.1:{hook.server_address[1]}/webhooks/github"
    run = start(http)

    def told():
        bodies = [(headers["X-GitHub-Event"], json.loads(raw)) for headers, raw in hook.seen]
        return [body["action"] for event, body in bodies if event == "workflow_run"]

    eventually(lambda: told() == ["in_progress"])
    clock.passes(30)
    eventually(lambda: told() == ["in_progress", "completed"])
    headers, raw = hook.seen[0]
    wanted = hmac.new(b"between us", raw, sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={wanted}"
    assert json.loads(hook.seen[0][1])["workflow_run"]["id"] == run
    assert len({headers["X-GitHub-Delivery"] for headers, _ in hook.seen}) == len(hook.seen)
