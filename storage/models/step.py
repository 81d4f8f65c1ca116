"""One step of a plan on one target: intent first, then what became of it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import Instant, words


class StepState(StrEnum):
    """What is known of a step."""

    INTENDED = "intended"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class StepRecord(SQLModel, table=True):
    """An attempt at a step: committed before its effect, confirmed after it."""

    __tablename__ = "step"
    __table_args__ = (UniqueConstraint("deployment_id", "number", "target", "attempt", name="one_record_an_attempt"),)

    id: int | None = Field(default=None, primary_key=True)
    deployment_id: int = Field(foreign_key="deployment.id", index=True)
    number: int
    """The step's place in the stored plan, from 0."""
    target: str
    """A host's name, or the environment's for a step without a host."""
    kind: str
    """`prepare`, `migrate`, `activate`, …: the step's word in the plan."""
    attempt: int = 1
    operation: str = Field(unique=True)
    """The operation id that travels with the effect: `<the deployment's mark>.<number>.<target>.<attempt>`."""
    token: int = Field(default=0, sa_type=BigInteger)
    """The fencing token under which it was sent."""
    state: StepState = Field(default=StepState.INTENDED, sa_type=words(StepState))
    exit_code: int | None = None
    output: str = ""
    """The end of what it printed, at most 64 KiB."""
    output_bytes: int = Field(default=0, sa_type=BigInteger)
    output_sha256: str = ""
    message: str = ""
    resolved_by: str | None = None
    started_at: datetime = Field(sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)
