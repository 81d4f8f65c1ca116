"""Cards of canaries: while they are compared, and where they wait for somebody."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from commands.views import card
from deployers.comparing.tally import Count, Demands, Reading, Tally
from deployers.comparing.verdict import State, wanted
from storage.models import Hold, HoldKind, Status, StepState
from storage.reports import Facts
from tests.builders import NOW
from tests.golden.cards import facts, steps

SINCE = NOW + timedelta(minutes=2)
DEMANDS = Demands(duration=timedelta(minutes=20))


def canary(*looks: tuple[int, int, int, int], state: State = State.LOOKING, why: str = "", by_hand: str = "") -> Facts:
    """Return the facts of a canary after such looks: errors and requests of itself, then of the stable side."""
    tally = Tally(SINCE)
    for number, (bad, ours, others_bad, theirs) in enumerate(looks, 1):
        at = SINCE + number * timedelta(minutes=1)
        canary, stable = Count(ours, bad, p95=0.183), Count(theirs, others_bad, p95=0.171)
        tally = tally.after(Reading(at, canary, stable), DEMANDS)
    beside = {
        "share": 10,
        "ends": (SINCE + DEMANDS.duration).isoformat(),
        "success_rate": 99.5,
        "tally": tally.document(),
        "state": state.value,
        "why": why,
        "wanted": wanted(tally, DEMANDS),
        "by_hand": by_hand,
    }
    hold = Hold(id=3, deployment_id=12, key="canary-5-1", kind=HoldKind.CANARY, why=why, since=SINCE, facts=beside)
    seen = facts(Status.HOLDING, steps=steps(5, StepState.INTENDED))
    return replace(seen, holds=(hold,))


def canaries() -> dict[str, Any]:
    """Return the views by the names of their files."""
    half = [(0, 41, 1, 388), (0, 44, 0, 402), (1, 39, 1, 371), (0, 52, 3, 412), (0, 47, 0, 395)]
    thin = canary(*[(0, 21, 1, 380)] * 20, state=State.THIN, why="420 of 598 requests")
    why = "the numbers are gone: Prometheus: it answered 503: <!channel> starting up"
    gone = canary(*half, state=State.BLIND, why=why, by_hand="gone")
    held = canary(*half, by_hand="U0BEN")
    now = SINCE + timedelta(minutes=5)
    return {
        "card-canary": card.announcement(canary(*half), now=now),
        "card-canary-begun": card.announcement(canary(), now=SINCE),
        "card-canary-thin": card.announcement(thin, now=SINCE + timedelta(minutes=21)),
        "card-canary-gone": card.announcement(gone, now=now),
        "card-canary-held": card.announcement(held, now=now),
    }
