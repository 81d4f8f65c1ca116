"""What several tables say together: everything about a deployment, an environment, a night."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from storage import approvals, deployments, freezes, holds, locks, looks, maintenance, outbox, reviews, steps, targets
from storage.models import (
    Approval,
    Deployment,
    FreezeRecord,
    Hold,
    Lock,
    MaintenanceSwitch,
    OutboxRow,
    Review,
    StepRecord,
    TargetRecord,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a card, a status or a report says about one deployment."""

    deployment: Deployment
    plan: dict[str, Any]
    """`deployers.plan.Plan.document()`."""
    seen: dict[str, Any]
    """What stood beside the button."""
    approvals: tuple[Approval, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    undoes: Deployment | None = None
    undone_by: Deployment | None = None
    automatic_rollback: Deployment | None = None
    child_steps: tuple[StepRecord, ...] = ()
    """The steps of the automatic rollback."""
    typical_seconds: float | None = None
    holds: tuple[Hold, ...] = ()
    """What people were asked about it, oldest first."""
    before: tuple[dict[str, Any], ...] = ()
    """What was not well before it began, and is not blamed on it: `{where, path, why}`."""
    review: Review | None = None
    """Who has to look back on it, if it was an emergency."""

    @property
    def hold(self) -> Hold | None:
        """Return the question that it waits on."""
        return next((it for it in self.holds if it.open), None)


def facts(session: Session, deployment_id: int) -> Facts:
    """Return everything about a deployment."""
    deployment = deployments.get(session, deployment_id)
    plan = deployments.stored_plan(session, deployment_id)
    child = deployments.automatic_rollback_of(session, deployment_id)
    return Facts(
        deployment=deployment,
        plan=plan.document,
        seen=plan.seen,
        approvals=tuple(approvals.given(session, deployment_id)),
        steps=tuple(steps.of(session, deployment_id)),
        undoes=_other(session, deployment.undoes),
        undone_by=_other(session, deployment.undone_by),
        automatic_rollback=child,
        child_steps=tuple(steps.of(session, child.number)) if child else (),
        typical_seconds=deployments.typical_seconds(
            session, deployment.environment, deployment.kind, besides=deployment_id
        ),
        holds=tuple(holds.of(session, deployment_id)),
        before=tuple(looks.of(session, deployment_id, looks.BEFORE)),
        review=reviews.look(session, deployment_id),
    )


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """What an environment runs, what happens there, and who holds it."""

    environment: str
    current: Deployment | None
    running: Deployment | None
    waiting: tuple[Deployment, ...]
    lock: Lock | None
    targets: tuple[TargetRecord, ...]
    maintenance: MaintenanceSwitch | None = None
    """The newest switch of its maintenance."""
    freeze: FreezeRecord | None = None
    """The freeze that somebody has put on it; whether it holds now, it says itself."""

    @property
    def of_one_mind(self) -> bool:
        """Say whether every target serves the same revision."""
        return len({target.sha for target in self.targets}) <= 1


def environment_status(session: Session, environment: str) -> EnvironmentStatus:
    """Return how an environment is."""
    return EnvironmentStatus(
        environment=environment,
        current=deployments.current(session, environment),
        running=deployments.running_in(session, environment),
        waiting=tuple(deployments.waiting_in(session, environment)),
        lock=locks.holder(session, environment),
        targets=tuple(targets.serving(session, environment)),
        maintenance=maintenance.newest(session, environment),
        freeze=freezes.unlifted(session, environment),
    )


@dataclass(frozen=True, slots=True)
class Watch:
    """What happened since a moment, and what is left open: the morning check's part that we know ourselves."""

    since: datetime
    finished: tuple[Deployment, ...]
    unfinished: tuple[Deployment, ...]
    locks: tuple[Lock, ...]
    open_steps: tuple[StepRecord, ...]
    """Steps whose outcome nobody knows yet."""
    undelivered: tuple[OutboxRow, ...]
    reviews: tuple[Review, ...] = ()
    """Emergencies that nobody has looked back on."""


def watch(session: Session, since: datetime) -> Watch:
    """Return what happened since then and what is left open."""
    return Watch(
        since=since,
        finished=tuple(deployments.since(session, since)),
        unfinished=tuple(deployments.unfinished(session)),
        locks=tuple(locks.held(session)),
        open_steps=tuple(steps.open_ones(session)),
        undelivered=tuple(outbox.undelivered(session)),
        reviews=tuple(reviews.open_ones(session)),
    )


def names(session: Session) -> dict[str, str]:
    """Return what people are called who have asked for something or decided about it, by id."""
    asked = session.exec(select(Deployment.requested_by, Deployment.requested_name).distinct()).all()
    decided = session.exec(select(Approval.person, Approval.name).distinct()).all()
    return {person: name for person, name in (*asked, *decided) if name}


def _other(session: Session, deployment_id: int | None) -> Deployment | None:
    return None if deployment_id is None else deployments.get(session, deployment_id)
