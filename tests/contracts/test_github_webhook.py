"""GitHub's webhooks: what is forged changes nothing, and what is genuine counts once."""

import hmac
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import new

import httpx
import pytest
from sqlmodel import select

from bot.web import MOST_BYTES, Server, application
from bot.webhook import PATH, Ear, github_events
from storage.models import HeardEvent

SECRET = "between us"
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
BODY = json.dumps(
    {"action": "completed", "workflow_run": {"id": 7}, "repository": {"full_name": "askproai/call-desk"}}
).encode()


class Listening:
    """A web server that listens to GitHub, and what it has heard."""

    def __init__(self, store, url) -> None:
        self.store, self.url = store, url

    def heard(self):
        with self.store.look() as session:
            return [(row.event, row.run, row.sha) for row in session.exec(select(HeardEvent))]

    async def sends(self, body=BODY, **headers: str | None):
        given = {"event": "workflow_run", "delivery": "d-1", "signature": signed(body), **headers}
        names = {"event": "X-GitHub-Event", "delivery": "X-GitHub-Delivery", "signature": "X-Hub-Signature-256"}
        told = {names[name]: value for name, value in given.items() if value is not None}
        async with httpx.AsyncClient() as client:
            return (await client.post(f"{self.url}{PATH}", content=body, headers=told)).status_code


def signed(body, secret=SECRET, by="sha256"):
    return f"{by}=" + hmac.new(secret.encode(), body, lambda raw=b"": new(by, raw)).hexdigest()


@asynccontextmanager
async def listening(store, *, secret=SECRET, checked=lambda _: None):
    ear = Ear(store, lambda: NOW, "askproai/call-desk", checked)
    app = application(lambda: {"live": True, "ready": True}, [github_events(ear.hear, secret=secret)])
    server = Server(app, host="127.0.0.1", port=0)
    try:
        yield Listening(store, f"http://127.0.0.1:{await server.start()}")
    finally:
        await server.stop()


async def test_what_github_signed_is_kept(store):
    async with listening(store) as there:
        assert await there.sends() == 202
        job = json.dumps({"workflow_job": {"id": 9, "run_id": 8}, "repository": {"full_name": "AskProAI/call-desk"}})
        assert await there.sends(job.encode(), event="workflow_job", delivery="d-2") == 202
        assert there.heard() == [("workflow_run", 7, ""), ("workflow_job", 8, "")]


async def test_a_delivery_that_is_replayed_counts_once(store):
    async with listening(store) as there:
        for _ in range(3):
            assert await there.sends() == 202
        assert there.heard() == [("workflow_run", 7, "")]


@pytest.mark.parametrize(
    "forged",
    [
        {"signature": None},
        {"signature": ""},
        {"signature": "sha256="},
        {"signature": signed(BODY, "not the secret")},
        {"signature": signed(BODY)[:-1]},
        {"signature": signed(BODY) + "0"},
        {"signature": signed(BODY).removeprefix("sha256=")},
        {"signature": signed(BODY, by="sha1")},
        {"signature": signed(BODY, by="sha512")},
        {"signature": signed(BODY).replace("sha256", "sha1")},
        {"signature": "sha256=" + "é" * 64},
        {"body": BODY.replace(b"7", b"8"), "signature": signed(BODY)},
        {"body": b"", "signature": signed(BODY)},
    ],
)
async def test_what_is_forged_is_refused_and_nothing_is_kept(store, forged):
    async with listening(store) as there:
        forged = {**forged, **({"signature": forged["signature"].encode()} if forged["signature"] else {})}
        assert await there.sends(**forged) == 401
        assert there.heard() == []


async def test_without_a_secret_nothing_is_genuine(store):
    async with listening(store, secret="") as there:
        assert await there.sends(signature=signed(BODY, "")) == 401


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b"\xff\xfe", b"[" * 20_000])
async def test_what_is_signed_and_is_no_event_is_refused(store, body):
    async with listening(store) as there:
        assert await there.sends(body) == 400


@pytest.mark.parametrize("missing", [{"delivery": None}, {"event": None}, {"delivery": "x" * 101}])
async def test_an_event_without_its_name_or_number_is_refused(store, missing):
    async with listening(store) as there:
        assert await there.sends(**missing) == 400


async def test_a_body_of_more_than_a_megabyte_is_not_read_to_its_end(store):
    async with listening(store) as there:
        assert await there.sends(b" " * (MOST_BYTES + 1)) == 413
        assert await there.sends(BODY + b" " * (MOST_BYTES - len(BODY))) == 202


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ("ping", {"zen": "Keep it simple"}),
        ("workflow_run", {"workflow_run": {"id": "7"}}),
        ("workflow_run", {"workflow_run": {"id": True}}),
        ("workflow_run", {"workflow_run": {"id": 2**70}}),
        ("workflow_run", {"workflow_run": None}),
        ("check_suite", {"action": "requested", "check_suite": {"head_sha": "a" * 40}}),
        ("workflow_run", {"workflow_run": {"id": 7}, "repository": {"full_name": "somebody/else"}}),
        ("workflow_run", {"workflow_run": {"id": 7}, "repository": 7}),
    ],
)
async def test_what_means_nothing_here_is_taken_and_forgotten(store, event, body):
    async with listening(store) as there:
        raw = json.dumps({"repository": {"full_name": "askproai/call-desk"}, **body}).encode()
        assert await there.sends(raw, event=event) == 202
        assert there.heard() == []


async def test_checks_that_ended_are_asked_anew(store):
    asked = []
    about = {"action": "completed", "check_suite": {"head_sha": "a" * 40}}
    raw = json.dumps({**about, "repository": {"full_name": "askproai/call-desk"}}).encode()
    async with listening(store, checked=asked.append) as there:
        for _ in range(2):
            assert await there.sends(raw, event="check_suite") == 202
    assert asked == ["a" * 40]


def test_who_waits_for_a_run_wakes_when_something_is_heard_of_it(store):
    ear, slept = Ear(store, lambda: NOW, "askproai/call-desk"), []

    def pause(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            ear.hear("d-1", "workflow_run", json.loads(BODY))

    wait = ear.rest(pause)
    wait(7, 10)
    assert sum(slept) == 2
    slept.extend([0] * 3)
    wait(7, 10)
    assert sum(slept) == 12


def test_a_storm_of_events_is_no_storm_of_looks(store):
    ear, slept = Ear(store, lambda: NOW, "askproai/call-desk"), []

    def pause(seconds):
        slept.append(seconds)
        ear.hear(f"d-{len(slept)}", "workflow_run", json.loads(BODY))

    wait = ear.rest(pause)
    for looks in range(1, 6):
        wait(7, 10)
        assert sum(slept) == looks
