"""What is not needed is not read in: a command line that answers at once, a bot that is small at rest."""

import subprocess
import sys

import pytest

HEAVY = {"alembic", "fabric", "paramiko", "github"}


@pytest.mark.parametrize(
    ("module", "without"),
    [("bot.__main__", HEAVY | {"sqlalchemy", "slack_bolt", "dbos", "aiohttp"}), ("bot.process", HEAVY)],
)
def test_a_module_comes_without_what_may_never_be_needed(module, without):
    code = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert without.intersection(done.stdout.split()) == set()
