"""The configuration that the sandbox gives to the bot: the same file and variables that a real team writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CONFIGURATION = """\
# The sandbox's configuration: a real shipmate.toml, for hosts and a workspace on this machine.
[app]
name = "AskProAI"
{repository}git = "{git}"
timezone = "Europe/Berlin"
recipe = "web"

[slack.channels]
deployments = "deployments"
alerts = "alerts"
monitoring = "monitoring"

[roles]
deployer = ["@developers"]
approver = ["@release-managers"]
operator = ["@devops"]
admin = ["lead@askproai.de"]

[operators]
root = "U0OMAR"

[recipes.web]
shared = ["storage"]
build = ["sh build.sh"]
pending_migrations = "python3 migrate.py --pending"
migrate = ["python3 migrate.py"]
transactional_migrations = true
migrations_path = "migrations"
candidate_start = ["svc candidate start . {{candidate_port}}"]
candidate_stop = ["svc candidate stop"]
restart = ["svc restart web"]
maintenance_on = ["printf '%s' {{message}} > storage/down"]
maintenance_off = ["rm -f storage/down"]
maintenance_in_deployments = false
queue_status = "svc status queue"
log = "storage/app.log"
"""

SIDES = """
[recipes.sides]
shared = ["storage"]
build = ["sh build.sh"]
pending_migrations = "python3 migrate.py --pending"
applied_migrations = "sqlite3 storage/app.db 'SELECT name FROM migrations ORDER BY name'"
migrate = ["python3 migrate.py"]
transactional_migrations = true
migrations_path = "migrations"
colour_start = ["svc colour start {colour} {port}"]
colour_stop = ["svc colour stop {colour}"]
maintenance_on = ["printf '%s' {message} > storage/down"]
maintenance_off = ["rm -f storage/down"]
maintenance_in_deployments = false
queue_status = "svc status queue"
log = "storage/app.log"
"""
"""The recipe of an application with two sides behind a balancer; nothing of it is filled in here."""

BALANCED = """
[environments.{name}.balancer]
kind = "nginx"
hosts = [
{balancer}
]
include = "{include}"
upstream = "{upstream}"
test = "lb test"
reload = "lb reload"
pid = "{pid}"
drain = "10s"
keep_warm = "10m"

[environments.{name}.canary]
percentage = 25
duration = "15s"
interval = "1s"
success_rate = 90
log = "{log}"

[environments.{name}.emergency]
role = "operator"
skip_approvals = true
skip_tests = true
skip_freezes = true
page = true

[environments.{name}.backup]
directory = "backups"
database = "sqlite3 storage/app.db .dump"
engine = "sqlite"
live = "storage/app.db"
keep = 5
"""

BACKUP = """
[environments.{name}.backup]
directory = "backups"
"""

ENVIRONMENT = """
[environments.{name}]
aliases = ["{alias}"]
url = "{url}"
deployer = "{deployer}"
strategy = "rolling"
strategies = ["rolling"]
revisions = {{ older = "allow" }}
approvals = {{ required = {required}, role = "approver", expires = "{expires}", author_may_approve = false }}
{way}
[environments.{name}.health]
path = "/api/health"
components = ["database", "queue", "storage"]
version = {{ path = "/api/version", json = "sha" }}
{probes}interval = "{interval}"
window = "{window}"
failures = 3
max_p95 = "5s"

[environments.{name}.rollback]
automatic = true
blame_window = "{blame}"
migrations = "compatible"
"""

BY_SSH = """
[environments.{name}.ssh]
user = "{user}"
path = "app"
hosts = [
{hosts}
]
known_hosts = "{known_hosts}"
batch = 1
keep_releases = 5
"""

BY_WORKFLOW = """\
checks = {{ required = ["tests"] }}

[environments.{name}.github]
workflow = "deploy.yml"
inputs = {{ environment = "{{environment}}", ref = "{{sha}}", skip_tests = "{{skip_tests}}", reason = "{{reason}}" }}
"""

PROBES = """\
target = "http://127.0.0.1:{port}"
candidate = "http://127.0.0.1:{candidate_port}"
"""
"""How hosts are asked themselves; nothing of it is filled in here."""


class Reachable(Protocol):
    """A host as the configuration names it."""

    name: str
    address: str
    ssh_port: int
    port: int
    candidate_port: int


@dataclass(frozen=True, slots=True)
class Balancing:
    """The balancer as the configuration names it: where it is, and its files there."""

    host: Reachable
    include: Path
    pid: Path
    log: Path
    upstream: str


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the environments are, as the configuration writes durations."""

    window: str = "3s"
    interval: str = "300ms"
    expires: str = "30m"
    blame: str = "0s"
    """So long a release is blamed for what is broken on purpose after it was served: not at all."""


def configuration(
    git: str, hosts: Iterable[Reachable], pace: Pace, *, user: str, known_hosts: Path, repository: str = ""
) -> str:
    """Return a shipmate.toml for these hosts: those named `staging…` are staging, the others production.

    With a repository on GitHub, a workflow of it deploys staging.
    """
    every = list(hosts)
    staging = [host for host in every if host.name.startswith("staging")]
    production = [host for host in every if host not in staging]
    text = CONFIGURATION.format(git=git, repository=f'repository = "{repository}"\n' if repository else "")
    for name, alias, members, required in (("staging", "stage", staging, 0), ("production", "prod", production, 1)):
        if members:
            by_workflow = bool(repository) and name == "staging"
            way = (BY_WORKFLOW if by_workflow else BY_SSH).format(
                name=name, user=user, hosts="\n".join(_host(host) for host in members), known_hosts=known_hosts
            )
            text += ENVIRONMENT.format(
                name=name,
                alias=alias,
                url=f"http://{members[0].address}:{members[0].port}",
                deployer="github" if by_workflow else "ssh",
                required=required,
                expires=pace.expires,
                way=way,
                probes="" if by_workflow else PROBES,
                interval=pace.interval,
                window=pace.window,
                blame=pace.blame,
            )
            text += BACKUP.format(name=name) if name == "production" else ""
    return text


def balanced(text: str, balancer: Balancing) -> str:
    """Return a configuration whose production has two sides behind a balancer, and every strategy and way back."""
    name = "production"
    before, head, after = text.partition(f"\n[environments.{name}]\n")
    changes = (
        ('strategies = ["rolling"]', 'strategies = ["rolling", "blue-green", "canary", "emergency"]\nrecipe = "sides"'),
        ('blame_window = "', 'veto = "4s"\nblame_window = "'),
        (BACKUP.format(name=name), ""),
    )
    for old, new in changes:
        after = after.replace(old, new, 1)
    first, address = after.split('url = "', 1)
    host = balancer.host
    after = f'{first}url = "http://{host.address}:{host.port}"{address.partition(chr(34))[2]}'
    files = {"include": balancer.include, "pid": balancer.pid, "log": balancer.log, "upstream": balancer.upstream}
    return before + SIDES + head + after + BALANCED.format(name=name, balancer=_host(host), **files)


def _host(host: Reachable) -> str:
    return (
        f'  {{ name = "{host.name}", address = "{host.address}", ssh_port = {host.ssh_port},'
        f" port = {host.port}, candidate_port = {host.candidate_port} }},"
    )
