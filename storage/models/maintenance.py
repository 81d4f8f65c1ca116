"""One switch of an environment's maintenance, on or off: wanted by somebody, then made on its hosts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, SQLModel

from storage.columns import Document, Instant, words


class SwitchState(StrEnum):
    """How far a switch has come."""

    WANTED = "wanted"
    DONE = "done"
    PARTLY = "partly"
    """Some hosts could not be told."""
    DROPPED = "dropped"
    """A deployment began first, so nothing was sent."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a switch on one host: its newest operation, and how that ended."""

    operation: str
    attempt: int = 1
    settled: str = ""
    """`succeeded`, `failed`, `unknown`; empty while nothing is confirmed."""
    why: str = ""
    """Why it did not work."""
    let_in_by: int = 0
    """The deployment that has let visitors in here since."""


class MaintenanceSwitch(SQLModel, table=True):
    """Somebody's wish that visitors are kept out of an environment, or let in again, and what came of it."""

    __tablename__ = "maintenance"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    """The key of the request that it came from, or what it ends: the same wish twice is one."""
    environment: str = Field(index=True)
    keeps_out: bool
    """Whether visitors are kept out, or let in again."""
    state: SwitchState = Field(default=SwitchState.WANTED, sa_type=words(SwitchState), index=True)
    by: str
    """A Slack user id, or `cli:<operating-system user>`, or `shipmate` when its time is over."""
    name: str = ""
    message: str = ""
    """What visitors are told; empty for the usual words."""
    deployment_id: int | None = None
    """The deployment that let visitors in, where it was one."""
    hosts: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    """What became of it, by host: `Told` as JSON."""
    asked_at: datetime = Field(sa_type=Instant)
    until: datetime | None = Field(default=None, sa_type=Instant)
    """When it ends by itself."""
    changed_at: datetime = Field(sa_type=Instant)
    again_at: datetime | None = Field(default=None, sa_type=Instant)
    """When the hosts that could not be told are told again; while they are, nothing."""

    @property
    def number(self) -> int:
        """Return the id of a switch that has been stored."""
        if self.id is None:
            raise ValueError("a switch has no number before it is stored")
        return self.id

    @property
    def mark(self) -> str:
        """Return what hosts know this switch by; never the same for two, also after a restored database."""
        return f"m{self.number}-{int(self.asked_at.timestamp())}"

    @property
    def told(self) -> Mapping[str, Told]:
        """Return what became of it on each host."""
        return {name: Told(**told) for name, told in self.hosts.items()}

    def tell(self, host: str, told: Told) -> None:
        """Write down what became of it on a host."""
        self.hosts = {**self.hosts, host: asdict(told)}
