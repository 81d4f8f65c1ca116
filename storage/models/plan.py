"""The plan that was approved, kept word for word."""

from typing import Any

from sqlmodel import Field, SQLModel

from storage.columns import Document


class StoredPlan(SQLModel, table=True):
    """A plan as data: what is shown, hashed, approved, run and resumed."""

    __tablename__ = "plan"

    deployment_id: int = Field(primary_key=True, foreign_key="deployment.id")
    hash: str
    document: dict[str, Any] = Field(sa_type=Document)
    """`deployers.plan.Plan.document()`."""
    seen: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    """What stood beside the button: commits, risks, preflight; shown, never hashed."""
