"""The recipe that every tool runs: the scripts of Shipmate's own eight steps, for a small repository with many tags."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.targets import Fleet
from bot.settings import load
from deployers import effects
from deployers.environment import Environment
from deployers.plan import Plan
from deployers.ports import Revision
from deployers.strategies import plan_for

CONFIGURATION = """\
[app]
name = "Bench"
git = "file://{repository}"
timezone = "UTC"
recipe = "bench"

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

[recipes.bench]
build = ["cat REVISION > built"]
maintenance_on = ["touch down"]
optimize = ["cat REVISION > optimized"]
restart = ["date > restarted"]
maintenance_off = ["rm -f down"]

[environments.production]
url = "http://127.0.0.1:9"
deployer = "ssh"
strategy = "rolling"
strategies = ["rolling"]
approvals = {{ required = 1, role = "approver", expires = "30m", author_may_approve = false }}

[environments.production.ssh]
user = "{user}"
path = "{path}"
hosts = [
{hosts}
]
known_hosts = "{known_hosts}"
batch = "100%"
parallel = {parallel}
keep_releases = 5
"""


def repository(folder: Path, tags: int) -> Path:
    """Make a repository of a few files with so many tags, `r1` and up, each of a commit of its own."""
    made = folder / "repository.git"
    text = b""
    for number in range(1, tags + 1):
        text += f"commit refs/heads/main\nmark :{number}\ncommitter Ana <ana@example.org> {number} +0000\n".encode()
        text += f"data 2\nr\nM 100644 inline page.html\ndata {len(str(number))}\n{number}\n".encode()
        text += f"reset refs/tags/r{number}\nfrom :{number}\n\n".encode()
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", made], check=True)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=made, input=text, check=True)
    return made


def configuration(fleet: Fleet, repository: Path, path: Path) -> str:
    """Return the shipmate.toml for a fleet: everybody in one batch, all at once."""
    hosts = "\n".join(
        f'  {{ name = "{each.name}", address = "{each.address}", ssh_port = {each.port} }},' for each in fleet.targets
    )
    return CONFIGURATION.format(
        repository=repository,
        user=fleet.user,
        path=path,
        hosts=hosts,
        known_hosts=fleet.known_hosts,
        parallel=len(fleet.targets),
    )


def environment(file: Path, variables: Mapping[str, str], path: Path) -> Environment:
    """Return the environment that the file configures, with its place elsewhere on the targets."""
    found = load({**variables, "PATH": os.environ["PATH"]}, file).environments["production"]
    assert found.place
    return replace(found, place=replace(found.place, path=str(path)))


def scripts(environment: Environment, repository: Path, tag: str, release: str) -> list[str]:
    """Return the scripts of the steps that bring a tag to a target, in their order."""
    told = subprocess.run(
        ["git", "rev-parse", f"{tag}^{{commit}}"], cwd=repository, check=True, capture_output=True, text=True
    )
    revision = Revision(tag, f"refs/tags/{tag}", told.stdout.strip())
    plan: Plan = plan_for(
        environment, kind="deploy", revision=revision, replaces="", release=release, difference=None, strategy="rolling"
    )
    host = environment.hosts[0]
    return [effects.script(step, environment, plan, host, keep=lambda: (release,)) for step in plan.steps]
