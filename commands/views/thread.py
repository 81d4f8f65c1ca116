"""The quiet lines in a card's thread."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from commands.views.blocks import line
from commands.views.words import count, goes_to, lasting, release, title, who
from storage.models import Deployment, Kind
from storage.reports import Facts


def succeeded_line(seen: Facts) -> str:
    """Return the one line that says that a deployment went well."""
    deployment = seen.deployment
    targets = goes_to(seen.plan)
    where = f" on {count(len(targets), 'target')}" if targets else ""
    took = ""
    if deployment.started_at and deployment.finished_at:
        took = f" after {lasting((deployment.finished_at - deployment.started_at).total_seconds())}"
    serves = f"{line(deployment.environment, 60)} serves {release(deployment.ref, deployment.sha)}"
    again = " again" if deployment.kind is Kind.ROLLBACK else ""
    return f":white_check_mark: {serves}{again}{where}{took}."


def nudge_line(deployment: Deployment, approvers: str, missing: int, by: str) -> str:
    """Return the line that asks the approvers once more."""
    asked = f"{release(deployment.ref, deployment.sha)} to {line(deployment.environment, 60)}"
    need = f"{count(missing, 'approval')} {'is' if missing == 1 else 'are'} missing"
    return f":wave: {approvers or 'Approvers'}: {asked} waits for you; {need}. {who(by)} asks."


def waits_line(deployment: Deployment, why: str) -> str:
    """Return that a canary waits for somebody, and how to answer it."""
    how = f"Press a button of its card, or type `/deploy answer {deployment.id} promote` (or `hold`, or `abort`)."
    return f":eyes: The canary {title(deployment)} waits for somebody: {line(why, 500)}. {how}"


def waits_still(deployment: Deployment, facts: Mapping[str, Any], waited: timedelta) -> str:
    """Return that a canary still waits for somebody: since when, why, and what may be answered."""
    hand, share = str(facts.get("by_hand", "")), facts.get("share", 0)
    why = "its numbers could not be told for a while" if hand == "gone" else f"{who(hand)} held it" if hand else ""
    why = why or line(str(facts.get("why", "")), 300)
    asks = "`promote` or `abort`" if hand else "`promote`, `hold` or `abort`"
    return (
        f":hourglass: The canary {title(deployment)} has waited for somebody for {lasting(waited.total_seconds())}, at"
        f" {share} % of the visitors: {why}. Nothing else can be deployed to {line(deployment.environment, 60)} until"
        f" it is decided: press a button of its card, or type `/deploy answer {deployment.id} …` with {asks}."
    )
