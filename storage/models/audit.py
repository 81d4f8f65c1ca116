"""The hash-chained record of who did what."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from storage.columns import Document, Instant


class AuditEntry(SQLModel, table=True):
    """One act, chained to the one before it by SHA-256 over its canonical JSON."""

    __tablename__ = "audit"

    number: int = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)
    actor: str
    action: str
    """`deployment.requested`, `deployment.approved`, `step.resolved`, `fence.raised`, …"""
    subject: str = ""
    """`deployment:42`, `environment:production`."""
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    previous: str
    hash: str


class AuditHead(SQLModel, table=True):
    """The newest link; locked last, always."""

    __tablename__ = "audit_head"

    id: int = Field(default=1, primary_key=True)
    number: int = 0
    hash: str = ""
