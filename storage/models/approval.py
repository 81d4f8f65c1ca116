"""What people decided about a deployment."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import Instant, words


class Decision(StrEnum):
    """What an approver said."""

    APPROVED = "approved"
    REJECTED = "rejected"


class Approval(SQLModel, table=True):
    """One person's decision about one plan, bound to the plan's hash."""

    __table_args__ = (UniqueConstraint("deployment_id", "person", name="one_decision_a_person"),)

    id: int | None = Field(default=None, primary_key=True)
    deployment_id: int = Field(foreign_key="deployment.id", index=True)
    person: str
    name: str = ""
    decision: Decision = Field(sa_type=words(Decision))
    plan_hash: str
    reason: str = ""
    at: datetime = Field(sa_type=Instant)
