"""Which slots of which schedules were taken; a slot can be taken once, whoever tries at the same moment."""

from datetime import datetime

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, delete, func, select

from storage.models import ScheduleSlot
from storage.once import insert_once

BEGIN = "begin"


def last_due(session: Session, schedule: str) -> datetime | None:
    """Return when the newest slot taken was due; None for a schedule that was never seen."""
    return session.exec(select(func.max(ScheduleSlot.due_at)).where(ScheduleSlot.schedule == schedule)).one()


def begin(session: Session, schedule: str, at: datetime) -> None:
    """Write down when a schedule was first seen: nothing before that was missed."""
    insert_once(session, ScheduleSlot(schedule=schedule, slot=BEGIN, due_at=at, taken_at=at), "schedule", "slot")


def take(session: Session, schedule: str, slot: str, *, due_at: datetime, at: datetime) -> bool:
    """Take a slot; False when it was taken before."""
    row = ScheduleSlot(schedule=schedule, slot=slot, due_at=due_at, taken_at=at)
    return insert_once(session, row, "schedule", "slot") is not None


def forget(session: Session, before: datetime) -> None:
    """Delete what was due before then, except the newest slot of each schedule."""
    other = aliased(ScheduleSlot)
    newest = select(func.max(other.due_at)).where(col(other.schedule) == col(ScheduleSlot.schedule)).scalar_subquery()
    session.exec(
        delete(ScheduleSlot)
        .where(col(ScheduleSlot.due_at) < before, col(ScheduleSlot.due_at) < newest)
        .execution_options(synchronize_session=False)
    )
