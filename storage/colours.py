"""Which side of an environment serves, and which one is still warm."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from storage import deployments
from storage.models import Cooling, Deployment, Status, StepRecord, StepState
from storage.store import Session

_LEFT = frozenset({Status.INCOMPLETE, Status.UNKNOWN, Status.SUPERSEDED})
"""How deployments end that may have left visitors on their side; so does an automatic way back that failed."""
_NOTHING_CHANGED = range(70, 80)
"""With such an exit code a balancer says that it sends visitors where it sent them before."""
_OTHER = {"blue": "green", "green": "blue"}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the visitors of an environment are."""

    live: str = ""
    """The side that serves; where they are spread, the one that counts as served."""
    spread: bool = False
    """Whether both sides have visitors, or may have."""


def live(session: Session, environment: str) -> str:
    """Return the side that serves: that of the newest served deployment; nothing where none says."""
    return standing(session, environment).live


def standing(session: Session, environment: str) -> Standing:
    """Return where visitors are: where the newest served deployment brought them, unless something went wrong on top.

    What left all of them on another side is what counts then; what left them on both, or may have, does not.
    """
    served = deployments.current(session, environment)
    if served is None:
        return Standing()
    colour: str = deployments.stored_plan(session, served.number).document.get("colour", "")
    told = {it.target: it for it in _shifts(session, served) if not _is_refused(it)}
    if not told:
        return Standing(colour)
    sides = {_everybody_on(session, it) for it in told.values()}
    if len(sides) == 1 and (side := sides.pop()):
        return Standing(side)
    return Standing(colour, spread=True)


def _everybody_on(session: Session, shift: StepRecord) -> str:
    """Return the side to which a balancer sends everybody; nothing where it is both, or not known."""
    document = deployments.stored_plan(session, shift.deployment_id).document
    share, colour = document["steps"][shift.number]["share"], str(document["colour"])
    if shift.state is not StepState.SUCCEEDED or 0 < share < 100:
        return ""
    return colour if share else _OTHER[colour]


def _is_refused(shift: StepRecord) -> bool:
    return shift.state is StepState.FAILED and shift.exit_code in _NOTHING_CHANGED


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
