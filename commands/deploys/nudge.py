"""`/deploy nudge`: ask the approvers once more."""

from datetime import datetime, timedelta

from commands import arguments, permissions, rows
from commands.auditing import audited
from commands.command import Request, command
from commands.errors import Refused
from commands.replies import Reply
from commands.services import Services
from commands.views.thread import nudge_line
from commands.views.words import lasting, title
from storage import approvals, audit, deployments, outbox
from storage.models import Decision, Deployment, OutboxRow, Saying, Status
from storage.store import Session

PAUSE = timedelta(minutes=5)
ACTION = "deployment.nudged"


@command("[number]", needs=("deployer", "approver", "operator"))
@audited
def nudge(request: Request, services: Services) -> Reply:
    """Ping the approvers in the thread of a card that waits for them; at most once in five minutes."""
    words = arguments.parse(request.text, arguments.Grammar()).words
    with services.store.look() as session:
        meant = _meant(session, arguments.number(words[0]) if words else None, request.person.id)
    place = services.environments.get(meant.environment)
    if place is None:
        raise Refused(f"{meant.environment} is no longer configured.", "", "environment")
    # Slack is asked before the transaction: while one is open, nobody else can write.
    who = permissions.mentions(services.people, place.approvals.role)
    with services.store.begin() as session:
        deployment = _meant(session, meant.number, request.person.id)
        nudged = _nudged(session, deployment)
        _demand_pause(nudged, services.now())
        given = [it for it in approvals.given(session, deployment.number) if it.decision is Decision.APPROVED]
        text = nudge_line(deployment, who, max(1, place.approvals.required - len(given)), request.person.id)
        outbox.say(session, _row(services, deployment, text, len(nudged)))
        rows.note(session, services, request, deployment, ACTION)
    return Reply(f"I have asked the approvers of {title(deployment)} once more, in the thread of its card.")


def _meant(session: Session, number: int | None, person: str) -> Deployment:
    if number is not None:
        deployment = deployments.get(session, number)
        if deployment.status is not Status.AWAITING_APPROVAL:
            state = deployment.status.value.replace("_", " ")
            raise Refused(f"{title(deployment)} does not wait for approval; it is {state}.", "", "over")
        return deployment
    waiting = [it for it in deployments.unfinished(session) if it.status is Status.AWAITING_APPROVAL]
    own = [it for it in waiting if it.requested_by == person]
    for few in (own, waiting):
        if len(few) == 1:
            return few[0]
    if not waiting:
        raise Refused("Nothing waits for approval.", "", "arguments")
    listed = ", ".join(title(it) for it in waiting[:10])
    raise Refused(f"Say which one: {listed}.", f"For example `/deploy nudge {waiting[0].id}`.", "arguments")


def _nudged(session: Session, deployment: Deployment) -> list[datetime]:
    """Return when the approvers were nudged so far."""
    return [it.at for it in audit.about(session, f"deployment:{deployment.number}") if it.action == ACTION]


def _demand_pause(nudged: list[datetime], now: datetime) -> None:
    if nudged and (left := nudged[-1] + PAUSE - now) > timedelta(0):
        raise Refused(
            "The approvers were pinged less than five minutes ago.",
            f"Try again in {lasting(left.total_seconds())}.",
            "too_soon",
        )


def _row(services: Services, deployment: Deployment, text: str, before: int) -> OutboxRow:
    return OutboxRow(
        kind=Saying.POST,
        key=f"nudge:{deployment.number}:{before + 1}",
        deployment_id=deployment.number,
        channel=services.deployments_channel,
        in_thread=True,
        payload={"text": text, "blocks": []},
        next_at=services.now(),
        created_at=services.now(),
    )
