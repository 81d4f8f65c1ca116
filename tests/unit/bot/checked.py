"""What `shipmate check` looks at: Slack, GitHub and an application on one loopback port, a repository and hosts."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from bot.check import Grade, Result, Tools, attempts, examine
from bot.check.slack import NEEDED
from bot.settings import Settings, load
from deployers.errors import RefRefused
from deployers.ports import Finding
from storage.store import Store

TOML = """
[app]
name = "Sample"
git = "git@example.com:sample.git"
repository = "owner/sample"

[roles]
deployer = ["@developers"]
approver = ["@release-managers"]

[environments.production]
url = "{url}"
ssh = {{ user = "deploy", path = "/srv/app", hosts = [{{ name = "web1", address = "127.0.0.1" }}] }}
health = {{ path = "/health", components = ["db"], headers = {{ Authorization = "env:HEALTH_TOKEN" }} }}
"""


class Outside(ThreadingHTTPServer):
    """Slack, GitHub and the application on one loopback port; `answers` may be changed."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.heard: list[tuple[str, str]] = []
        self.scopes = list(NEEDED)
        channels = [
            {"id": f"C{number}", "name": name, "is_member": True}
            for number, name in enumerate(("deployments", "alerts", "monitoring"))
        ]
        self.answers: dict[str, tuple[int, object]] = {
            "/api/auth.test": (200, {"ok": True, "user": "shipmate", "team": "Sample"}),
            "/api/apps.connections.open": (200, {"ok": True, "url": "wss://x"}),
            "/api/conversations.list": (200, {"ok": True, "channels": channels}),
            "/github/repos/owner/sample": (200, {}),
            "/health": (200, {}),
            "/health/db": (200, {}),
        }


class Handler(BaseHTTPRequestHandler):
    """Answers from the table of its server."""

    server: Outside

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.heard.append((self.path, self.headers.get("Authorization", "")))
        status, body = self.server.answers.get(self.path, (404, "nothing here"))
        said = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("x-oauth-scopes", ",".join(self.server.scopes))
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_POST = do_GET  # noqa: N815 - the base class's own spelling

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Source:
    """A repository without the branch that is tried."""

    error: Exception = RefRefused("main", "there is no ref `main`")

    def resolve(self, ref: str) -> None:
        raise self.error


class Hosts:
    """A preflight that found this."""

    findings: tuple[Finding, ...] = (Finding("web1", "reachable", good=True),)
    error: Exception | None = None

    def inspect(self, environment: object) -> tuple[Finding, ...]:
        if self.error:
            raise self.error
        return self.findings


@pytest.fixture
def outside():
    """Serve the outside."""
    server = Outside()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def settings(outside, tmp_path) -> Settings:
    """Return settings that point to the outside."""
    (tmp_path / "known_hosts").write_text("web1 ssh-ed25519 AAAA\n")
    key = tmp_path / "key"
    key.write_text("key")
    key.chmod(0o600)
    (tmp_path / "shipmate.toml").write_text(TOML.format(url=outside.url))
    env = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "SLACK_API_URL": f"{outside.url}/api/",
        "GITHUB_TOKEN": "ghp_1",
        "GITHUB_API_URL": f"{outside.url}/github",
        "SSH_PRIVATE_KEY_FILE": str(key),
        "DATABASE_URL": f"sqlite:///{tmp_path}/shipmate.db",
        "HEALTH_TOKEN": "tok",
    }
    return load(env, tmp_path / "shipmate.toml")


@pytest.fixture
def tools(settings):
    """Return real tools, and a repository and hosts that answer well."""
    store = Store(settings.outside.database_url.get_secret_value())
    store.migrate()
    with httpx.Client(trust_env=False) as http:
        yield Tools(lambda: store, Source, Hosts, http)
    store.close()


def found(settings: Settings, tools: Tools) -> dict[tuple[str, str], Result]:
    """Return what every attempt found, by area and name."""
    results = examine(tuple(attempts(settings, tools)), seconds=60)
    return {(result.area, result.name): result for result in results}


def bad(settings: Settings, tools: Tools) -> list[Result]:
    """Return what is bad."""
    return [result for result in found(settings, tools).values() if result.grade is Grade.BAD]
