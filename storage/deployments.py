"""Questions about deployments: what runs, what waits, what served well, and what to go back to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from sqlmodel import Session, col, func, or_, select

from storage import ledger
from storage.errors import NotFound
from storage.models import FINISHED, HOLDS, WAITING, Deployment, Kind, Status, StoredPlan

_AFTER = timedelta(microseconds=1)
MEMORY = 1000
"""How many entries of an environment's ledger are looked at."""


def add(session: Session, deployment: Deployment, plan: StoredPlan) -> Deployment:
    """Store a deployment with the plan that it is bound to; gives both the deployment's id."""
    deployment.plan_hash = plan.hash
    session.add(deployment)
    session.flush()
    plan.deployment_id = deployment.number
    session.add(plan)
    session.flush()
    return deployment


def get(session: Session, deployment_id: int) -> Deployment:
    """Return a deployment as it is; to change one, use `get_for_change`."""
    found = session.get(Deployment, deployment_id)
    if found is None:
        raise NotFound("deployment", str(deployment_id))
    return found


def get_for_change(session: Session, deployment_id: int) -> Deployment:
    """Return a deployment as it is now, and let nobody else change it before this transaction ends."""
    found = session.exec(
        select(Deployment)
        .where(Deployment.id == deployment_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("deployment", str(deployment_id))
    return found


def stored_plan(session: Session, deployment_id: int) -> StoredPlan:
    """Return the plan that was approved, word for word."""
    found = session.get(StoredPlan, deployment_id)
    if found is None:
        raise NotFound("plan of deployment", str(deployment_id))
    return found


def running_in(session: Session, environment: str) -> Deployment | None:
    """Return the deployment that holds the environment."""
    return session.exec(
        select(Deployment)
        .where(Deployment.environment == environment, col(Deployment.status).in_(HOLDS))
        .where(col(Deployment.automatic).is_(False))
    ).one_or_none()


def waiting_in(session: Session, environment: str) -> list[Deployment]:
    """Return the requests that hold nothing yet, oldest first."""
    return list(
        session.exec(
            select(Deployment)
            .where(Deployment.environment == environment, col(Deployment.status).in_(WAITING))
            .order_by(col(Deployment.id))
        )
    )


def ahead_of(session: Session, queued: Deployment) -> Deployment | None:
    """Return what a queued deployment waits for: the one that was queued just before it, else what holds the place."""
    waiting = [it for it in waiting_in(session, queued.environment) if it.status is Status.QUEUED]
    before = [it for it in waiting if (it.changed_at, it.number) < (queued.changed_at, queued.number)]
    if before:
        return max(before, key=lambda it: (it.changed_at, it.number))
    return running_in(session, queued.environment)


def of_request(session: Session, key: str) -> Deployment | None:
    """Return the deployment that a request has begun already."""
    return session.exec(select(Deployment).where(Deployment.request_key == key)).first() if key else None


def open_request(session: Session, environment: str, sha: str, kind: Kind) -> Deployment | None:
    """Return the newest request for the same release that still waits, whoever made it."""
    return session.exec(
        select(Deployment)
        .where(Deployment.environment == environment, Deployment.sha == sha, Deployment.kind == kind)
        .where(col(Deployment.status).in_(WAITING))
        .order_by(col(Deployment.id).desc())
        .limit(1)
    ).first()


def unfinished(session: Session) -> list[Deployment]:
    """Return every deployment that can still change, oldest first."""
    return list(
        session.exec(select(Deployment).where(col(Deployment.status).not_in(FINISHED)).order_by(col(Deployment.id)))
    )


def overdue(session: Session, now: datetime) -> list[Deployment]:
    """Return the requests whose time to be approved is over, oldest first."""
    return list(
        session.exec(
            select(Deployment)
            .where(col(Deployment.status).in_({Status.REQUESTED, Status.AWAITING_APPROVAL}))
            .where(col(Deployment.expires_at) <= now)
            .order_by(col(Deployment.id))
        )
    )


def automatic_rollback_of(session: Session, deployment_id: int) -> Deployment | None:
    """Return the rollback that this deployment began by itself."""
    return session.exec(
        select(Deployment)
        .where(Deployment.undoes == deployment_id, col(Deployment.automatic).is_(True))
        .order_by(col(Deployment.id).desc())
        .limit(1)
    ).first()


def automatic_rollback(session: Session, deployment_id: int) -> Deployment:
    """Return the rollback that this deployment began by itself, where there has to be one."""
    found = automatic_rollback_of(session, deployment_id)
    if found is None:
        raise NotFound("automatic rollback of deployment", str(deployment_id))
    return found


def history(session: Session, environment: str | None = None, limit: int = 10) -> list[Deployment]:
    """Return the newest deployments, of one environment or of all."""
    asked = select(Deployment).order_by(col(Deployment.id).desc()).limit(limit)
    if environment is not None:
        asked = asked.where(Deployment.environment == environment)
    return list(session.exec(asked))


def since(session: Session, at: datetime, environment: str | None = None) -> list[Deployment]:
    """Return what finished since then, oldest first: the morning check's first question."""
    asked = select(Deployment).where(col(Deployment.finished_at) >= at).order_by(col(Deployment.finished_at))
    if environment is not None:
        asked = asked.where(Deployment.environment == environment)
    return list(session.exec(asked))


def succeeded(session: Session, environment: str, sha: str) -> bool:
    """Say whether this SHA has served well there and has not been found bad since."""
    newest = next((row for row in _remembered(session, environment) if row.sha == sha), None)
    return newest is not None and _served_well(newest) and not newest.bad and newest.undone_by is None


def taken_back(session: Session, environment: str, sha: str) -> Deployment | None:
    """Return what took this SHA there when Shipmate last took it back, unless it has served well since."""
    rows = session.exec(
        select(Deployment)
        .where(Deployment.environment == environment, Deployment.sha == sha, Deployment.kind == Kind.DEPLOY)
        .where(col(Deployment.finished_at).is_not(None))
        .order_by(col(Deployment.id).desc())
        .limit(20)
    )
    for row in rows:
        if _served_well(row) and not row.bad:
            return None
        if row.bad and _found_wanting(session, row):
            return row
    return None


def _found_wanting(session: Session, row: Deployment) -> bool:
    """Say whether Shipmate took it back by itself, and nobody had stopped it."""
    if row.status is Status.ROLLED_BACK:
        return (row.failure or {}).get("code") != "aborted"
    by = session.get(Deployment, row.undone_by) if row.undone_by else None
    return by is not None and by.requested_by == "shipmate"


def typical_seconds(session: Session, environment: str, kind: Kind, *, besides: int | None = None) -> float | None:
    """Return how long such a deployment takes: the median of the last ten that succeeded, one of them left out."""
    rows = session.exec(
        select(Deployment.started_at, Deployment.finished_at)
        .where(Deployment.environment == environment, Deployment.kind == kind)
        .where(Deployment.status == Status.SUCCEEDED)
        .where(col(Deployment.started_at).is_not(None), col(Deployment.finished_at).is_not(None))
        .where(col(Deployment.id).is_distinct_from(besides))
        .order_by(col(Deployment.finished_at).desc())
        .limit(10)
    )
    took = [(until - start).total_seconds() for start, until in rows if start and until]
    return median(took) if took else None


def current(session: Session, environment: str) -> Deployment | None:
    """Return the deployment whose release runs now: the head of the ledger."""
    return session.exec(
        select(Deployment)
        .where(Deployment.environment == environment, Deployment.status == Status.SUCCEEDED)
        .where(col(Deployment.served_at).is_not(None), col(Deployment.undone_by).is_(None))
        .order_by(col(Deployment.served_at).desc(), col(Deployment.id).desc())
        .limit(1)
    ).first()


def serves(session: Session, deployment: Deployment, *, at: datetime) -> None:
    """Put it at the head of the ledger, also where the clock was set back since the one before was put there."""
    newest = select(func.max(Deployment.served_at)).where(Deployment.environment == deployment.environment)
    before = session.exec(newest).one()
    deployment.served_at = max(at, before + _AFTER) if before else at


def last_good(session: Session, environment: str, *, before: Deployment) -> Deployment | None:
    """Return what to go back to from this deployment; `storage.ledger` says by which rule."""
    rows = _remembered(session, environment)
    chosen = ledger.choose(_entries(rows), undoing=before.sha, below=before.id)
    return None if chosen is None else next(row for row in rows if row.id == chosen.id)


def candidates(session: Session, environment: str, limit: int = 10) -> list[Deployment]:
    """Return what a person may name to go back to, newest first: never bad, partial, undone or the current one."""
    rows = _remembered(session, environment)
    entries = _entries(rows)
    running = ledger.head(entries)
    offered = ledger.offered(entries, undoing=running.sha if running else "")
    by_id = {row.id: row for row in rows}
    return [by_id[entry.id] for entry in offered[:limit]]


def served(session: Session, environment: str, limit: int = MEMORY) -> list[Deployment]:
    """Return the ledger: everything that served well, bad and undone ones included, newest first."""
    return [row for row in _remembered(session, environment) if _served_well(row)][:limit]


def releases_to_keep(session: Session, environment: str, count: int) -> tuple[str, ...]:
    """Return the releases that must not be pruned: the current one, the one to go back to, then those further back."""
    rows = _remembered(session, environment)
    entries = _entries(rows)
    running = ledger.head(entries)
    if running is None:
        return ()
    offered = (*ledger.line(entries, running.id), *ledger.offered(entries, undoing=running.sha))
    chosen = ledger.choose(entries, undoing=running.sha, below=running.id)
    wanted = [running, *([chosen] if chosen else []), *(entry for entry in offered if not (entry.bad or entry.undone))]
    by_id = {row.id: row.release for row in rows}
    return tuple(dict.fromkeys(by_id[entry.id] for entry in wanted))[: max(count, 2)]


def undo(session: Session, deployment: Deployment, *, by: int) -> None:
    """Mark what a rollback took back: it is bad, and no longer what runs."""
    deployment.bad, deployment.undone_by = True, by
    deployment.version += 1
    session.add(deployment)


def _remembered(session: Session, environment: str) -> list[Deployment]:
    """Return what served well or was marked bad, newest first."""
    rows = session.exec(
        select(Deployment)
        .where(Deployment.environment == environment)
        .where(or_(col(Deployment.served_at).is_not(None), col(Deployment.bad).is_(True)))
        .order_by(col(Deployment.id).desc())
        .limit(MEMORY)
    )
    return sorted(rows, key=lambda row: (_ended(row), row.number), reverse=True)


def _entries(rows: Sequence[Deployment]) -> list[ledger.Entry]:
    return [
        ledger.Entry(
            id=row.number,
            sha=row.sha,
            at=_ended(row),
            served=_served_well(row),
            rollback=row.kind is Kind.ROLLBACK,
            bad=row.bad,
            undone=row.undone_by is not None,
        )
        for row in rows
    ]


def _served_well(row: Deployment) -> bool:
    return row.status is Status.SUCCEEDED and row.served_at is not None


def _ended(row: Deployment) -> datetime:
    return row.served_at or row.finished_at or row.changed_at
