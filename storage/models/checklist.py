"""Checks by the clock or on demand: what was due, what was found, and what people tick."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, SQLModel

from storage.columns import Document, Instant, words


class RunState(StrEnum):
    """How far a check has come."""

    WANTED = "wanted"
    """Somebody or the clock wants it; whoever leads looks, and looks again after a crash."""
    DONE = "done"


class ScheduleSlot(SQLModel, table=True):
    """One time at which a schedule was due; that it can be stored only once is what makes it happen once."""

    __tablename__ = "schedule_slot"

    schedule: str = Field(primary_key=True)
    slot: str = Field(primary_key=True)
    """The local time on the wall, `2026-11-24T09:00`; `begin` for when the schedule was first seen."""
    due_at: datetime = Field(sa_type=Instant, index=True)
    taken_at: datetime = Field(sa_type=Instant)


class ChecklistRun(SQLModel, table=True):
    """One check: wanted, then looked at outside any transaction, then shown on one card."""

    __tablename__ = "checklist_run"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    """`slot:<schedule>:<slot>`, or `asked:<key of the request>`."""
    checklist: str = Field(index=True)
    schedule: str = ""
    """The schedule that wanted it; empty when a person did."""
    environment: str = ""
    """The only environment to look at; empty for all."""
    asked_by: str = ""
    asked_name: str = ""
    channel: str
    due_at: datetime = Field(sa_type=Instant)
    missed: list[str] = Field(default_factory=list, sa_type=Document)
    """The newest slots before this one that nobody took, oldest first."""
    missed_count: int = 0
    state: RunState = Field(default=RunState.WANTED, sa_type=words(RunState), index=True)
    attempts: int = 0
    """How often looking was begun; a check that kills whoever looks is given up, and says so."""
    version: int = 1
    """Rises with every visible change, so that its card knows whether it is behind."""
    wanted_at: datetime = Field(sa_type=Instant)
    done_at: datetime | None = Field(default=None, sa_type=Instant)
    since: datetime | None = Field(default=None, sa_type=Instant)
    """From when on things are new to this check: when the clock's check before it was done."""
    findings: list[dict[str, Any]] = Field(default_factory=list, sa_type=Document)
    """What was found, item by item; `deployers.findings` reads and writes it."""
    points: list[int] = Field(default_factory=list, sa_type=Document)
    """The points for people that its card shows."""

    @property
    def number(self) -> int:
        """Return the id of a check that has been stored."""
        if self.id is None:
            raise ValueError("a check has no number before it is stored")
        return self.id


class ChecklistPoint(SQLModel, table=True):
    """Something that a person does and ticks; it stays on the cards that follow until somebody does."""

    __tablename__ = "checklist_point"

    id: int | None = Field(default=None, primary_key=True)
    checklist: str = Field(index=True)
    text: str
    """What is to be done, as the configuration said it then."""
    owner: str = ""
    raised_at: datetime = Field(sa_type=Instant)
    ticked_by: str | None = None
    ticked_name: str = ""
    ticked_at: datetime | None = Field(default=None, sa_type=Instant)

    @property
    def number(self) -> int:
        """Return the id of a point that has been stored."""
        if self.id is None:
            raise ValueError("a point has no number before it is stored")
        return self.id


class HealthSample(SQLModel, table=True):
    """One look at an environment through the address that people use."""

    __tablename__ = "health_sample"

    environment: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant, primary_key=True)
    look: str
    """`well`, `sick`, or `blind` when it could not be asked."""
    seconds: float = 0.0
    """How long the slowest answer took."""
    why: str = ""
