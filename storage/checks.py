"""What continuous integration said about revisions."""

from datetime import datetime

from sqlmodel import Session, col, delete, select

from storage.models import CheckRun
from storage.once import insert_once


def put(session: Session, run: CheckRun) -> CheckRun:
    """Store the newest known result of a check; an older one never replaces it."""
    stored = insert_once(session, run, "sha", "name")
    if stored is not None:
        return stored
    known = session.exec(
        select(CheckRun)
        .where(CheckRun.sha == run.sha, CheckRun.name == run.name)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if run.seen_at >= known.seen_at:
        known.conclusion, known.url, known.seen_at = run.conclusion, run.url, run.seen_at
        session.flush()
    return known


def of(session: Session, sha: str) -> list[CheckRun]:
    """Return every check's newest result on a revision, by name."""
    return list(session.exec(select(CheckRun).where(CheckRun.sha == sha).order_by(col(CheckRun.name))))


def seen_since(session: Session, at: datetime) -> list[CheckRun]:
    """Return the results that came in since then, oldest first."""
    return list(session.exec(select(CheckRun).where(CheckRun.seen_at >= at).order_by(col(CheckRun.seen_at))))


def forget(session: Session, before: datetime) -> None:
    """Forget what was last asked for before a time; whoever needs it again asks again."""
    session.exec(delete(CheckRun).where(col(CheckRun.seen_at) < before))
