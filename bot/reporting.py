"""Says how a team's deployments went over some days."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from statistics import median
from typing import Any

from bot.app import App
from storage import deployments
from storage.models import Deployment, Kind, Status


def report(app: App, days: int) -> list[dict[str, Any]]:
    """Return a row an environment: deployments, outcomes, rollbacks, and the median seconds from request to done."""
    with app.store.look() as session:
        since = app.clock() - timedelta(days=days)
        return [_row(name, deployments.since(session, since, name)) for name in app.environments]


def _row(name: str, found: Sequence[Deployment]) -> dict[str, Any]:
    asked = [one for one in found if one.kind is Kind.DEPLOY]
    outcomes = Counter(one.status for one in asked)
    took = [
        (one.finished_at - one.requested_at).total_seconds()
        for one in asked
        if one.status is Status.SUCCEEDED and one.finished_at
    ]
    return {
        "environment": name,
        "deployments": len(asked),
        "succeeded": outcomes[Status.SUCCEEDED],
        "failed": outcomes[Status.FAILED] + outcomes[Status.INCOMPLETE],
        "rolled_back": outcomes[Status.ROLLED_BACK],
        "rollbacks_by_hand": sum(one.kind is Kind.ROLLBACK and not one.automatic for one in found),
        "median_seconds": round(median(took), 1) if took else None,
    }


def sentence(row: dict[str, Any]) -> str:
    """Return a row in words."""
    median_seconds = row["median_seconds"]
    took = f"; {median_seconds:g} s from request to done (median)" if median_seconds is not None else ""
    return (
        f"{row['environment']}: {row['deployments']} asked for, {row['succeeded']} succeeded, {row['failed']} failed,"
        f" {row['rolled_back']} came back by themselves, {row['rollbacks_by_hand']} rolled back by hand{took}"
    )
