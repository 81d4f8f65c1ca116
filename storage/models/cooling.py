"""Which side of an environment was stopped, some time after visitors had been sent to the other."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.columns import Instant


class Cooling(SQLModel, table=True):
    """The newest stop of a side, one row an environment."""

    environment: str = Field(primary_key=True)
    deployment_id: int = Field(foreign_key="deployment.id")
    """The deployment that took visitors away from that side."""
    tries: int = 1
    begun_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    """When it was stopped on every host; None while it is not."""
