"""The settings as frozen values: what the rest of the house sees of the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from deployers.checklists import BUILT_IN, Checklist
from deployers.environment import Environment


class Secret(SecretStr):
    """A text that prints `***`; `get_secret_value()` gives it."""

    def _display(self) -> str:
        return "***"


SQLITE = Secret("sqlite:///shipmate.db")
"""Where everything is remembered unless DATABASE_URL says otherwise."""


@dataclass(frozen=True, slots=True)
class App:
    """What is deployed."""

    name: str
    git: str
    repository: str = ""
    list_deployments: bool = True
    """Whether GitHub is told of deployments."""
    timezone: str = "UTC"
    recipe: str = "web"
    maintenance: timedelta = timedelta(minutes=30)
    """How long `/ops maintenance on` lasts when nobody says for how long."""


@dataclass(frozen=True, slots=True)
class Channels:
    """Where Shipmate speaks: names without `#`, or channel ids."""

    deployments: str = "deployments"
    alerts: str = "alerts"
    monitoring: str = "monitoring"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Something that happens by the clock."""

    name: str
    cron: str
    checklist: str = ""
    channel: str = "deployments"
    drill: str = ""
    """The environment whose newest backup is tried."""
    backup: str = ""
    """The environment that is backed up."""


@dataclass(frozen=True, slots=True)
class Outside:
    """How the outside is reached: addresses, and the secrets that open them."""

    slack_bot_token: Secret | None = None
    slack_app_token: Secret | None = None
    slack_signing_secret: Secret | None = None
    slack_api_url: str = "https://slack.com/api/"
    github_token: Secret | None = None
    github_app_id: str = ""
    github_app_private_key: Secret | None = None
    github_installation_id: str = ""
    github_api_url: str = "https://api.github.com"
    github_webhook_secret: Secret | None = None
    database_url: Secret = SQLITE
    ssh_private_key_file: Path | None = None
    pagerduty_routing_key: Secret | None = None
    pagerduty_api_url: str = "https://events.pagerduty.com"
    smtp_url: Secret | None = None
    port: int = 8080

    @property
    def sqlite(self) -> bool:
        """Say whether everything is remembered in one SQLite file."""
        return self.database_url.get_secret_value().startswith("sqlite")

    def secrets(self) -> tuple[str, ...]:
        """Return every secret in clear, for the one who has to keep them out of logs."""
        held = (getattr(self, name) for name in self.__dataclass_fields__)
        return tuple(each.get_secret_value() for each in held if isinstance(each, Secret))


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the configuration says."""

    path: Path
    """The shipmate.toml that was read."""
    app: App
    environments: Mapping[str, Environment]
    channels: Channels = Channels()
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    operators: Mapping[str, str] = field(default_factory=dict)
    """Operating-system user → Slack user id."""
    schedules: tuple[Schedule, ...] = ()
    checklists: Mapping[str, Checklist] = field(default_factory=lambda: BUILT_IN)
    outside: Outside = Outside()
    headers: Mapping[str, Secret] = field(default_factory=dict)
    """What `env:NAME` in a health header stands for, by NAME; a variable that is not set is not in it."""
