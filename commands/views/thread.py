"""The quiet lines in a card's thread."""

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
