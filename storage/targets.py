"""What each target serves, as last confirmed."""

from datetime import datetime

from sqlmodel import Session, col, select

from storage.models import TargetRecord
from storage.once import insert_once


def serving(session: Session, environment: str) -> list[TargetRecord]:
    """Return the environment's targets by name."""
    return list(
        session.exec(
            select(TargetRecord).where(TargetRecord.environment == environment).order_by(col(TargetRecord.name))
        )
    )


def strays(session: Session, environment: str, sha: str, *, besides: int | None = None) -> tuple[str, ...]:
    """Return the targets that serve something else than this, unless this deployment has just brought it there."""
    return tuple(
        it.name
        for it in serving(session, environment)
        if it.sha not in ("", sha) and (besides is None or it.deployment_id != besides)
    )


def put(  # noqa: PLR0913 one argument a column
    session: Session,
    environment: str,
    name: str,
    *,
    release: str,
    sha: str,
    deployment_id: int | None,
    at: datetime,
) -> TargetRecord:
    """Write down what a target was seen to serve."""
    fresh = TargetRecord(
        environment=environment, name=name, release=release, sha=sha, deployment_id=deployment_id, changed_at=at
    )
    stored = insert_once(session, fresh, "environment", "name")
    if stored is not None:
        return stored
    known = session.exec(
        select(TargetRecord)
        .where(TargetRecord.environment == environment, TargetRecord.name == name)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    known.release, known.sha, known.deployment_id, known.changed_at = release, sha, deployment_id, at
    session.flush()
    return known
