"""What GitHub has been told of deployments."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, func, or_, select

from storage.models import Deployment, Shipment
from storage.once import insert_once

FRESH = timedelta(hours=1)
"""A deployment that changed before this, and of which GitHub never heard, is history."""
LOOKED_AT = 500
"""So many of the newest deployments are looked at, however many there are: this is asked every few seconds."""


def moved(session: Session, now: datetime, limit: int = 20) -> list[Deployment]:
    """Return deployments that have begun and that GitHub may have to hear of now, oldest first."""
    again = (col(Shipment.tries) > 0) & (col(Shipment.next_at) <= now)
    changed = (col(Shipment.tries) == 0) & (col(Deployment.changed_at) > col(Shipment.next_at))
    undone = (col(Shipment.tries) == 0) & (col(Shipment.told) == "success") & col(Deployment.undone_by).is_not(None)
    newest = session.exec(select(func.max(Deployment.id))).one() or 0
    return list(
        session.exec(
            select(Deployment)
            .where(col(Deployment.id) > newest - LOOKED_AT)
            .outerjoin(Shipment, col(Shipment.deployment_id) == col(Deployment.id))
            .where(col(Deployment.started_at).is_not(None))
            .where(
                or_(
                    col(Shipment.deployment_id).is_(None) & (col(Deployment.changed_at) > now - FRESH),
                    col(Shipment.given_up).is_(False) & or_(again, changed, undone),
                )
            )
            .order_by(col(Deployment.id).desc())
            .limit(limit)
        )
    )[::-1]


def of(session: Session, deployment_id: int, now: datetime) -> Shipment:
    """Return what GitHub was told of a deployment, for change."""
    insert_once(session, Shipment(deployment_id=deployment_id, next_at=now), "deployment_id")
    return session.exec(
        select(Shipment)
        .where(Shipment.deployment_id == deployment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
