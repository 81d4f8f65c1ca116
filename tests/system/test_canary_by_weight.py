"""A canary by weight behind a real nginx over real sshd: judged by nginx's own log, promoted or taken back."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.balanced import Balanced, Kind, balanced
from benchmarks.load import Load
from storage.models import HoldKind
from tests.system.test_zero_downtime import demanded

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
CANARY = Kind(
    "nginx",
    canary='steps = [10, 50]\nduration = "10s"\ninterval = "1s"\nsuccess_rate = 99\nmax_p95_ratio = 20.0\n',
    application=Path(__file__).with_name("failing_application.py"),
)
_HOLDS = "SELECT facts, answer, answered_by FROM hold WHERE deployment_id = ? AND kind = ? ORDER BY id"


def test_a_canary_rises_by_weight_and_is_promoted_by_the_balancers_log_or_taken_back(tmp_path):
    demanded(CANARY)
    with balanced(tmp_path, CANARY) as world:
        world.ships("r1", "rolling")
        load = Load(world.running.url, connections=4)
        try:
            good = world.ships("r2", "canary")
            bad = world.tries("r3", "canary")
        finally:
            told = load.stop()
        facts = [told for told, *_ in asked(world, good)]
        assert [each["share"] for each in facts] == [10, 50]
        for each, least, most in zip(facts, (0.03, 0.3), (0.25, 0.7), strict=True):
            (_, ours), (_, theirs) = each["tally"]["canary"], each["tally"]["stable"]
            assert least < ours / (ours + theirs) < most, (ours, theirs)
            assert each["tally"]["p95s"]
        world.ended(bad, "rolled_back")
        ((facts_of_bad, answer, by),) = asked(world, bad)
        assert (facts_of_bad["share"], answer, by) == (10, "abort", "shipmate")
        errors, requests = facts_of_bad["tally"]["canary"]
        assert 0.2 < errors / requests < 0.5
        # A tenth of the visitors had the bad one until it was found out, and a third of their pages failed.
        assert told.lost < told.requests / 20


def asked(world: Balanced, number: int) -> list[tuple[dict[str, Any], str, str]]:
    """Return what stood beside each question of a canary, and who answered it how."""
    rows = world.rows.ask(_HOLDS, number, HoldKind.CANARY.value)
    return [(json.loads(facts) if isinstance(facts, str) else facts, answer, by) for facts, answer, by in rows]
