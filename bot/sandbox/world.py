"""The whole outside in one piece: a workspace, a repository, hosts with visitors, and the bot between them."""

import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bot.sandbox.balancing import UPSTREAM, files_of
from bot.sandbox.bot_process import BotProcess, Launch, launched
from bot.sandbox.configuration import Balancing, Pace, balanced, configuration
from bot.sandbox.front import Balanced, Front
from bot.sandbox.github.desk import Desk
from bot.sandbox.github.hub import TOKEN
from bot.sandbox.github.shipping import Shipper
from bot.sandbox.github.team import ENVIRONMENT, HOOK_SECRET, REPOSITORY, Team
from bot.sandbox.hosts import Host, Hosts
from bot.sandbox.page.routes import Behind
from bot.sandbox.panel import Panel
from bot.sandbox.ports import free_ports
from bot.sandbox.repository import build_repository, git_url
from bot.sandbox.slack.driver import Driver
from bot.sandbox.slack.paces import Paces
from bot.sandbox.slack.server import SlackServer
from bot.sandbox.slack.thread import SlackThread
from bot.sandbox.slack.workspace import Workspace

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the sandbox is set up."""

    port: int = 0
    pace: Pace = field(default_factory=Pace)
    manifest: Json | None = None
    database: str = ""
    """A DATABASE_URL; SQLite in the state directory when empty."""
    verb: str = "run"
    hosts: tuple[str, ...] = ("staging1", "web1", "web2")
    paces: Paces | None = None
    github: bool = False
    """Whether the team is on GitHub, and a workflow there brings releases to staging; everything is SSH otherwise."""
    balanced: bool = False
    """Whether a balancer stands in front of production, whose hosts have two sides each."""
    launch: Launch = launched
    """How the bot, and the command line beside it, are started."""


class World:
    """Everything around the bot, and the bot; a context manager."""

    def __init__(self, state: Path | None = None, tuning: Tuning | None = None) -> None:
        self.tuning = tuning or Tuning()
        self._temporary = state is None
        self.state = (state or Path(tempfile.mkdtemp(prefix="shipmate-"))).resolve()
        self.state.mkdir(parents=True, exist_ok=True)
        self.hosts = Hosts(self.state, self.tuning.hosts, balanced=self.tuning.balanced)
        self.workspace = Workspace(manifest=self.tuning.manifest)
        self.server = SlackServer(
            self.workspace,
            port=self.tuning.port,
            paces=self.tuning.paces,
            behind=Behind(self.panel, self.set_fault, self.act_on_run),
        )
        self._slack = SlackThread(self.server)
        self._stack = ExitStack()
        self._panel: Panel | None = None
        self.making_history = False
        """Whether releases are being shipped only so that there is a past; the page lets people wait for it."""
        (self.web_port,) = free_ports(1)
        """Where the bot answers /healthz."""
        self.front: Front
        self.bot: BotProcess
        self.repository: Path
        self.github: Team | None = None
        self._desk: Desk | None = None

    def __enter__(self) -> Self:
        """Build and start everything; the bot connects by itself."""
        try:
            self._stack.callback(self._clean)
            self.repository = build_repository(self.state)
            self._stack.enter_context(self.hosts)
            self._stack.enter_context(self._slack)
            self.front = self._front()
            self._stack.enter_context(self.front)
            if self.tuning.github:
                self.github = Team(self.repository, self._shipper())
                self._desk = Desk(self.github)
                self._stack.enter_context(self.github.server)
            self._write_configuration()
            self.bot = BotProcess(self.state, self.variables(), self.tuning.verb, launch=self.tuning.launch)
            self._stack.callback(self.bot.stop)
            self._panel = Panel(self.hosts, self.front, self.bot, is_connected=self._is_connected)
            self._stack.callback(self._panel.close)
            self.bot.start()
            self.connected()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything that was started; nothing is left behind."""
        self._stack.close()

    @property
    def slack(self) -> Driver:
        """Return what people do in the workspace."""
        return self._slack.driver

    def connected(self, timeout: float = 120) -> None:
        """Wait until the bot listens to the workspace; AssertionError if it does not in time."""
        self.slack.eventually(self._is_connected, timeout, f"the bot's connection (see {self.bot.log})")

    def _is_connected(self) -> bool:
        async def count() -> int:
            return len(self.server.sockets.connections)

        return self._slack.call(count()) > 0

    def host(self, name: str) -> Host:
        """Return a host by its name."""
        return self.hosts.host(name)

    def variables(self) -> dict[str, str]:
        """Return the environment variables of a bot in this world."""
        tokens = self.server.tokens
        return {
            "SLACK_API_URL": f"{self.server.url}/api/",
            "SLACK_BOT_TOKEN": tokens.bot,
            "SLACK_APP_TOKEN": tokens.app,
            "DATABASE_URL": self.tuning.database or f"sqlite:///{self.state}/shipmate.db",
            "SSH_PRIVATE_KEY_FILE": str(self.hosts.deploy_key),
            "SHIPMATE_CONFIG": str(self.state / "shipmate.toml"),
            "PORT": str(self.web_port),
            **(self._on_github(self.github) if self.github else {}),
        }

    def _on_github(self, team: Team) -> dict[str, str]:
        """Return what lets the bot into GitHub, and let GitHub tell it what happens there."""
        hooks = team.server.webhooks
        hooks.secret, hooks.url = HOOK_SECRET, f"http://127.0.0.1:{self.web_port}/webhooks/github"
        return {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": team.server.url, "GITHUB_WEBHOOK_SECRET": HOOK_SECRET}

    def _shipper(self) -> Shipper:
        """Return what GitHub's runners know: the hosts of staging, and the key that opens them."""
        staging = [host for host in self.hosts if host.name.startswith(ENVIRONMENT)]
        hosts = self.hosts
        return Shipper(self.repository, staging, hosts.user, hosts.deploy_key, hosts.known_hosts)

    def _front(self) -> Front:
        """Return visitors who ask every host, or the balancer where there is one in front."""
        balancer, production = self.hosts.balancer, self.hosts.production
        asked = [host for host in self.hosts if balancer is None or host not in production]
        if balancer is None:
            return Front({host.name: (host.address, host.port) for host in asked})
        servers = {f"{host.address}:{at}": host.name for host in production for at in (host.port, host.candidate_port)}
        places = {host.name: (host.address, host.port) for host in (*asked, balancer)}
        return Front(places, behind=Balanced(balancer.name, servers))

    def _write_configuration(self) -> None:
        text = configuration(
            git_url(self.repository),
            self.hosts,
            self.tuning.pace,
            user=self.hosts.user,
            known_hosts=self.hosts.known_hosts,
            repository=REPOSITORY if self.github else "",
        )
        if host := self.hosts.balancer:
            text = balanced(text, Balancing(host, upstream=UPSTREAM, **files_of(host.home)))
        (self.state / "shipmate.toml").write_text(text, encoding="utf-8")

    def _clean(self) -> None:
        if self._temporary:
            shutil.rmtree(self.state, ignore_errors=True)

    # What the page shows beside the chat

    def panel(self) -> Json:
        """Return the hosts, GitHub, the bot and the faults, as the page polls them."""
        told = self._panel.told() if self._panel else {}
        if self._desk:
            told = {**told, "github": self._desk.told(), "faults": [*told.get("faults", ()), *self._desk.faults()]}
        return {**told, "making_history": self.making_history}

    def set_fault(self, name: str, on: bool) -> None:
        """Switch a fault on or off."""
        if self._desk and name.startswith("github."):
            self._desk.switch(name.removeprefix("github."), on)
        elif self._panel:
            self._panel.switch(name, on)

    def act_on_run(self, number: int, act: str) -> None:
        """Do to a run what somebody does on GitHub; ValueError if that cannot be done."""
        if self._desk is None:
            raise ValueError("nobody is on GitHub here")
        self._desk.act(number, act)
