"""Each sandbox host has a supervisor that keeps a real web application running and swaps its releases."""

import asyncio
import http.client
import json
import os
import signal

import httpx
import pytest

from bot.sandbox.front import Front
from bot.sandbox.hosts import Hosts
from bot.sandbox.repository import build_repository, sha
from tests.contracts.sandbox_hosts_kit import connect, deploy, eventually, run, switch, unpack


@pytest.fixture
def hosts(tmp_path):
    with Hosts(tmp_path, ("web1", "web2")) as running:
        yield running


@pytest.fixture
def repository(tmp_path):
    return build_repository(tmp_path)


def get(host, path, port=None):
    return httpx.get(f"http://127.0.0.1:{port or host.port}{path}", trust_env=False, timeout=10)


def test_a_release_is_served_with_its_version_sha_and_health(hosts, repository):
    deploy(hosts, "web1", repository, "v2.3")
    host = hosts.host("web1")
    assert (host.serves, host.serves_sha) == ("v2.3", sha(repository, "v2.3"))
    assert get(host, "/api/health").json() == {"status": "ok"}
    assert [get(host, f"/api/health/{name}").status_code for name in ("database", "queue", "storage")] == [200] * 3
    assert get(host, "/api/health/nothing").status_code == 404
    assert "v2.3" in get(host, "/").text


def test_nobody_is_served_before_the_first_release(hosts):
    assert hosts.host("web1").serves is None
    assert run(hosts, "web1", "svc status web").exit_code == 3
    refused = run(hosts, "web1", "svc restart web")
    assert refused.exit_code == 1
    assert b"current is missing" in refused.stderr


def test_hosts_of_one_fleet_share_a_database(hosts, repository):
    unpack(hosts, "web1", repository, "v2.2")
    unpack(hosts, "web2", repository, "v2.2")
    assert run(hosts, "web2", "cd app/releases/v2.2 && python3 migrate.py").said == "nothing to migrate"


def test_a_restart_under_load_fails_no_request(hosts, repository):
    host = hosts.host("web1")
    deploy(hosts, "web1", repository, "v2.1")
    for ref in ("v2.2", "v2.3"):
        unpack(hosts, "web1", repository, ref)
    with Front({"web1": (host.address, host.port)}, rate=200, timeout=20) as front:
        assert eventually(lambda: front.window().all.ok > 20)
        for ref in ("v2.2", "v2.3", "v2.2"):
            mark = front.now()
            assert switch(hosts, "web1", ref).exit_code == 0
            since = front.now()
            assert eventually(lambda since=since: front.window(since).all.ok > 20)
            assert set(front.window(since).all.versions) == {ref}
            assert front.window(mark).all.failed == 0
        assert front.window().all.faults == {}


def test_a_kept_connection_is_answered_and_closed_when_its_release_goes(hosts, repository):
    deploy(hosts, "web1", repository, "v2.2")
    unpack(hosts, "web1", repository, "v2.3")
    kept = http.client.HTTPConnection("127.0.0.1", hosts.host("web1").port, timeout=10)
    kept.request("GET", "/api/version")
    assert json.loads(kept.getresponse().read())["version"] == "v2.2"
    switch(hosts, "web1", "v2.3")
    kept.close()
    kept.request("GET", "/api/version")
    assert json.loads(kept.getresponse().read())["version"] == "v2.3"
    kept.close()


def test_a_release_that_does_not_come_up_leaves_the_one_before_serving(hosts, repository):
    deploy(hosts, "web1", repository, "v2.2")
    unpack(hosts, "web1", repository, "v2.3")
    run(hosts, "web1", "echo 'raise SystemExit(\"no license\")' > app/releases/v2.3/server.py")
    failed = switch(hosts, "web1", "v2.3")
    assert failed.exit_code == 1
    assert b"v2.3 exited 1: no license" in failed.stderr
    assert b"v2.2 goes on serving" in failed.stderr
    assert hosts.host("web1").serves == "v2.2"


def test_a_crashed_application_is_started_again(hosts, repository):
    deploy(hosts, "web1", repository, "v2.2")
    pid = int(run(hosts, "web1", "svc status web").said.split("pid ")[1].split(",")[0])
    os.kill(pid, signal.SIGKILL)
    host = hosts.host("web1")
    assert eventually(lambda: host.serves == "v2.2" and f"pid {pid}," not in run(hosts, "web1", "svc status web").said)


def test_a_candidate_is_served_beside_the_release_and_goes_again(hosts, repository):
    deploy(hosts, "web1", repository, "v2.2")
    release = unpack(hosts, "web1", repository, "v2.3")
    host = hosts.host("web1")
    assert run(hosts, "web1", f"cd {release} && svc candidate start . {host.candidate_port}").exit_code == 0
    assert get(host, "/api/version", host.candidate_port).json()["version"] == "v2.3"
    assert host.serves == "v2.2"
    assert run(hosts, "web1", "svc candidate stop").exit_code == 0
    with pytest.raises(httpx.ConnectError):
        get(host, "/api/version", host.candidate_port)


async def test_an_http_client_is_tunnelled_to_the_application(hosts, repository):
    await asyncio.to_thread(deploy, hosts, "web1", repository, "v2.2")
    async with connect(hosts, hosts.host("web1")) as connection:
        reader, writer = await connection.open_connection("127.0.0.1", hosts.host("web1").port)
        writer.write(b"GET /api/version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b'"version": "v2.2"' in await reader.read()
        writer.close()


def test_v2_4_passes_as_a_candidate_and_turns_sick_when_it_serves(hosts, repository):
    host = hosts.host("web1")
    release = unpack(hosts, "web1", repository, "v2.4")
    run(hosts, "web1", f"svc candidate start {release} {host.candidate_port}")
    switch(hosts, "web1", "v2.4")
    assert host.serves == "v2.4"
    assert eventually(lambda: not host.is_healthy)
    assert "too many connections" in get(host, "/api/health/database").text
    assert get(host, "/api/health", host.candidate_port).status_code == 200


def test_the_migration_of_v2_5_fails_and_nothing_of_it_is_kept(hosts, repository):
    unpack(hosts, "web1", repository, "v2.4")
    with pytest.raises(AssertionError, match="duplicate column name: agent"):
        unpack(hosts, "web1", repository, "v2.5")
    pending = run(hosts, "web1", "cd app/releases/v2.5 && python3 migrate.py --pending")
    assert (pending.exit_code, pending.said) == (0, "003_invoices")
    question = (
        "import sqlite3; print(sqlite3.connect('app/shared/storage/app.db').execute('PRAGMA table_list').fetchall())"
    )
    tables = run(hosts, "web1", f'python3 -c "{question}"').said
    assert "calls" in tables
    assert "invoices" not in tables


def test_the_build_says_what_it_does(hosts, repository):
    unpack(hosts, "web1", repository, "v2.3")
    lines = run(hosts, "web1", "cd app/releases/v2.3 && sh build.sh").said.splitlines()
    assert (lines[0], lines[-1]) == ("building v2.3", "built")
    assert len(lines) > 3


def test_hosts_serve_again_what_they_served_before_a_restart_of_the_sandbox(tmp_path, repository):
    with Hosts(tmp_path / "kept", ("web1",)) as hosts:
        deploy(hosts, "web1", repository, "v2.2")
    with Hosts(tmp_path / "kept", ("web1",)) as hosts:
        assert hosts.host("web1").serves == "v2.2"
    assert hosts.known_hosts.exists()


def test_svc_says_how_it_is_used(hosts):
    done = run(hosts, "web1", "svc dance")
    assert done.exit_code == 2
    assert b"usage: svc" in done.stderr
