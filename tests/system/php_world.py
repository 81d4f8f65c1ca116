"""A workspace whose production is a PHP application: php-fpm behind nginx and MariaDB, reached through sshd."""

import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import httpx

from bot.sandbox.bot_process import Launch
from bot.sandbox.ports import free_ports
from bot.sandbox.repository import commit, git_url
from bot.sandbox.world import Tuning, World
from bot.trying import manifest
from tests.mariadb import Mariadb
from tests.system.php_fpm import served
from tests.system.sshd import Sshd, sshd

APPLICATION = Path(__file__).with_name("php_application")
_CONFIGURATION = """\
[app]
name = "Bookings"
git = "{git}"
timezone = "Europe/Berlin"
recipe = "laravel"

[slack.channels]
deployments = "deployments"
alerts = "alerts"
monitoring = "monitoring"

[roles]
deployer = ["@developers"]
approver = ["@release-managers"]
operator = ["@devops"]
admin = ["lead@askproai.de"]

# What differs from the built-in recipe: nothing comes from Composer, and php-fpm is no service of the system here.
[recipes.laravel]
build = []
restart = ["php artisan horizon:terminate", 'kill -s USR2 "$(cat {pid_file})"']

[environments.production]
url = "{url}"
deployer = "ssh"
strategy = "rolling"
strategies = ["rolling"]
revisions = {{ older = "allow" }}
approvals = {{ required = 1, role = "approver", expires = "30m", author_may_approve = false }}

[environments.production.ssh]
user = "{user}"
path = "{path}"
hosts = [{{ name = "web1", address = "{address}", ssh_port = {ssh_port}, port = {port} }}]
known_hosts = "{known_hosts}"

[environments.production.health]
path = "/api/health"
components = ["database", "storage"]
version = {{ path = "/api/health", json = "version" }}
target = "http://127.0.0.1:{{port}}"
interval = "200ms"
window = "1s"
timeout = "5s"
failures = 3
max_p95 = "5s"

[environments.production.rollback]
automatic = true
migrations = "ask"
"""


class PhpWorld(World):
    """The bot, and the host on which the application is served."""

    def __init__(self, state: Path, mariadb: Mariadb, launch: Launch) -> None:
        super().__init__(state, Tuning(manifest=manifest(), hosts=(), launch=launch))
        self.mariadb = mariadb
        self.port, self._php = free_ports(2)
        self._sshd: Sshd
        self._served = ExitStack()
        self._visitor = self._served.enter_context(httpx.Client(base_url=self.url, timeout=20))

    @property
    def url(self) -> str:
        """Return where visitors come."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def path(self) -> Path:
        """Return where the application lies on the host."""
        return self.state / "web1" / "app"

    @property
    def pid_file(self) -> Path:
        """Return where php-fpm says which process it is; the recipe's `restart` tells that one to reload."""
        return self.state / "web1" / "served" / "fpm.pid"

    def __enter__(self) -> Self:
        """Start everything; the first release is tagged v1.0, and nothing is deployed yet."""
        _repository(self.state)
        try:
            return super().__enter__()
        except BaseException:
            self._served.close()
            raise

    def __exit__(self, *raised: object) -> None:
        """Stop the world, then what serves the application."""
        try:
            super().__exit__(None, None, None)
        finally:
            self._served.close()

    def variables(self) -> dict[str, str]:
        """Return the bot's variables; its key opens the host."""
        return {**super().variables(), "SSH_PRIVATE_KEY_FILE": str(self._sshd.key_file)}

    def _write_configuration(self) -> None:
        self.mariadb.sql("CREATE DATABASE bookings CHARACTER SET utf8mb4")
        self._served.callback(self.mariadb.sql, "DROP DATABASE bookings")
        (self.path / "shared").mkdir(parents=True)
        told = f"DB_SOCKET={self.mariadb.folder}/s\nDB_DATABASE=bookings\nDB_USERNAME=root\n"
        (self.path / "shared" / ".env.production").write_text(told)
        self._sshd = self._served.enter_context(sshd(self.state / "web1" / "sshd"))
        self._served.enter_context(served(self.pid_file.parent, self.path / "current" / "public", self.port, self._php))
        place = self._sshd.place(self.path)
        text = _CONFIGURATION.format(
            git=git_url(self.repository),
            pid_file=self.pid_file,
            url=self.url,
            user=place.user,
            path=place.path,
            address=self._sshd.host.address,
            ssh_port=self._sshd.host.ssh_port,
            port=self.port,
            known_hosts=place.known_hosts,
        )
        (self.state / "shipmate.toml").write_text(text, encoding="utf-8")

    def pushes(self, branch: str, files: dict[str, str]) -> str:
        """Push a branch with one commit onto what serves, and return its SHA."""
        words = ["git", "update-ref", f"refs/heads/{branch}", self.page()["served_by"]]
        subprocess.run(words, cwd=self.repository, check=True)
        return commit(self.repository, branch, f"{branch}: Try something", files)

    def asks(self, path: str) -> httpx.Response:
        """Ask the application for a page, as a visitor does."""
        return self._visitor.get(path)

    def page(self) -> dict[str, Any]:
        """Return what a visitor gets, who has to get a page."""
        answer = self.asks("/")
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page

    def artisan(self, *words: str) -> str:
        """Return what a command prints in the release that serves."""
        words = ("php", "artisan", *words)
        done = subprocess.run(words, cwd=self.path / "current", capture_output=True, text=True, check=True, timeout=60)
        return done.stdout


def _repository(state: Path) -> None:
    """Make the repository of which the world is, with the application as its first release."""
    made = state / "repository.git"
    work = ["git", f"--git-dir={made}", f"--work-tree={APPLICATION}", "-c", "user.name=Ana", "-c", "user.email=ana@a.b"]
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", made], check=True)
    for words in (["add", "-A"], ["commit", "-q", "-m", "Take bookings"], ["tag", "v1.0"]):
        subprocess.run([*work, *words], check=True)
