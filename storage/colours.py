"""Which side of an environment serves, and which one is still warm."""

from datetime import datetime

from storage import deployments
from storage.models import Cooling
from storage.store import Session


def live(session: Session, environment: str) -> str:
    """Return the side that serves: that of the newest served deployment; nothing where none says."""
    served = deployments.current(session, environment)
    if served is None:
        return ""
    colour: str = deployments.stored_plan(session, served.number).document.get("colour", "")
    return colour


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
