"""Views of trouble with a release: taken back, held, blamed or not; and of emergencies and freezes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from commands.views import blaming, card, emergency, freezing, holding, reviewing
from storage.models import FreezeRecord, Hold, HoldKind, Kind, Review, Status, StepState
from storage.reports import Facts
from tests.builders import NOW
from tests.golden.cards import FAILURE, deployment, facts, steps

SINCE = NOW + timedelta(minutes=12)
PAST = "approval and the required tests"
BEFORE = ({"where": "web1", "path": "/api/health/redis", "why": "/api/health/redis answered 503"},)
HELD = {"answer": "hold", "answered_by": "U0BEN", "answered_name": "ben", "answered_at": SINCE}


def _served(**values: Any) -> Facts:
    served = {"served_at": NOW + timedelta(minutes=2), "finished_at": NOW + timedelta(minutes=2)}
    return facts(Status.SUCCEEDED, steps=steps(5, StepState.SUCCEEDED), **{**served, **values})


def _veto(seen: Facts, **values: Any) -> Facts:
    hold = Hold(
        id=3,
        deployment_id=12,
        key="blame",
        kind=HoldKind.VETO,
        why=FAILURE["message"],
        facts={"to": "v2.2"},
        since=SINCE,
        until=SINCE + timedelta(minutes=2),
        **values,
    )
    return replace(seen, holds=(hold,))


def _stuck() -> Facts:
    return facts(Status.INCOMPLETE, steps=steps(5, StepState.FAILED), failure=FAILURE)


def _failed_rollback() -> Facts:
    child = deployment(Status.FAILED, kind=Kind.ROLLBACK, number=13, automatic=True, undoes=12)
    child.failure = {"code": "command_failed", "message": "`restart` exited 1 on web2: no"}
    return replace(_stuck(), automatic_rollback=child)


def blame() -> dict[str, Any]:
    """Return the views by the names of their files."""
    asked, at = _veto(_served()), SINCE + timedelta(seconds=30)
    loud = holding.loud(asked, asked.holds[0], at)
    bad = _served().deployment
    back = deployment(Status.QUEUED, kind=Kind.ROLLBACK, number=13)
    review = Review(id=1, deployment_id=12, environment="production", skipped=PAST, since=NOW)
    done = Review(**{**review.model_dump(), "sentence": "The fix <holds>", "done_by": "U0LEA", "done_at": SINCE})
    hotfix = deployment(Status.QUEUED, strategy="emergency", reason="checkout is <down> for everybody")
    freeze = FreezeRecord(environment="production", by="U0OMAR", name="omar", reason="we count <the> stock", since=NOW)
    until = FreezeRecord(**{**freeze.model_dump(), "until": NOW + timedelta(hours=2)})
    announced = emergency.announced(hotfix, PAST)
    return {
        "card-served-veto": card.announcement(asked, now=at),
        "card-served-held": card.announcement(_veto(_served(), **HELD), now=at),
        "card-incomplete-held": card.announcement(_veto(_stuck(), **HELD), now=at),
        "card-incomplete-frozen": card.announcement(_failed_rollback()),
        "card-not-blamed": card.announcement(replace(_served(), before=BEFORE)),
        "card-emergency-owed": card.announcement(replace(_served(), review=review)),
        "card-emergency-reviewed": card.announcement(replace(_served(), review=done)),
        "veto_loud": {"text": loud[0], "blocks": list(loud[1])},
        "blame_going_back": blaming.going_back(bad, back, FAILURE["message"]),
        "blame_left_alone": blaming.not_taken_back(bad, FAILURE["message"], back=True),
        "blame_nothing_before": blaming.not_taken_back(bad, FAILURE["message"], back=False),
        "blame_well_again": blaming.well_again(bad),
        "blame_late": blaming.late(bad, SINCE, "/api/health answered 503", timedelta(minutes=30), back=True),
        "emergency": {"text": announced[0], "blocks": announced[1]},
        "emergencies_owed": reviewing.listed([(review, hotfix)]),
        "emergencies_none": reviewing.listed([]),
        "freeze_made": freezing.made(until),
        "freeze_standing": freezing.standing(freeze, NOW),
        "freeze_lifted": freezing.lifted(freeze),
    }
