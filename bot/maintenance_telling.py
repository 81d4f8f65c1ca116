"""What people are told of maintenance, written down in the transaction that made it true."""

from datetime import datetime

from bot.change import Changes
from commands.views import maintenance as view
from storage import audit, deployments, outbox
from storage.models import Deployment, MaintenanceSwitch, OutboxRow, Saying, SwitchState
from storage.store import Session


def made(session: Session, switch: MaintenanceSwitch, changes: Changes) -> None:
    """Say in #deployments what came of a switch, and page when visitors stay out who should come in."""
    at = changes.clock()
    by = deployments.get(session, switch.deployment_id) if switch.deployment_id else None
    text = view.outcome(switch, by)
    name = f"maintenance:{switch.number}:{switch.state}"
    _say(session, name, text, channel=changes.channel, at=at)
    if switch.state is SwitchState.PARTLY and not switch.keeps_out:
        _say(session, f"alert:{name}", text, channel=changes.alerts, at=at, kind=Saying.ALERT)
    _audit(session, switch, at)


def met(session: Session, switch: MaintenanceSwitch, running: Deployment, changes: Changes) -> None:
    """Say in #deployments what a deployment that has begun will do about the maintenance."""
    steps = deployments.stored_plan(session, running.number).document.get("steps", [])
    lets_in = any(step.get("do") == "maintenance_off" for step in steps)
    text = view.met(switch, running, lets_in=lets_in)
    name = f"maintenance:{switch.number}:met:{running.number}"
    _say(session, name, text, channel=changes.channel, at=changes.clock())


def partly_let_in(session: Session, switch: MaintenanceSwitch, changes: Changes) -> None:
    """Say in #deployments that a deployment has let visitors in on some hosts and not on others."""
    by = max(told.let_in_by for told in switch.told.values())
    text = view.partly_let_in(switch)
    _say(session, f"maintenance:{switch.number}:let-in:{by}", text, channel=changes.channel, at=changes.clock())


def stumbled(session: Session, switch: MaintenanceSwitch, why: str, changes: Changes) -> None:
    """Say in #deployments, once for each switch, that something stops me which nobody has thought of."""
    text = view.stumbled(switch, why)
    _say(session, f"maintenance:{switch.number}:stumbled", text, channel=changes.channel, at=changes.clock())


def _say(session: Session, key: str, text: str, *, channel: str, at: datetime, kind: Saying = Saying.POST) -> None:
    payload = {"text": text, "blocks": []}
    outbox.say(session, OutboxRow(kind=kind, key=key, channel=channel, payload=payload, next_at=at, created_at=at))


def _audit(session: Session, switch: MaintenanceSwitch, at: datetime) -> None:
    state = "dropped" if switch.state is SwitchState.DROPPED else "on" if switch.keeps_out else "off"
    hosts = {name: told.why or told.settled or f"#{told.let_in_by}" for name, told in switch.told.items()}
    audit.record(
        session,
        actor=switch.by,
        action=f"maintenance.{state}",
        subject=f"environment:{switch.environment}",
        detail={
            "switch": switch.number,
            "message": switch.message,
            "until": switch.until.isoformat() if switch.until else "",
            "deployment": switch.deployment_id,
            "hosts": hosts,
        },
        at=at,
    )
