"""What people decided about a deployment: one decision a person, ever."""

from sqlmodel import Session, col, select

from storage.models import Approval
from storage.once import insert_once


def decide(session: Session, approval: Approval) -> bool:
    """Store the decision; False when that person has decided about this deployment already."""
    return insert_once(session, approval, "deployment_id", "person") is not None


def given(session: Session, deployment_id: int) -> list[Approval]:
    """Return every decision about a deployment, in the order in which they were made."""
    return list(
        session.exec(select(Approval).where(Approval.deployment_id == deployment_id).order_by(col(Approval.id)))
    )
