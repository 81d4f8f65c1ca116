"""Drills: wanted once, done by whoever leads, and compared with the one before."""

from sqlmodel import Session, col, select

from storage.errors import NotFound
from storage.models import DrillRecord, DrillState
from storage.once import insert_once


def want(session: Session, drill: DrillRecord) -> DrillRecord | None:
    """Write down that a drill shall be done; None when it was wanted already."""
    return insert_once(session, drill, "key")


def wanted(session: Session, environment: str = "") -> list[DrillRecord]:
    """Return the drills that nobody has done yet, oldest first; of one environment, if it is named."""
    asked = select(DrillRecord).where(DrillRecord.state == DrillState.WANTED).order_by(col(DrillRecord.id))
    return list(session.exec(asked.where(DrillRecord.environment == environment) if environment else asked))


def get_for_change(session: Session, number: int) -> DrillRecord:
    """Return a drill, and let nobody else change it before this transaction ends."""
    found = session.exec(
        select(DrillRecord).where(DrillRecord.id == number).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("drill", str(number))
    return found


def before(session: Session, drill: DrillRecord) -> DrillRecord | None:
    """Return the last drill of the same environment that passed before this one."""
    return session.exec(
        select(DrillRecord)
        .where(
            DrillRecord.environment == drill.environment,
            DrillRecord.state == DrillState.PASSED,
            col(DrillRecord.id) < drill.number,
        )
        .order_by(col(DrillRecord.id).desc())
        .limit(1)
    ).first()
