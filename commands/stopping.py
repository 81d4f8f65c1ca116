"""Stop a deployment: take back what waits, abort what runs."""

from commands import buttons, permissions, rows
from commands.auditing import audited
from commands.buttons import Pressed
from commands.command import Request
from commands.errors import Refused
from commands.replies import Reply
from commands.services import Services
from commands.views.blocks import escape
from commands.views.decided import decided
from commands.views.words import title, when, who
from storage import approvals, deployments
from storage.models import WAITING, Deployment, Status

STOPPABLE = frozenset({Status.PREPARING, Status.RUNNING, Status.VERIFYING, Status.HOLDING})


@audited
def cancel_button(request: Request, services: Services) -> Reply:
    """Take back the request that the button belongs to."""
    return stop(request, services, buttons.read(request.value))


@audited
def abort_button(request: Request, services: Services) -> Reply:
    """Stop the deployment that the button belongs to, where it stands."""
    return stop(request, services, buttons.read(request.value))


@audited
def abort_back_button(request: Request, services: Services) -> Reply:
    """Stop the deployment that the button belongs to, and go back."""
    return stop(request, services, buttons.read(request.value), back=True)


def stop(request: Request, services: Services, which: Pressed, *, back: bool = False) -> Reply:
    """Take back a request, or abort what runs and say whether to go back; an empty hash means any plan.

    Raises:
        CommandError: this person may not, or there is nothing to stop.
    """
    with services.store.look() as session:
        deployment = deployments.get(session, which.deployment)
    remark = _admit(request, services, deployment)
    with services.store.begin() as session:
        deployment = deployments.get_for_change(session, which.deployment)
        if which.hash:
            buttons.demand_same(which, deployment)
        if deployment.status in WAITING:
            deployment.aborted_by = request.person.id
            deployment.advance(Status.CANCELLED, at=services.now())
            action, text = "deployment.cancelled", f"{title(deployment)} is cancelled. Nothing was done."
        elif deployment.status in STOPPABLE:
            _demand_first(deployment, back=back)
            deployment.aborted_by, deployment.abort_back = request.person.id, back
            deployment.version += 1
            action, text = "deployment.abort_requested", _stopping(deployment)
        else:
            raise Refused(
                _over(deployment, decided(deployment, approvals.given(session, deployment.number))), "", "over"
            )
        rows.show(session, services, deployment)
        if deployment.finished:
            rows.move_up(session, services, deployment.environment)
        services.engine.nudge(session, deployment)
        rows.note(session, services, request, deployment, action, back=back, remark=remark)
    return Reply(text)


def _admit(request: Request, services: Services, deployment: Deployment) -> str:
    if deployment.status in WAITING:
        permissions.require_own_or(
            services, request.person, deployment, "approver", "operator", to="cancel somebody else's request"
        )
        return ""
    return permissions.may_stop(services, request.person, deployment)


def _demand_first(deployment: Deployment, *, back: bool) -> None:
    """Let an abort through once; going back may still be asked for after a plain abort."""
    if deployment.aborted_by and (deployment.abort_back or not back):
        then = " and going back" if deployment.abort_back else ""
        raise Refused(
            f"{title(deployment)} is stopping{then} already, as {who(deployment.aborted_by)} asked"
            f" {when(deployment.changed_at)}.",
            "",
            "aborted",
        )


def _stopping(deployment: Deployment) -> str:
    then = " and going back" if deployment.abort_back else ""
    return f"Stopping {title(deployment)}{then}. Running steps are ended first; watch its card."


def _over(deployment: Deployment, said: str) -> str:
    place = escape(deployment.environment)
    match deployment.status:
        case Status.ROLLING_BACK:
            return f"{title(deployment)} is going back already; that is not stopped half way. Watch its card."
        case Status.INCOMPLETE:
            return f"{title(deployment)} stands still already. To go back: `/rollback latest {place}`."
        case Status.UNKNOWN:
            return f"{title(deployment)} stands still already. See `/deploy status {place}` for the step to resolve."
        case Status.SUCCEEDED:
            return f"{title(deployment)} has succeeded. To take it back: `/rollback latest {place}`."
        case _:
            return f"There is nothing to stop: {said}"
