"""What is told when a release that was served is not well any more: taken back, left alone, or not blamed."""

from datetime import datetime, timedelta

from commands.views.blocks import code, escape, line
from commands.views.words import lasting, release, title, when
from storage.models import Deployment


def going_back(bad: Deployment, rollback: Deployment, why: str) -> str:
    """Return that a release is taken back after it was served."""
    return (
        f":rewind: {title(bad)} was served {when(bad.served_at)} and is not well: {line(why, 400)}\n"
        f"I take *{escape(bad.environment)}* back to {release(rollback.ref, rollback.sha)} (#{rollback.id})."
    )


def not_taken_back(bad: Deployment, why: str, *, back: bool) -> str:
    """Return that a release is not well and stays, because going back is not for me to begin."""
    return (
        f":rotating_light: {title(bad)} was served {when(bad.served_at)} and is not well: {line(why, 400)}\n"
        f"I do not take it back by myself here. {_typed(bad, back=back)}"
    )


def well_again(head: Deployment) -> str:
    """Return that a release which was about to be taken back is well, as far as can be seen after an absence."""
    return (
        f":white_check_mark: {title(head)} is well again, so I leave it. The time to say no was over while I was away;"
        " so I looked once more before I took it back, and I go on watching it."
    )


def late(head: Deployment, since: datetime, why: str, window: timedelta, *, back: bool) -> str:
    """Return that an environment is not well, so long after its release was served that this is not blamed on it."""
    return (
        f":rotating_light: *{escape(head.environment)}* is not well since {when(since)}: {line(why, 400)}\n"
        f"It runs {release(head.ref, head.sha)} (#{head.id}) since {when(head.served_at)}, longer than the"
        f" {lasting(window.total_seconds())} for which I blame a release, so I leave it alone."
        f" {_typed(head, back=back)}"
    )


def _typed(head: Deployment, *, back: bool) -> str:
    if not back:
        return "There is no earlier release to go back to."
    return f"To go back: {code(f'/rollback latest {head.environment}')}"
