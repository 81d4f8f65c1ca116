"""Checks: wanted once, looked at by whoever leads, done once; and the points that people tick."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from storage.errors import NotFound
from storage.models import ChecklistPoint, ChecklistRun, OutboxRow, OutboxState, RunState, Saying
from storage.once import insert_once

CARDS = 5
"""So many of the newest cards of a checklist are kept up to date with what is ticked."""


def want(session: Session, run: ChecklistRun) -> ChecklistRun | None:
    """Store that a check is wanted; None when it was wanted before."""
    return insert_once(session, run, "key")


def wanted(session: Session) -> list[ChecklistRun]:
    """Return the checks that nobody has finished, oldest first."""
    asked = select(ChecklistRun).where(ChecklistRun.state == RunState.WANTED).order_by(col(ChecklistRun.id))
    return list(session.exec(asked))


def get(session: Session, number: int) -> ChecklistRun:
    """Return a check as it is; to change one, use `get_for_change`."""
    found = session.get(ChecklistRun, number)
    if found is None:
        raise NotFound("check", str(number))
    return found


def get_for_change(session: Session, number: int) -> ChecklistRun:
    """Return a check as it is now, and let nobody else change it before this transaction ends."""
    found = session.exec(
        select(ChecklistRun)
        .where(ChecklistRun.id == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("check", str(number))
    return found


def before(session: Session, checklist: str, number: int) -> ChecklistRun | None:
    """Return the check by the clock that was done last before this one."""
    return session.exec(
        select(ChecklistRun)
        .where(ChecklistRun.checklist == checklist, ChecklistRun.state == RunState.DONE)
        .where(ChecklistRun.schedule != "", col(ChecklistRun.id) < number)
        .order_by(col(ChecklistRun.id).desc())
        .limit(1)
    ).first()


def newest(session: Session, checklist: str, limit: int = CARDS) -> list[ChecklistRun]:
    """Return the newest checks of a checklist that are done, newest first."""
    return list(
        session.exec(
            select(ChecklistRun)
            .where(ChecklistRun.checklist == checklist, ChecklistRun.state == RunState.DONE)
            .order_by(col(ChecklistRun.id).desc())
            .limit(limit)
        )
    )


def done(session: Session, run: ChecklistRun, findings: list[dict[str, Any]], points: list[int], at: datetime) -> None:
    """Write down what was found, and ask for the card."""
    run.findings, run.points = findings, points
    run.state, run.done_at = RunState.DONE, at
    show(session, run, at)


def show(session: Session, run: ChecklistRun, at: datetime) -> None:
    """Ask for a check's one card to be posted, or brought up to date."""
    run.version += 1
    session.add(run)
    fresh = OutboxRow(
        kind=Saying.CARD,
        key=card_key(run.number),
        channel=run.channel,
        payload={"checklist": run.number},
        wanted=run.version,
        next_at=at,
        created_at=at,
    )
    if insert_once(session, fresh, "key") is None:
        known = session.exec(
            select(OutboxRow)
            .where(OutboxRow.key == fresh.key)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one()
        known.wanted = max(known.wanted, run.version)
        if known.state is not OutboxState.WAITING:
            known.state, known.next_at, known.error = OutboxState.WAITING, at, ""
    session.flush()


def card_key(number: int) -> str:
    """Return the key under which a check's card is known, here and in Slack."""
    return f"checklist:{number}"


# Points for people


def points(session: Session, run: ChecklistRun) -> list[ChecklistPoint]:
    """Return the points on a check's card, in their order."""
    found = {it.number: it for it in session.exec(select(ChecklistPoint).where(col(ChecklistPoint.id).in_(run.points)))}
    return [found[number] for number in run.points if number in found]


def latest_point(session: Session, checklist: str, text: str) -> ChecklistPoint | None:
    """Return the newest point of this wording."""
    return session.exec(
        select(ChecklistPoint)
        .where(ChecklistPoint.checklist == checklist, ChecklistPoint.text == text)
        .order_by(col(ChecklistPoint.id).desc())
        .limit(1)
    ).first()


def open_points(session: Session, checklist: str) -> list[ChecklistPoint]:
    """Return the points that nobody has ticked, oldest first."""
    return list(
        session.exec(
            select(ChecklistPoint)
            .where(ChecklistPoint.checklist == checklist, col(ChecklistPoint.ticked_at).is_(None))
            .order_by(col(ChecklistPoint.id))
        )
    )


def raise_point(session: Session, point: ChecklistPoint) -> ChecklistPoint:
    """Store a point that somebody has to tick."""
    session.add(point)
    session.flush()
    return point


def point_for_change(session: Session, number: int) -> ChecklistPoint:
    """Return a point as it is now, and let nobody else change it before this transaction ends."""
    found = session.exec(
        select(ChecklistPoint)
        .where(ChecklistPoint.id == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("point", str(number))
    return found
