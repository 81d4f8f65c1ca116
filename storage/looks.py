"""What was seen of a release so far; kept until there is a verdict."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, delete, select

from storage.models import LookRecord

BEFORE = -1
"""The place of what was looked at before the first step."""


def add(session: Session, deployment_id: int, number: int, samples: Sequence[dict[str, Any]]) -> None:
    """Keep what one look saw."""
    session.add(LookRecord(deployment_id=deployment_id, number=number, samples=list(samples)))


def of(session: Session, deployment_id: int, number: int) -> list[dict[str, Any]]:
    """Return every sample of a step, oldest first."""
    rows = session.exec(
        select(LookRecord)
        .where(LookRecord.deployment_id == deployment_id, LookRecord.number == number)
        .order_by(col(LookRecord.id))
    )
    return [sample for row in rows for sample in row.samples]


def forget(session: Session, deployment_id: int, number: int) -> None:
    """Drop what was seen, now that it was judged."""
    session.exec(
        delete(LookRecord).where(col(LookRecord.deployment_id) == deployment_id, col(LookRecord.number) == number)
    )
