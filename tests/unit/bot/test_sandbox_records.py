"""What the sandbox's page calls the steps that a host wrote down, whatever way a release goes there and back."""

from pathlib import Path

import pytest

from bot.sandbox.configuration import Balancing, Pace, balanced, configuration
from bot.sandbox.records import newest_steps
from bot.settings import load
from deployers import effects
from deployers.backups import scripts
from deployers.environment import Environment, Host
from deployers.ports import Difference, Revision
from deployers.strategies import plan_for
from deployers.strategies.restoring import STRATEGY, Restoration

BACKUP = "backup-20261201-021500"
HOSTS = tuple(
    Host(name, "127.0.0.1", port=8000 + at, candidate_port=9000 + at) for at, name in enumerate(("web1", "web2"))
)
LB = Host("lb1", "127.0.0.1", port=8080)
CALLED = {
    "Activate": "switch over",
    "Backup": "make a backup",
    "Build": "build",
    "Candidate": "start the candidate",
    "CandidateStop": "stop the candidate",
    "ColourStart": "serve the other side",
    "Drain": "let visitors finish",
    "MaintenanceOff": "let visitors in",
    "MaintenanceOn": "show that it is being worked on",
    "Migrate": "migrate the database",
    "Prepare": "fetch and unpack",
    "Prune": "delete old releases",
    "PutIn": "share out visitors",
    "Restart": "restart",
    "Restore": "unpack a backup",
    "Shift": "share out visitors",
    "SwapDatabase": "swap the database",
    "TakeOut": "share out visitors",
}

LOOKS = {"CandidateCheck", "Compare", "Pause", "Verify"}


def production(folder: Path, *, sides: bool) -> Environment:
    """Return production as the sandbox configures it."""
    (folder / "known_hosts").touch()
    text = configuration("https://example.com/app.git", HOSTS, Pace(), user="u", known_hosts=folder / "known_hosts")
    if sides:
        text = balanced(text, Balancing(LB, Path("/lb/up"), Path("/lb/pid"), Path("/lb/log"), "app"))
    (folder / "shipmate.toml").write_text(text)
    return load({}, folder / "shipmate.toml").environments["production"]


def called(folder: Path, script: str) -> str:
    """Return what the page calls a step with this script."""
    step = folder / "ops" / "d1.0.web1.1"
    step.mkdir(parents=True, exist_ok=True)
    (step / "claim").touch()
    (step / "script").write_text(script)
    return newest_steps(folder / "ops")[0].label


@pytest.mark.parametrize("strategy", ["plain", "rolling", "blue-green", "canary", STRATEGY])
def test_every_step_of_every_strategy_is_called_by_what_it_does(tmp_path, strategy):
    where = production(tmp_path, sides=strategy != "plain")
    back = strategy == STRATEGY
    plan = plan_for(
        where,
        kind="rollback" if back else "deploy",
        revision=Revision("v2.3", "", "b" * 40),
        replaces="a" * 40,
        release="20261201030000-bbbbbbb",
        difference=Difference((), 0, (), 0, ("migrations/0003_calls.sql",)),
        strategy="rolling" if strategy == "plain" else strategy,
        backup="backup-20261201-030000" if back else "",
        restores=Restoration(BACKUP, "web1", "c" * 64, database=True) if back else None,
    )
    found = {}
    for step in plan.steps:
        if type(step).__name__ not in LOOKS:
            script = effects.script(step, where, plan, where.host(step.targets[0]), keep=lambda: ("one",))
            found[type(step).__name__] = called(tmp_path, script)
    assert found == {name: CALLED[name] for name in found}


def test_a_drill_is_called_one(tmp_path):
    where = production(tmp_path, sides=True)
    assert called(tmp_path, scripts.drill(where, where.hosts[0], BACKUP, "c" * 64)) == "try a backup"


def test_every_step_of_a_long_way_is_told(tmp_path):
    for number in range(12):
        step = tmp_path / "ops" / f"d1.{number}.web1.1"
        step.mkdir(parents=True)
        (step / "claim").touch()
    assert len(newest_steps(tmp_path / "ops")) == 12
