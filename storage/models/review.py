"""What has to be looked at afterwards, because something went past the gates."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.columns import Instant


class Review(SQLModel, table=True):
    """One emergency that somebody has to look back on; open until somebody says in a sentence what came of it."""

    id: int | None = Field(default=None, primary_key=True)
    deployment_id: int = Field(foreign_key="deployment.id", unique=True)
    environment: str = Field(index=True)
    skipped: str = ""
    """What was gone past, in words."""
    since: datetime = Field(sa_type=Instant)
    sentence: str = ""
    """What came of looking back."""
    done_by: str | None = None
    done_name: str = ""
    done_at: datetime | None = Field(default=None, sa_type=Instant)
