"""Whether visitors are kept out of an environment: what was wanted last, and what came of it."""

from datetime import datetime

from sqlmodel import Session, and_, col, func, not_, or_, select

from storage import deployments
from storage.errors import NotFound
from storage.models import Deployment, MaintenanceSwitch, Status, StepRecord, StepState, SwitchState, Told
from storage.once import insert_once

_STANDS_STILL = frozenset({Status.INCOMPLETE, Status.UNKNOWN})


def want(session: Session, switch: MaintenanceSwitch) -> MaintenanceSwitch | None:
    """Write down that it shall be switched; None when the same was wanted already."""
    return insert_once(session, switch, "key")


def newest(session: Session, environment: str) -> MaintenanceSwitch | None:
    """Return the newest switch of an environment that was not dropped: how it is, or is about to be."""
    return session.exec(
        select(MaintenanceSwitch)
        .where(MaintenanceSwitch.environment == environment, MaintenanceSwitch.state != SwitchState.DROPPED)
        .order_by(col(MaintenanceSwitch.id).desc())
        .limit(1)
    ).first()


def not_over(session: Session) -> list[str]:
    """Return the environments whose newest switch is not yet made, keeps visitors out, or has left some out."""
    latest = (
        select(func.max(MaintenanceSwitch.id))
        .where(MaintenanceSwitch.state != SwitchState.DROPPED)
        .group_by(col(MaintenanceSwitch.environment))
    )
    over = and_(col(MaintenanceSwitch.keeps_out).is_(False), MaintenanceSwitch.state == SwitchState.DONE)
    return list(
        session.exec(select(MaintenanceSwitch.environment).where(col(MaintenanceSwitch.id).in_(latest), not_(over)))
    )


def get(session: Session, number: int) -> MaintenanceSwitch:
    """Return a switch as it is."""
    found = session.get(MaintenanceSwitch, number)
    if found is None:
        raise NotFound("switch of maintenance", str(number))
    return found


def told_on(switch: MaintenanceSwitch, host: str) -> Told:
    """Return what became of a switch on a host, also where nothing was sent yet."""
    return switch.told.get(host, Told(""))


def get_for_change(session: Session, number: int) -> MaintenanceSwitch:
    """Return a switch, and let nobody else change it before this transaction ends."""
    found = session.exec(
        select(MaintenanceSwitch)
        .where(MaintenanceSwitch.id == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("switch of maintenance", str(number))
    return found


def under_way(session: Session, environment: str, since: datetime) -> bool:
    """Say whether hosts are being told of a switch, or of what they could not be told before, since then."""
    found = newest(session, environment)
    if found is None:
        return False
    if found.state is SwitchState.WANTED:
        return found.asked_at >= since
    again = found.state is SwitchState.PARTLY and not found.keeps_out and found.again_at is None
    return again and found.changed_at >= since


def in_the_way(session: Session, environment: str) -> Deployment | None:
    """Return the deployment that works on an environment's hosts; one that stands still is in nobody's way."""
    running = deployments.running_in(session, environment)
    return None if running is None or running.status in _STANDS_STILL else running


def let_in(session: Session, environment: str, since: datetime) -> dict[str, int]:
    """Return the hosts on which deployments have let visitors in since then, each with the newest of those."""
    found = session.exec(
        select(StepRecord.target, StepRecord.deployment_id)
        .join(Deployment, col(Deployment.id) == col(StepRecord.deployment_id))
        .where(Deployment.environment == environment, StepRecord.kind == "maintenance_off")
        # Asked twice a second, so the steps of what had ended before are not looked at.
        .where(or_(col(Deployment.finished_at).is_(None), col(Deployment.finished_at) > since))
        .where(StepRecord.state == StepState.SUCCEEDED, col(StepRecord.finished_at) > since)
        .order_by(col(StepRecord.id))
    )
    return dict(found.all())


def changed(session: Session) -> datetime | None:
    """Return when any of it changed last."""
    return session.exec(select(func.max(MaintenanceSwitch.changed_at))).one()
