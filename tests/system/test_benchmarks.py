"""Each benchmark runs in its smallest form; what it measures is nobody's test."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS
from tests.system.sshd import needed

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_prints_a_table_and_the_same_as_json(name, tmp_path):
    needed()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", name, "--quick", "--json", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    document = json.loads(done.stdout.splitlines()[-1])
    assert document == json.loads((tmp_path / f"{name}.json").read_text())
    assert document["benchmark"] == name
    assert document["figures"]
    assert f"\n{name}\n" in done.stdout


def test_a_benchmark_that_is_none_is_told_with_those_there_are():
    words = [sys.executable, "-m", "benchmarks", "speed"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "footprint" in done.stdout
