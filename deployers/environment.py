"""Where releases go, as frozen values: built by the settings, read by everyone, hashed into every plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from deployers.backups.configured import Backup as Backup  # noqa: PLC0414 - it belongs to what is read from here
from deployers.comparing.tuning import Canary
from deployers.policies import TRIGGERS as TRIGGERS  # noqa: PLC0414 - they belong to what is read from here
from deployers.policies import Emergency as Emergency  # noqa: PLC0414
from deployers.policies import RollbackPolicy as RollbackPolicy  # noqa: PLC0414


@dataclass(frozen=True, slots=True)
class Host:
    """One target: where it is, and which ports its application answers on."""

    name: str
    address: str
    ssh_port: int = 22
    port: int = 80
    candidate_port: int = 8081


SHORTEST_MAINTENANCE, LONGEST_MAINTENANCE = timedelta(minutes=1), timedelta(hours=12)
"""However it was asked for, visitors are let in again after so long."""
GITHUB = Host("github", "github.com")
"""What stands in for the targets where a workflow on GitHub reaches them: it is told, and asked, in their place."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where on the hosts an application lives, and how to get there over SSH."""

    user: str
    path: str
    """Absolute, or relative to the user's home."""
    hosts: tuple[Host, ...]
    known_hosts: str
    batch: int | str = 1
    """How many hosts at a time: a count, or a share such as `"25%"`."""
    parallel: int = 10
    keep_releases: int = 5
    pause: timedelta = timedelta(0)
    """Between two batches."""
    max_unavailable: int | str = ""
    """So many hosts at most are away at a time, whatever the batch says; empty: the batch decides."""


@dataclass(frozen=True, slots=True)
class Balancer:
    """What stands in front of the application hosts, and how it is told where to send visitors."""

    kind: Literal["nginx", "haproxy", "commands"]
    hosts: tuple[Host, ...] = ()
    """Where balancers run; empty: each application host has one of its own, in front of itself."""
    user: str = ""
    known_hosts: str = ""
    path: str = ""
    """Where on its hosts Shipmate keeps its records."""
    include: str = ""
    upstream: str = ""
    options: tuple[str, ...] = ()
    """Further lines of nginx's upstream: `keepalive 32`, `hash $remote_addr consistent`."""
    test: str = "sudo -n nginx -t"
    reload: str = "sudo -n systemctl reload nginx"
    pid: str = "/run/nginx.pid"
    socket: str = "/run/haproxy/admin.sock"
    """HAProxy's runtime socket, or `address:port`."""
    backend: str = ""
    state: str = ""
    """A file in which HAProxy finds its state again after a reload of its own; empty: none is kept."""
    tell: str = ""
    """A command that puts into force what it reads: name, colour, address, port and weight of each server."""
    active: str = ""
    """A command that prints how many are left on the servers that it reads."""
    drain: timedelta = timedelta(seconds=30)
    keep_warm: timedelta = timedelta(hours=1)
    """How long the side that served before stays up after a switch."""


@dataclass(frozen=True, slots=True)
class Approvals:
    """Who has to agree, how many of them, and until when."""

    required: int = 1
    role: str = "approver"
    expires: timedelta = timedelta(minutes=30)
    author_may_approve: bool = False


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the application with a health route of its own."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Version:
    """Where the running release says which SHA it is: a route with a JSON field, or a file on the target."""

    path: str = ""
    json: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """What healthy means for an environment, and how long to look."""

    path: str = "/api/health"
    accept: tuple[int, ...] = (200,)
    components: tuple[Component, ...] = ()
    version: Version | None = None
    target: str = ""
    """URL of a single target, asked from the target itself, with `{port}`; empty: targets are not asked singly."""
    candidate: str = ""
    """URL of a release before it is switched to, with `{candidate_port}`; empty: no candidate gate."""
    host: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    interval: timedelta = timedelta(seconds=2)
    window: timedelta = timedelta(minutes=2)
    timeout: timedelta = timedelta(seconds=5)
    failures: int = 3
    max_error_rate: float = 0.05
    max_p95: timedelta = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Revisions:
    """Which revisions an environment takes."""

    allowed: tuple[str, ...] = ()
    """Patterns of tags and branches: `tags/v*`, `heads/main`; empty takes any revision."""
    older: Literal["refuse", "allow"] = "refuse"
    """What becomes of a deployment that only takes commits away; a rollback is another matter."""
    signed: bool = False
    """Whether the commit must carry a signature that GitHub has verified."""
    risky: tuple[str, ...] = ()
    """Patterns of paths whose change is told as a risk."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """A weekly time in which nothing is deployed."""

    days: tuple[str, ...]
    start: str
    until: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Workflow:
    """The GitHub workflow that deploys, and what is passed to it."""

    workflow: str
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shared:
    """Something that outlives releases: a path below `shared/` and where a release sees it."""

    source: str
    to: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """The commands that a kind of application needs, as data; each runs inside the release's directory."""

    name: str
    shared: tuple[Shared, ...] = ()
    maintenance_on: tuple[str, ...] = ()
    build: tuple[str, ...] = ()
    pending_migrations: str = ""
    applied_migrations: str = ""
    """Prints the names of the migrations that have run, one a line; empty where that cannot be told."""
    migrate: tuple[str, ...] = ()
    migrate_back: tuple[str, ...] = ()
    """Take back the newest `{steps}` migrations; empty where that cannot be."""
    transactional_migrations: bool = False
    """Whether nothing at all is kept of migrations that fail."""
    migrations_path: str = ""
    """Where migrations lie in the repository: `database/migrations`."""
    optimize: tuple[str, ...] = ()
    candidate_start: tuple[str, ...] = ()
    """Start the release on `{candidate_port}` of the loopback; empty where it cannot be."""
    candidate_stop: tuple[str, ...] = ()
    colour_start: tuple[str, ...] = ()
    """Serve the release to which the link `{colour}` points on `{port}`; empty where there are no two sides."""
    colour_stop: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    workers_stop: tuple[str, ...] = ()
    """Let queue workers end what they do, and take up nothing more, while a database is swapped."""
    workers_start: tuple[str, ...] = ()
    maintenance_off: tuple[str, ...] = ()
    maintenance_in_deployments: bool = True
    """Whether a deployment keeps visitors out while it switches; otherwise only a person does."""
    queue_status: str = ""
    log: str = ""

    @property
    def keeps_out(self) -> tuple[str, ...]:
        """Return what keeps visitors out while a deployment switches."""
        return self.maintenance_on if self.maintenance_in_deployments else ()

    @property
    def lets_in(self) -> tuple[str, ...]:
        """Return what lets visitors in again once a deployment has switched, or has come to nothing."""
        return self.maintenance_off if self.maintenance_in_deployments else ()


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything that decides how a release reaches one environment."""

    name: str
    app: str
    git: str
    recipe: Recipe
    repository: str = ""
    aliases: tuple[str, ...] = ()
    url: str = ""
    deployer: Literal["ssh", "github"] = "ssh"
    strategy: str = "rolling"
    strategies: tuple[str, ...] = ("rolling",)
    approvals: Approvals = Approvals()
    after: str = ""
    required_checks: tuple[str, ...] = ()
    may_skip_checks: bool = False
    """Whether `--skip-tests` may be asked for in an emergency."""
    comment_pulls: bool = False
    """Whether shipped pull requests are told on GitHub that they are."""
    revisions: Revisions = Revisions()
    freezes: tuple[Freeze, ...] = ()
    place: Place | None = None
    balancer: Balancer | None = None
    workflow: Workflow | None = None
    health: Health | None = None
    canary: Canary | None = None
    backup: Backup | None = None
    rollback: RollbackPolicy = field(default_factory=RollbackPolicy)
    emergency: Emergency | None = None

    @property
    def hosts(self) -> tuple[Host, ...]:
        """Return the targets in the order in which they are deployed to; GitHub alone where it deploys."""
        return (GITHUB,) if self.deployer == "github" else self.machines

    @property
    def machines(self) -> tuple[Host, ...]:
        """Return the targets that are reached over SSH, whoever deploys to them."""
        return self.place.hosts if self.place else ()

    @property
    def balancers(self) -> tuple[Host, ...]:
        """Return the hosts on which visitors are sent here or there: those of balancers, or the targets themselves."""
        if self.balancer is None or self.deployer == "github":
            return ()
        return self.balancer.hosts or self.machines

    @property
    def reached(self) -> tuple[Host, ...]:
        """Return every host on which something may be done."""
        return tuple(dict.fromkeys((*self.hosts, *self.balancers)))

    def host(self, name: str) -> Host:
        """Return the host of that name; KeyError if there is none."""
        return next(host for host in self.reached if host.name == name)
