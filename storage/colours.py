"""Which side of an environment serves, and which one is still warm."""

from datetime import datetime

from sqlmodel import col, select

from storage import deployments
from storage.models import Cooling, Deployment, Status, StepRecord, StepState
from storage.store import Session

_LEFT = frozenset({Status.INCOMPLETE, Status.UNKNOWN, Status.SUPERSEDED})
"""How deployments end that may have left visitors on their side; so does an automatic way back that failed."""
MOST = 50
"""Percent of the visitors from which on a side counts as the one that serves."""


def live(session: Session, environment: str) -> str:
    """Return the side that serves: that of the newest served deployment; nothing where none says.

    Where something that went wrong on top of it has left most visitors on another side, it is that one.
    """
    served = deployments.current(session, environment)
    if served is None:
        return ""
    told = [it for it in _shifts(session, served) if it.state is StepState.SUCCEEDED]
    if told:
        document = deployments.stored_plan(session, told[-1].deployment_id).document
        if document["steps"][told[-1].number]["share"] >= MOST:
            return str(document["colour"])
    colour: str = deployments.stored_plan(session, served.number).document.get("colour", "")
    return colour


def astray(session: Session, served: Deployment, *, besides: int) -> bool:
    """Say whether others that went wrong may have left visitors on a side that does not count as served."""
    return any(it.deployment_id != besides for it in _shifts(session, served))


def _shifts(session: Session, served: Deployment) -> list[StepRecord]:
    """Return what balancers were told since a deployment was served by what went wrong, oldest first."""
    return list(
        session.exec(
            select(StepRecord)
            .join(Deployment, col(Deployment.id) == col(StepRecord.deployment_id))
            .where(Deployment.environment == served.environment)
            .where(
                col(Deployment.status).in_(_LEFT)
                | (col(Deployment.automatic).is_(True) & (col(Deployment.status) == Status.FAILED))
            )
            .where(StepRecord.kind == "shift", col(StepRecord.started_at) > served.served_at)
            .order_by(col(StepRecord.id))
        )
    )


def cooling(session: Session, environment: str) -> Cooling | None:
    """Return the newest stop of a side."""
    return session.get(Cooling, environment)


def is_cooling(session: Session, environment: str, since: datetime) -> bool:
    """Say whether a side is being stopped, begun after an instant."""
    row = cooling(session, environment)
    return row is not None and row.ended_at is None and row.begun_at > since


def cools(session: Session, environment: str, deployment: int, at: datetime) -> Cooling:
    """Write down that the side which a deployment left is stopped now; once more where that came to nothing."""
    row = cooling(session, environment)
    if row is None:
        row = Cooling(environment=environment, deployment_id=deployment, begun_at=at, tries=0)
    row.tries = row.tries + 1 if row.deployment_id == deployment else 1
    row.deployment_id, row.begun_at, row.ended_at = deployment, at, None
    session.add(row)
    session.flush()
    return row


def cooled(session: Session, environment: str, deployment: int, at: datetime) -> None:
    """Write down that the side which a deployment left is stopped everywhere."""
    row = cooling(session, environment)
    if row is not None and row.deployment_id == deployment:
        row.ended_at = at
        session.add(row)
