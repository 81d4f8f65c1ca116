"""Every contract of the house is seen to break: a violation of each is planted in a copy, and the linter names it."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("bot", "commands", "deployers", "storage")
PLANTS = {
    "One way: bot, commands, deployers, storage": ("storage/planted.py", "deployers.plan"),
    "Only the top floor knows Slack and the scheduler": ("deployers/planted.py", "slack_sdk"),
    "Only bot.engine knows the durable engine": ("bot/planted.py", "dbos"),
    "Only the deployers know SSH and GitHub": ("bot/planted.py", "fabric"),
    "Only storage knows the database's libraries": ("commands/planted.py", "sqlalchemy"),
    "No command imports another": ("commands/rollback.py", "commands.deploy"),
    "No alert channel imports another": ("bot/alerts/planted_mail.py", "bot.alerts.planted_pager"),
    "The sandbox plays the outside and knows nothing of ours": ("bot/sandbox/planted.py", "commands.errors"),
    "Only the command line opens the sandbox": ("bot/planted.py", "bot.sandbox.wire"),
    "Pure parts do no I/O": ("deployers/gates.py", "socket"),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> str:
    """Return what the linter says about a copy of the house with every violation in it."""
    copy = tmp_path_factory.mktemp("house")
    for floor in FLOORS:
        shutil.copytree(ROOT / floor, copy / floor, ignore=shutil.ignore_patterns("__pycache__", "sample"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    (copy / "bot/alerts").mkdir(exist_ok=True)
    (copy / "bot/alerts/__init__.py").touch()
    (copy / "bot/alerts/planted_pager.py").touch()
    for where, what in PLANTS.values():
        with (copy / where).open("a", encoding="utf-8") as file:
            file.write(f"\nimport {what}\n")
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={"COLUMNS": "400"},
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("contract", PLANTS)
def test_a_planted_violation_is_caught_under_its_contract(said, contract):
    where, what = PLANTS[contract]
    importer = where.removesuffix(".py").replace("/", ".")
    section = re.split(rf"\n{re.escape(contract)}\n-+\n", said)[-1]
    own = re.split(r"\n-{10,}\n", section)[0]
    assert f"{contract} BROKEN" in said
    assert re.search(rf"{re.escape(importer)} -> {re.escape(what)}\b", own)


def test_no_contract_is_without_a_planted_violation():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]} == set(PLANTS)
