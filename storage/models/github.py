"""What GitHub told us by itself, and what we told it of deployments."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from storage.columns import Document, Instant


class HeardEvent(SQLModel, table=True):
    """An event that GitHub delivered, once; who follows a run looks again because of it."""

    __tablename__ = "heard"

    id: int | None = Field(default=None, primary_key=True)
    delivery: str = Field(unique=True)
    event: str
    run: int | None = Field(default=None, sa_type=BigInteger, index=True)
    sha: str = ""
    at: datetime = Field(sa_type=Instant)


class Shipment(SQLModel, table=True):
    """A deployment as GitHub lists it: what it was told, and when it is told again."""

    deployment_id: int = Field(primary_key=True, foreign_key="deployment.id")
    github_id: int | None = Field(default=None, sa_type=BigInteger)
    """GitHub's number of it, once it has one."""
    told: str = ""
    """The last state that GitHub has taken."""
    tries: int = 0
    """How often GitHub was asked since it took something."""
    next_at: datetime = Field(sa_type=Instant)
    """When GitHub is asked again; once it has taken something: as of when that was true."""
    commented: list[int] = Field(default_factory=list, sa_type=Document)
    """Pull requests that have their comment."""
    given_up: bool = False
    """Whether GitHub said no, and is not asked again."""
