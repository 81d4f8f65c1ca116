"""Rows as tests want them: valid, short to write, each detail that matters given by name."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlmodel import Session

from storage import deployments
from storage.models import (
    Approval,
    Asking,
    Decision,
    Deployment,
    InboxRow,
    Kind,
    OutboxRow,
    Saying,
    Status,
    StepRecord,
    StoredPlan,
)
from storage.store import Store

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
"""The time at which tests happen."""

_keys = count(1)

_WAY = (Status.QUEUED, Status.PREPARING, Status.RUNNING, Status.VERIFYING, Status.SUCCEEDED)


def sha_of(ref: str) -> str:
    """Return a full SHA for a ref, always the same."""
    return ref.encode().hex().ljust(40, "0")[:40]


def a_deployment(
    ref: str = "v2.3",
    *,
    environment: str = "production",
    kind: Kind = Kind.DEPLOY,
    status: Status = Status.REQUESTED,
    sha: str = "",
    automatic: bool = False,
    undoes: int | None = None,
    by: str = "U0ANA",
    at: datetime = NOW,
    expires_at: datetime | None = None,
) -> Deployment:
    """Return a deployment that is not stored yet."""
    sha = sha or sha_of(ref)
    return Deployment(
        kind=kind,
        environment=environment,
        ref=ref,
        sha=sha,
        strategy="rolling",
        release=f"{at:%Y%m%d%H%M%S}-{sha[:7]}",
        requested_by=by,
        requested_name="ana",
        status=status,
        automatic=automatic,
        undoes=undoes,
        requested_at=at,
        changed_at=at,
        expires_at=expires_at,
    )


def a_plan(*, hash_: str = "h" * 64, document: dict[str, Any] | None = None) -> StoredPlan:
    """Return a stored plan for `deployments.add`."""
    return StoredPlan(hash=hash_, document=document or {"steps": []}, seen={"commits": []})


def stored(session: Session, deployment: Deployment | None = None) -> Deployment:
    """Store a deployment with some plan."""
    return deployments.add(session, deployment or a_deployment(), a_plan())


def walked(deployment: Deployment, to: Status, *, at: datetime = NOW) -> Deployment:
    """Advance a requested deployment along the straight way until it has this status."""
    for status in _WAY[: _WAY.index(to) + 1]:
        deployment.advance(status, at=at)
    return deployment


def served(
    session: Session,
    ref: str,
    *,
    minute: int,
    environment: str = "production",
    kind: Kind = Kind.DEPLOY,
    undoes: int | None = None,
) -> Deployment:
    """Store a deployment that served well from this minute on."""
    at = NOW + timedelta(minutes=minute)
    deployment = walked(
        a_deployment(ref, environment=environment, kind=kind, undoes=undoes, at=at), Status.SUCCEEDED, at=at
    )
    deployment.served_at = at
    return stored(session, deployment)


def undone(store: Store, act: Callable[[Session], object]) -> None:
    """Do something in a transaction that is rolled back."""

    def fail() -> None:
        with store.begin() as session:
            act(session)
            raise ZeroDivisionError

    with suppress(ZeroDivisionError):
        fail()


def an_approval(deployment_id: int, person: str = "U0BEN", *, decision: Decision = Decision.APPROVED) -> Approval:
    """Return somebody's decision."""
    return Approval(
        deployment_id=deployment_id, person=person, name="ben", decision=decision, plan_hash="h" * 64, at=NOW
    )


def a_step(deployment_id: int, number: int = 0, *, target: str = "web1", attempt: int = 1) -> StepRecord:
    """Return the intent of a step."""
    return StepRecord(
        deployment_id=deployment_id,
        number=number,
        target=target,
        kind="activate",
        attempt=attempt,
        operation=f"d{deployment_id}.{number}.{target}.{attempt}",
        token=1,
        started_at=NOW,
    )


def a_request(key: str = "", *, text: str = "production v2.3", at: datetime = NOW) -> InboxRow:
    """Return what somebody asked."""
    return InboxRow(
        key=key or f"key-{next(_keys)}",
        kind=Asking.COMMAND,
        name="deploy",
        text=text,
        person="U0ANA",
        channel="C0DEPLOY",
        received_at=at,
    )


def a_message(key: str = "", *, text: str = "hello", at: datetime = NOW) -> OutboxRow:
    """Return something to say."""
    return OutboxRow(
        kind=Saying.POST,
        key=key or f"message-{next(_keys)}",
        channel="deployments",
        payload={"text": text},
        next_at=at,
        created_at=at,
    )
