"""A freeze that holds until a person lifts it, or until its time is over."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from storage.columns import Instant


class FreezeRecord(SQLModel, table=True):
    """Somebody's word that nothing is deployed to an environment; going back is never stopped by it."""

    __tablename__ = "freeze"
    __table_args__ = (
        Index(
            "one_freeze_an_environment",
            "environment",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    environment: str = Field(index=True)
    by: str
    """A person, or `shipmate` after a rollback that did not work."""
    name: str = ""
    reason: str
    deployment_id: int | None = None
    """The deployment that could not be taken back, where it was one."""
    since: datetime = Field(sa_type=Instant)
    until: datetime | None = Field(default=None, sa_type=Instant)
    lifted_by: str | None = None
    lifted_name: str = ""
    lifted_at: datetime | None = Field(default=None, sa_type=Instant)

    def holds(self, now: datetime) -> bool:
        """Say whether it is in force."""
        return self.lifted_at is None and (self.until is None or now < self.until)
