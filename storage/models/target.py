"""What each target serves, as last confirmed."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.columns import Instant


class TargetRecord(SQLModel, table=True):
    """One host of one environment and the release it was last seen to serve."""

    __tablename__ = "target"

    environment: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    release: str = ""
    sha: str = ""
    deployment_id: int | None = None
    changed_at: datetime = Field(sa_type=Instant)
