"""The journal of steps: the intent is committed before the effect, the outcome after it."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from storage.columns import plain
from storage.errors import Conflict, NotFound
from storage.models import Deployment, StepRecord, StepState
from storage.once import insert_once

KEPT = 64 * 1024
"""How many bytes of a step's output are kept: its end."""

_OPEN = frozenset({StepState.INTENDED, StepState.UNKNOWN})


def of(session: Session, deployment_id: int) -> list[StepRecord]:
    """Return every record of a deployment, in the order of the plan, then of the attempts."""
    return list(
        session.exec(
            select(StepRecord)
            .where(StepRecord.deployment_id == deployment_id)
            .order_by(col(StepRecord.number), col(StepRecord.id))
        )
    )


def intend(session: Session, record: StepRecord) -> StepRecord:
    """Write down what is about to be done; the same operation written down twice is one record.

    Raises:
        Conflict: this attempt has a record under another operation id.
    """
    return insert_once(session, record, "operation") or get(session, record.operation)


def get(session: Session, operation: str) -> StepRecord:
    """Return the record of an operation, and let nobody else change it before this transaction ends."""
    found = session.exec(
        select(StepRecord)
        .where(StepRecord.operation == operation)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("step", operation)
    return found


def latest(session: Session, deployment_id: int, number: int, target: str) -> StepRecord | None:
    """Return the newest attempt at a step on a target."""
    return session.exec(
        select(StepRecord)
        .where(StepRecord.deployment_id == deployment_id, StepRecord.number == number, StepRecord.target == target)
        .order_by(col(StepRecord.attempt).desc())
        .limit(1)
    ).first()


def newest(session: Session, deployment_id: int, numbers: Iterable[int]) -> dict[tuple[int, str], StepRecord]:
    """Return the newest attempt at each of these steps on each target, by number and target."""
    found = session.exec(
        select(StepRecord)
        .where(StepRecord.deployment_id == deployment_id, col(StepRecord.number).in_(numbers))
        .order_by(col(StepRecord.attempt))
    )
    return {(record.number, record.target): record for record in found}


def outputs(session: Session, environment: str, kind: str, limit: int = 5) -> list[str]:
    """Return what the newest steps of a kind printed that went well in an environment."""
    asked = (
        select(StepRecord.output)
        .join(Deployment, col(Deployment.id) == col(StepRecord.deployment_id))
        .where(Deployment.environment == environment, StepRecord.kind == kind)
        .where(StepRecord.state == StepState.SUCCEEDED)
        .order_by(col(StepRecord.id).desc())
        .limit(limit)
    )
    return list(session.exec(asked))


def open_ones(session: Session, deployment_id: int | None = None) -> list[StepRecord]:
    """Return the steps whose outcome is not known: begun and not confirmed, or unreadable."""
    asked = select(StepRecord).where(col(StepRecord.state).in_(_OPEN)).order_by(col(StepRecord.id))
    if deployment_id is not None:
        asked = asked.where(StepRecord.deployment_id == deployment_id)
    return list(session.exec(asked))


def settle(  # noqa: PLR0913 one argument a column
    session: Session,
    operation: str,
    state: StepState,
    *,
    at: datetime,
    exit_code: int | None = None,
    output: str = "",
    output_bytes: int = 0,
    output_sha256: str = "",
    message: str = "",
) -> StepRecord:
    """Write down what became of a step; saying the same outcome again changes nothing.

    Raises:
        Conflict: another outcome is known already.
    """
    record = get(session, operation)
    if record.state not in _OPEN:
        if record.state is not state:
            raise Conflict(f"{operation} has {record.state} already and cannot become {state}")
        return record
    record.state, record.exit_code, record.message = state, exit_code, plain(message)
    record.output, record.output_bytes, record.output_sha256 = _end(output), output_bytes, output_sha256
    record.finished_at = None if state is StepState.INTENDED else at
    session.flush()
    return record


def resolve(session: Session, operation: str, state: StepState, *, by: str, at: datetime) -> StepRecord:
    """Write down what a person found out about a step whose outcome could not be read.

    Raises:
        Conflict: its outcome is known, or it may still be running.
    """
    record = get(session, operation)
    if record.state is not StepState.UNKNOWN:
        raise Conflict(f"{operation} is {record.state}, not unknown")
    record.state, record.resolved_by, record.finished_at = state, by, at
    session.flush()
    return record


def _end(output: str) -> str:
    written = plain(output).encode()
    return written[-KEPT:].decode(errors="ignore")
