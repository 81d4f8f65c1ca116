"""What people are told of a deployment, written down in the transaction that made it true."""

from datetime import datetime

from commands.views import deciding, failure, holding, thread
from storage import deployments, outbox, reports
from storage.models import Deployment, HoldKind, OutboxRow, Saying, Status, StepRecord
from storage.store import Session

_PAGES = frozenset({Status.FAILED, Status.ROLLED_BACK, Status.INCOMPLETE, Status.UNKNOWN})


def card(session: Session, deployment: Deployment, *, channel: str, at: datetime) -> None:
    """Have the deployment's card shown as it is now; an automatic rollback is part of its parent's card."""
    if deployment.automatic and deployment.undoes:
        parent = deployments.get_for_change(session, deployment.undoes)
        parent.version += 1
        session.add(parent)
        deployment = parent
    session.flush()
    outbox.card(session, deployment, channel=channel, at=at)


def succeeded(session: Session, deployment: Deployment, *, at: datetime) -> None:
    """Say one quiet line in the card's thread, unless whoever asked wants none."""
    session.flush()
    facts = reports.facts(session, deployment.number)
    if facts.seen.get("quiet"):
        return
    line = thread.succeeded_line(facts)
    _say(session, deployment, "succeeded", Saying.POST, {"text": line}, at=at, in_thread=True)


def ended_badly(session: Session, deployment: Deployment, *, channel: str, alerts: str, at: datetime) -> None:
    """Say it loudly in the channel, put the steps' output into the thread, and page where production is concerned."""
    if deployment.status not in _PAGES:
        return
    session.flush()
    facts = reports.facts(session, deployment.number)
    text, blocks = failure.failed(facts)
    name = f"{deployment.status}:{deployment.version}"
    message: dict[str, object] = {"text": text, "blocks": list(blocks)}
    _say(session, deployment, name, Saying.POST, message, at=at, channel=channel)
    _say(session, deployment, f"alert:{name}", Saying.ALERT, {"text": text}, at=at, channel=alerts)
    printed = "\n".join(_printed(step) for step in (*facts.steps, *facts.child_steps) if step.output)
    if printed:
        title = f"{deployment.environment}-{deployment.ref}-steps.txt".replace("/", "-")
        _say(session, deployment, f"log:{name}", Saying.FILE, {"title": title, "text": printed}, at=at, in_thread=True)


def decision(session: Session, deployment: Deployment, key: str, *, channel: str, alerts: str, at: datetime) -> None:
    """Call somebody, once, to answer the question that a deployment waits on."""
    session.flush()
    facts = reports.facts(session, deployment.number)
    if facts.hold is None:
        return
    loud = holding.loud if facts.hold.kind is HoldKind.VETO else deciding.loud
    text, blocks = loud(facts, facts.hold, at)
    message: dict[str, object] = {"text": text, "blocks": list(blocks)}
    _say(session, deployment, f"asked:{key}", Saying.POST, message, at=at, channel=channel)
    _say(session, deployment, f"alert:asked:{key}", Saying.ALERT, {"text": text}, at=at, channel=alerts)


def waits(session: Session, deployment: Deployment, name: str, why: str, *, channel: str, at: datetime) -> None:
    """Say in the channel that a canary waits for somebody to decide, once for each reason."""
    text = thread.waits_line(deployment, why)
    _say(session, deployment, f"waits:{name}", Saying.POST, {"text": text}, at=at, channel=channel)


def restarting(session: Session, deployment: Deployment, *, at: datetime) -> None:
    """Say in the thread that the bot restarts and the deployment goes on."""
    text = "I am restarting. This deployment continues: what runs on the hosts runs on, and I pick it up again."
    name = f"restarting:{at:%Y%m%d%H%M%S}"
    _say(session, deployment, name, Saying.POST, {"text": text}, at=at, in_thread=True)


def taken_up(session: Session, deployment: Deployment, *, at: datetime) -> None:
    """Say in the thread that the deployment had stood still, and goes on."""
    text = "I had lost track of this deployment, and have taken it up again where its steps and its hosts say it is."
    _say(session, deployment, f"taken-up:{at:%Y%m%d%H%M}", Saying.POST, {"text": text}, at=at, in_thread=True)


def _printed(step: StepRecord) -> str:
    ending = "" if step.exit_code is None else f" exited {step.exit_code}"
    return f"== {step.kind} on {step.target}{ending} ==\n{step.output.rstrip()}\n"


def _say(  # noqa: PLR0913 - one row, said in one place
    session: Session,
    deployment: Deployment,
    name: str,
    kind: Saying,
    payload: dict[str, object],
    *,
    at: datetime,
    channel: str = "",
    in_thread: bool = False,
) -> None:
    outbox.say(
        session,
        OutboxRow(
            kind=kind,
            key=f"{name}:{deployment.number}",
            deployment_id=deployment.number,
            channel=channel,
            in_thread=in_thread,
            payload=payload,
            next_at=at,
            created_at=at,
        ),
    )
