"""A question on which a deployment waits: what may be answered, until when it waits, and who answered."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.columns import Document, Instant, words


class HoldKind(StrEnum):
    """What is asked."""

    VETO = "veto"
    """It is about to go back by itself: now, or not at all?"""
    CANARY = "canary"
    """A share of the visitors has the release: go on?"""
    DATABASE = "database"
    """A migration failed: which way out?"""


ANSWERS: Mapping[HoldKind, tuple[str, ...]] = {
    HoldKind.VETO: ("back", "hold"),
    HoldKind.CANARY: ("promote", "hold", "abort"),
    HoldKind.DATABASE: ("step_back", "restore", "leave"),
}
"""What may be said to each kind of question."""
ABORTED, OVERTAKEN, WELL = "aborted", "overtaken", "well"
BY_ITSELF = frozenset({ABORTED, OVERTAKEN, WELL})
"""How a question of whatever kind ends without an answer to it: by an abort, by events, or because all is well."""


class Hold(SQLModel, table=True):
    """One question about one deployment; open until it has an answer, and the first answer stays."""

    __table_args__ = (
        UniqueConstraint("deployment_id", "key", name="one_hold_a_question"),
        Index(
            "one_open_hold_a_deployment",
            "deployment_id",
            unique=True,
            sqlite_where=text("answer IS NULL"),
            postgresql_where=text("answer IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    deployment_id: int = Field(foreign_key="deployment.id", index=True)
    key: str
    """Which question of the deployment it is: asked again after a crash, it is the same one."""
    kind: HoldKind = Field(sa_type=words(HoldKind))
    why: str
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    """What stands beside the buttons."""
    since: datetime = Field(sa_type=Instant)
    until: datetime | None = Field(default=None, sa_type=Instant)
    """When it is over without an answer; never, where there is none."""
    answer: str | None = None
    answered_by: str | None = None
    """A person, or `shipmate` where nobody said anything in time."""
    answered_name: str = ""
    answered_at: datetime | None = Field(default=None, sa_type=Instant)

    @property
    def number(self) -> int:
        """Return the id of a hold that has been stored."""
        if self.id is None:
            raise ValueError("a hold has no number before it is stored")
        return self.id

    @property
    def open(self) -> bool:
        """Say whether nobody has answered yet."""
        return self.answer is None
