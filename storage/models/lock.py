"""Who holds an environment, and who leads."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from storage.columns import Instant


class Lock(SQLModel, table=True):
    """The row that holds an environment for one deployment."""

    environment: str = Field(primary_key=True)
    deployment_id: int = Field(foreign_key="deployment.id")
    token: int = Field(default=0, sa_type=BigInteger)
    """The fencing token of the leader that took it."""
    taken_at: datetime = Field(sa_type=Instant)


class Leadership(SQLModel, table=True):
    """The one row that says who may run deployments; its epoch is the fencing token."""

    id: int = Field(default=1, primary_key=True)
    epoch: int = Field(default=0, sa_type=BigInteger)
    holder: str = ""
    """`<host>:<pid>:<start>` of the process that leads."""
    beat_at: datetime | None = Field(default=None, sa_type=Instant)
