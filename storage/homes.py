"""Whose App Home has to be drawn: wanted by who opens it, and again by what changes afterwards."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from storage import maintenance
from storage.models import Deployment, HealthSample, OutboxRow, OutboxState, Saying
from storage.once import insert_once


def want(session: Session, person: str, at: datetime) -> None:
    """Have somebody's App Home drawn now, because they look at it."""
    fresh = OutboxRow(kind=Saying.HOME, key=key(person), person=person, next_at=at, created_at=at)
    if insert_once(session, fresh, "key") is None:
        known = session.exec(_locked().where(OutboxRow.key == fresh.key)).one()
        # Opened anew: how long it is kept up to date, and how long it is tried, counts from here.
        known.created_at = at
        _again(known, at)
    session.flush()


def key(person: str) -> str:
    """Return the key under which somebody's App Home is wanted."""
    return f"home:{person}"


def want_again(session: Session, *, since: datetime, at: datetime, apart: timedelta, most: int) -> int:
    """Have the homes that were opened since then drawn again, one after the other; return how many.

    What waits already keeps its turn, so that many changes become one drawing.
    """
    opened = session.exec(
        _locked()
        .where(OutboxRow.kind == Saying.HOME, OutboxRow.created_at >= since)
        .order_by(col(OutboxRow.created_at).desc())
        .limit(most)
    ).all()
    for turn, row in enumerate(opened):
        _again(row, row.next_at if row.state is OutboxState.WAITING else at + turn * apart)
    session.flush()
    return len(opened)


def pulse(session: Session, environments: Iterable[str]) -> str:
    """Return a word that is another one whenever a deployment, a maintenance or an environment's health has changed."""
    changed, versions = session.exec(select(func.max(Deployment.changed_at), func.sum(Deployment.version))).one()
    looks = [newest_look(session, it) for it in environments]
    return f"{changed} {versions} {maintenance.changed(session)} {' '.join(it.look if it else '-' for it in looks)}"


def newest_look(session: Session, environment: str) -> HealthSample | None:
    """Return how an environment was when it was last looked at."""
    return session.exec(
        select(HealthSample)
        .where(HealthSample.environment == environment)
        .order_by(col(HealthSample.at).desc())
        .limit(1)
    ).first()


def _again(row: OutboxRow, at: datetime) -> None:
    # Counted even while it waits: it may be on its way to Slack right now, showing what was before.
    row.wanted += 1
    row.state, row.next_at = OutboxState.WAITING, at


def _locked() -> SelectOfScalar[OutboxRow]:
    return select(OutboxRow).with_for_update().execution_options(populate_existing=True)
