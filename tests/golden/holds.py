"""Cards of deployments that wait for an answer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from commands.views import card
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
    return {
        "card-holding-veto": card.announcement(veto, now=SINCE + timedelta(seconds=10)),
        "card-holding-veto-over": card.announcement(veto, now=SINCE + timedelta(seconds=30)),
    }
