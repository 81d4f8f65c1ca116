"""Who won: what to tell somebody whose decision came too late."""

from collections.abc import Sequence

from commands.views.blocks import line
from commands.views.words import state, title, when, who
from storage.models import Approval, Decision, Deployment, Status

_SAID: dict[Status, str] = {
    Status.EXPIRED: "expired",
    Status.CANCELLED: "was cancelled",
    Status.REFUSED: "was refused by a gate",
    Status.SUPERSEDED: "gave way to another deployment",
}


def decided(deployment: Deployment, given: Sequence[Approval]) -> str:
    """Return what became of a request, by whom and when."""
    name = title(deployment)
    if deployment.status is Status.REJECTED:
        no = next((it for it in given if it.decision is Decision.REJECTED), None)
        if no:
            reason = f": {line(no.reason, 200)}" if no.reason else ""
            return f"{name} was rejected by {who(no.person, no.name)} {when(no.at)}{reason}."
    if deployment.status in _SAID:
        by = f" by {who(deployment.aborted_by)}" if deployment.aborted_by else ""
        return f"{name} {_SAID[deployment.status]}{by} {when(deployment.changed_at)}."
    agreed = [it for it in given if it.decision is Decision.APPROVED]
    if agreed:
        last = agreed[-1]
        names = ", ".join(who(it.person, it.name) for it in agreed[:10])
        return f"{name} was approved by {names} {when(last.at)}; it is {state(deployment)}."
    return f"{name} is {state(deployment)} since {when(deployment.changed_at)}."
