"""The buttons that cards share; the dangerous ones name their target and ask once more."""

from commands.replies import Block
from commands.views.blocks import button, confirm
from commands.views.words import noun, short
from deployers.rollback import label
from storage.models import Deployment, StepRecord


def value(deployment: Deployment) -> str:
    """Return what a card's button says: the deployment, and the plan that was shown."""
    return f"{deployment.id}:{deployment.plan_hash}"


def named(deployment: Deployment) -> str:
    """Return the release in plain text."""
    return short(deployment.sha) if deployment.ref == deployment.sha else deployment.ref


def approve(deployment: Deployment) -> Block:
    """Return the button that agrees to the plan."""
    return button("Approve", action="deployment.approve", value=value(deployment), style="primary")


def reject(deployment: Deployment) -> Block:
    """Return the button that asks for a reason and says no."""
    return button("Reject", action="deployment.reject", value=value(deployment), style="danger")


def cancel(deployment: Deployment) -> Block:
    """Return the button that takes a request back."""
    return button(
        "Cancel",
        action="deployment.cancel",
        value=value(deployment),
        confirm=confirm(
            "Cancel this request?",
            f"{named(deployment)} will not go to {deployment.environment}. Nothing has been done yet.",
            yes="Cancel it",
        ),
    )


def abort(deployment: Deployment) -> Block:
    """Return the button that stops what runs, where it stands."""
    return button(
        "Abort",
        action="deployment.abort",
        value=value(deployment),
        style="danger",
        confirm=confirm(
            f"Stop deploying to {deployment.environment}?",
            f"{named(deployment)} stops where it stands; targets that have it keep it. Running steps are ended.",
            yes="Stop it",
        ),
    )


def abort_back(deployment: Deployment, to: str) -> Block:
    """Return the button that stops what runs and goes back."""
    return button(
        f"Abort and roll back to {to}",
        action="deployment.abort_back",
        value=value(deployment),
        style="danger",
        confirm=confirm(
            f"Stop, and roll {deployment.environment} back?",
            f"{named(deployment)} is stopped, and every target that has it goes back to {to}.",
            yes="Stop and go back",
        ),
    )


def roll_back(deployment: Deployment, to: str) -> Block:
    """Return the button that leads to the rollback of what runs; what it would do is shown before it is done."""
    return button(label(deployment.environment, to), action="deployment.rollback", value=value(deployment))


def ran(deployment: Deployment, record: StepRecord) -> Block:
    """Return the button that says that a step of unknown outcome did run."""
    return button(
        f"It ran on {record.target}",
        action="step.ran",
        value=f"{value(deployment)}:{record.number}.{record.target}",
        confirm=confirm(
            f"Did it run on {record.target}?",
            f"{noun(record.kind).capitalize()} on {record.target} then counts as done, and I go on behind it.",
            yes="It ran",
            danger=False,
        ),
    )


def did_not_run(deployment: Deployment, record: StepRecord) -> Block:
    """Return the button that says that a step of unknown outcome did not run."""
    return button(
        f"It did not run on {record.target}",
        action="step.did_not_run",
        value=f"{value(deployment)}:{record.number}.{record.target}",
        confirm=confirm(
            f"Run it again on {record.target}?",
            f"{noun(record.kind).capitalize()} is run again on {record.target}. If it did run, it runs twice.",
            yes="Run it again",
        ),
    )


def retry(deployment: Deployment) -> Block:
    """Return the button that asks for the same release again."""
    return button(
        f"Try {named(deployment)} again",
        action="deployment.retry",
        value=value(deployment),
        confirm=confirm(
            f"Try {named(deployment)} again?",
            f"This asks for {named(deployment)} on {deployment.environment} once more, under your name.",
            yes="Ask again",
            danger=False,
        ),
    )


def details(deployment: Deployment) -> Block:
    """Return the button that shows every step, privately."""
    return button("Details", action="deployment.details", value=value(deployment))
