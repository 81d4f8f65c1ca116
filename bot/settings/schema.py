"""The shape of shipmate.toml, as pydantic sees it; what it reads becomes values in `build`."""

from typing import Annotated, Literal, Self

from pydantic import Field, PlainValidator, model_validator

from bot.settings import compounds
from bot.settings.balancer import Balancer
from bot.settings.canary import Canary, Metrics
from bot.settings.scheduled import Checklist, Schedule
from bot.settings.table import Host, Table, Word
from bot.settings.words import (
    Batch,
    Clock,
    Day,
    Duration,
    Folder,
    Git,
    Member,
    Moment,
    Name,
    Positive,
    Refs,
    Route,
    User,
    Web,
    Zone,
)
from deployers.environment import LONGEST_MAINTENANCE, SHORTEST_MAINTENANCE

Code = Annotated[int, Field(ge=100, le=599)]
MOST_LIVE = 63 - len("_before_20261201021500")
"""PostgreSQL takes a longer name for its first 63 characters, which might be those of the database in use."""


class App(Table):
    """What is deployed."""

    name: Word = Field(examples=["AskProAI"])
    git: Git = Field(examples=["git@github.com:owner/name.git"])
    repository: str = Field(default="", pattern=r"^([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)?$", examples=["owner/name"])
    list_deployments: bool = True
    timezone: Zone = "UTC"
    recipe: str = "web"
    maintenance: Positive = Field(default="30m", validate_default=True)

    @model_validator(mode="after")
    def _maintenance_ends(self) -> Self:
        if not SHORTEST_MAINTENANCE <= self.maintenance <= LONGEST_MAINTENANCE:
            raise ValueError('maintenance lasts between 1 minute and 12 hours. Write for example `maintenance = "30m"`')
        return self


class Channels(Table):
    """Where Shipmate speaks."""

    deployments: Word = "deployments"
    alerts: Word = "alerts"
    monitoring: Word = "monitoring"


class Slack(Table):
    """What concerns Slack and is no secret."""

    channels: Channels = Channels()


class Approvals(Table):
    """Who has to agree."""

    required: int = Field(default=1, ge=0, le=20)
    role: str = "approver"
    expires: Positive = Field(default="30m", validate_default=True)
    author_may_approve: bool = False


class Checks(Table):
    """Which check runs must be green."""

    required: list[Word] = []
    may_skip: bool = False


class Revisions(Table):
    """Which revisions an environment takes."""

    allowed: list[Refs] = []
    older: Literal["refuse", "allow"] = "refuse"
    signed: bool = False
    risky: list[Word] = []


class Freeze(Table):
    """A weekly time in which nothing is deployed."""

    days: list[Day] = Field(min_length=1, examples=[["fri"]])
    start: Clock = Field(alias="from", examples=["16:00"])
    until: Moment = Field(examples=["mon 07:00"])
    reason: str = ""


class Ssh(Table):
    """Where on the hosts the application lives."""

    user: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", examples=["deploy"])
    path: Folder = Field(examples=["/var/www/app"])
    hosts: list[Host] = Field(min_length=1, examples=[[{"name": "web1", "address": "10.0.0.11"}]])
    known_hosts: Word = "known_hosts"
    batch: Batch = 1
    parallel: int = Field(default=10, ge=1, le=100)
    keep_releases: int = Field(default=5, ge=2, le=100)
    pause: Duration = Field(default="0s", validate_default=True)
    max_unavailable: Batch | None = None


class GitHub(Table):
    """The workflow that deploys."""

    workflow: str = Field(pattern=r"^[A-Za-z0-9_.-]+\.ya?ml$", examples=["deploy.yml"])
    inputs: dict[str, str] = {}


class Version(Table):
    """Where the running release says which SHA it is."""

    path: Route | None = None
    field: str = Field(default="", alias="json")
    file: str = ""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.path) == bool(self.file):
            raise ValueError('the version stands in one place. Write either `path = "/version"` or `file = "REVISION"`')
        return self


class Health(Table):
    """What healthy means."""

    path: Route = "/api/health"
    accept: list[Code] = Field(default=[200], min_length=1)
    components: Annotated[dict[str, str], PlainValidator(compounds.components)] = {}
    version: Version | None = None
    target: str = ""
    candidate: str = ""
    host: str = ""
    headers: Annotated[dict[str, str], PlainValidator(compounds.headers)] = {}
    interval: Positive = Field(default="2s", validate_default=True)
    window: Positive = Field(default="2m", validate_default=True)
    timeout: Positive = Field(default="5s", validate_default=True)
    failures: int = Field(default=3, ge=1, le=100)
    max_error_rate: float = Field(default=0.05, ge=0, le=1)
    max_p95: Positive = Field(default="1s", validate_default=True)

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if self.window < self.interval * self.failures:
            raise ValueError(
                f"{self.failures} failures do not fit into the window. Write a longer `window` or a shorter `interval`"
            )
        return self


class Backup(Table):
    """Where backups go."""

    directory: Folder = Field(examples=["/var/backups/app"])
    database: str = ""
    restore: str = ""
    keep: int = Field(default=14, ge=1)
    recipient: str = Field(
        default="", pattern=r"^((age1[a-z0-9]{20,2000}|(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/=]+)( [^\n]*)?)?$"
    )
    identity: str = ""
    engine: Literal["", "mariadb", "postgresql", "sqlite"] = ""
    live: str = Field(default="", pattern=r"^[A-Za-z0-9_./{}-]*$")
    client: str = ""
    create: str = ""
    swap: str = ""
    drop: str = ""
    exclude: list[Word] = []

    @model_validator(mode="after")
    def _others_fit_beside_it(self) -> Self:
        if self.engine in ("mariadb", "postgresql") and len(self.live) > MOST_LIVE:
            raise ValueError(
                f"`live` may have {MOST_LIVE} characters: the names of databases beside it end in the time of a backup,"
                " and servers cut names off. Write commands of your own instead of `engine`"
            )
        return self


class Rollback(Table):
    """When Shipmate goes back by itself."""

    automatic: bool = True
    veto: Duration = Field(default="0s", validate_default=True)
    blame_window: Duration = Field(default="30m", validate_default=True)
    on: list[Literal["health", "error_rate", "component"]] = ["health", "error_rate", "component"]
    migrations: Literal["ask", "compatible"] = "ask"


class Emergency(Table):
    """What a critical hotfix may go past."""

    role: Word = "operator"
    skip_approvals: bool = False
    skip_tests: bool = False
    skip_freezes: bool = False
    skip_order: bool = False
    page: bool = True


class Environment(Table):
    """One environment."""

    aliases: list[Name] = []
    url: Web | None = None
    deployer: Literal["ssh", "github"] = "ssh"
    recipe: str | None = None
    strategy: str = "rolling"
    strategies: list[str] = []
    approvals: Approvals = Approvals()
    after: str = ""
    checks: Checks = Checks()
    revisions: Revisions = Revisions()
    freezes: list[Freeze] = []
    ssh: Ssh | None = None
    balancer: Balancer | None = None
    github: GitHub | None = None
    health: Health | None = None
    canary: Canary | None = None
    backup: Backup | None = None
    rollback: Rollback = Rollback()
    emergency: Emergency | None = None
    comment_pulls: bool = False


class Recipe(Table):
    """The commands that a kind of application needs."""

    shared: Annotated[list[str | dict[str, str]], PlainValidator(compounds.shared)] = []
    maintenance_on: list[Word] = []
    build: list[Word] = []
    pending_migrations: str = ""
    applied_migrations: str = ""
    migrate: list[Word] = []
    migrate_back: list[Word] = []
    transactional_migrations: bool = False
    migrations_path: str = ""
    optimize: list[Word] = []
    candidate_start: list[Word] = []
    candidate_stop: list[Word] = []
    colour_start: list[Word] = []
    colour_stop: list[Word] = []
    restart: list[Word] = []
    workers_stop: list[Word] = []
    workers_start: list[Word] = []
    maintenance_off: list[Word] = []
    maintenance_in_deployments: bool = True
    queue_status: str = ""
    log: str = ""


MORNING = Schedule(name="morning", cron="0 9 * * mon-fri", checklist="daily")
WEEK = Schedule(name="week", cron="0 9 * * mon", checklist="weekly")


class File(Table):
    """The whole of shipmate.toml."""

    app: App
    slack: Slack = Slack()
    roles: dict[str, list[Member]] = {}
    operators: dict[str, User] = {}
    environments: dict[Name, Environment] = Field(min_length=1)
    recipes: dict[Name, Recipe] = {}
    schedules: list[Schedule] = [MORNING, WEEK]
    checklists: dict[Name, Checklist] = {}
    metrics: Metrics | None = None
