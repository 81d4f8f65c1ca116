"""Whether visitors are kept out of an environment: what was wanted last, and what came of it."""

from datetime import datetime

from sqlmodel import Session, col, func, select

from storage.errors import NotFound
from storage.models import Deployment, MaintenanceSwitch, StepRecord, StepState, SwitchState
from storage.once import insert_once


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
    """Say whether a switch that was asked for since then is not made yet."""
    found = newest(session, environment)
    return found is not None and found.state is SwitchState.WANTED and found.asked_at >= since


def let_in(session: Session, environment: str, since: datetime) -> dict[str, int]:
    """Return the hosts on which deployments have let visitors in since then, each with the newest of those."""
    found = session.exec(
        select(StepRecord.target, StepRecord.deployment_id)
        .join(Deployment, col(Deployment.id) == col(StepRecord.deployment_id))
        .where(Deployment.environment == environment, StepRecord.kind == "maintenance_off")
        .where(StepRecord.state == StepState.SUCCEEDED, col(StepRecord.finished_at) > since)
        .order_by(col(StepRecord.id))
    )
    return dict(found.all())


def changed(session: Session) -> datetime | None:
    """Return when any of it changed last."""
    return session.exec(select(func.max(MaintenanceSwitch.changed_at))).one()
