"""Cards of deployments that wait for an answer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from commands.views import card, deciding, modal
from storage.models import Hold, HoldKind, Status, StepState
from storage.reports import Facts
from tests.builders import NOW
from tests.golden.cards import FAILURE, facts, steps

SINCE = NOW + timedelta(minutes=2)


def held(kind: HoldKind, why: str, *, until: timedelta | None = None, **values: Any) -> Facts:
    """Return the facts of a deployment that waits for an answer."""
    hold = Hold(id=3, deployment_id=12, key=kind.value, kind=kind, why=why, since=SINCE, **values)
    hold.until = SINCE + until if until else None
    seen = facts(Status.HOLDING, steps=steps(5, StepState.FAILED), failure=FAILURE)
    return replace(seen, holds=(hold,))


def holds() -> dict[str, Any]:
    """Return the views by the names of their files."""
    veto = held(HoldKind.VETO, FAILURE["message"], until=timedelta(seconds=30), facts={"to": "v2.2"})
    kept = {
        "where": "web1",
        "migrations": ["migrations/007_names.sql", "migrations/008_rooms.sql"],
        "recorded": ["migrations/007_names.sql"],
        "back_to": "v2.2",
        "cannot": {},
        "backup": "backup-20261124-090000",
        "backup_at": (SINCE - timedelta(minutes=4)).isoformat(),
        "swaps": True,
    }
    why = "`migrate` exited 1 on web1: 008_rooms failed: no such table"
    both = held(HoldKind.DATABASE, why, facts=kept)
    nothing = {
        "migrations": kept["migrations"],
        "recorded": [],
        "back_to": "v2.2",
        "cannot": {
            "step_back": "the database has recorded none of them, so stepping back would undo older ones",
            "restore": "there is no backup that was read back whole",
        },
    }
    neither = held(HoldKind.DATABASE, why, facts=nothing)
    loud = deciding.loud(both, both.holds[0], SINCE)
    return {
        "card-holding-database": card.announcement(both, now=SINCE + timedelta(minutes=1)),
        "card-holding-database-neither": card.announcement(neither, now=SINCE + timedelta(minutes=1)),
        "decision_loud": {"text": loud[0], "blocks": list(loud[1])},
        "decision_reminder": deciding.reminder(both, both.holds[0], SINCE + timedelta(minutes=30)),
        "modal_answered": modal.answered("12:hash:3:restore:production"),
        "card-holding-veto": card.announcement(veto, now=SINCE + timedelta(seconds=10)),
        "card-holding-veto-over": card.announcement(veto, now=SINCE + timedelta(seconds=30)),
    }
