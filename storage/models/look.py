"""What was seen of a release while it was watched."""

from typing import Any

from sqlmodel import Field, SQLModel

from storage.columns import Document


class LookRecord(SQLModel, table=True):
    """One look at every place of a step, so that a crash does not begin the watch anew."""

    __tablename__ = "look"

    id: int | None = Field(default=None, primary_key=True)
    deployment_id: int = Field(foreign_key="deployment.id", index=True)
    number: int
    """The place of the looking step in the stored plan."""
    samples: list[dict[str, Any]] = Field(sa_type=Document)
    """`deployers.health.Sample.document()`, one a place."""
