"""What continuous integration said about a revision."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.columns import Instant


class CheckRun(SQLModel, table=True):
    """The newest known result of one named check on one SHA."""

    __tablename__ = "check_run"

    sha: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    conclusion: str
    """`success`, `failure`, `pending`, `unknown`; anything but `success` is not green."""
    url: str = ""
    seen_at: datetime = Field(sa_type=Instant)
