"""What people do while the bot is killed, and how each of it has to end."""

from dataclasses import dataclass
from enum import StrEnum

STEPPING = ("preparing", "running")
BACK_TOO = (*STEPPING, "rolling_back")
REQUESTED = ("awaiting_approval",)
BEGUN = (*REQUESTED, "queued")


class Then(StrEnum):
    """What people do once it was asked for."""

    APPROVED = "approved"
    RACED = "raced"
    """Two people approve at the same time."""
    CONFIRMED = "confirmed"
    """Who asked presses the button of the private dialog."""
    CANCELLED = "cancelled"
    LEFT = "left"
    """Nobody does anything."""
    LOOKED = "looked"
    """It is no deployment but a check: whoever leads looks at everything."""


@dataclass(frozen=True, slots=True)
class Story:
    """Something that people do, and how it has to end."""

    name: str
    version: str
    asks: str
    then: Then
    ends: str
    waits_in: tuple[str, ...] = ()
    """States without steps that it goes through."""
    steps_in: tuple[str, ...] = ()
    """States in which it takes steps on hosts."""

    @property
    def kind(self) -> str:
        """Return what its row says it is."""
        return "rollback" if self.then is Then.CONFIRMED else "deploy"


def _asks(name: str, version: str, then: Then, ends: str, through: tuple[tuple[str, ...], tuple[str, ...]]) -> Story:
    return Story(name, version, f"/deploy production {version}", then, ends, *through)


FORWARD = ((*BEGUN, "verifying"), STEPPING)
SEED = tuple(_asks(f"deploy {name}", name, Then.APPROVED, "succeeded", FORWARD) for name in ("v2.1", "v2.2"))
DEPLOY = _asks("deploy", "v2.3", Then.APPROVED, "succeeded", FORWARD)
RACE = _asks("approval race", "v2.3", Then.RACED, "succeeded", FORWARD)
SICK = Story(
    "sick release",
    "v2.4",
    "/deploy production v2.4 --again --reason to see it come back once more",
    Then.APPROVED,
    "rolled_back",
    (*BEGUN, "verifying"),
    BACK_TOO,
)
CANCEL = _asks("cancel", "v2.3", Then.CANCELLED, "cancelled", (REQUESTED, ()))
EXPIRY = _asks("expiry", "v2.3", Then.LEFT, "expired", (REQUESTED, ()))
BACK = Story(
    "rollback",
    "v2.2",
    "/rollback latest production",
    Then.CONFIRMED,
    "succeeded",
    ("queued", "verifying"),
    ("running",),
)
CHECK = Story("morning check", "", "/ops check", Then.LOOKED, "done", ("checking",))
ROUND = (SICK, DEPLOY, BACK, CHECK, CANCEL, RACE, BACK, EXPIRY)
"""Played again and again: it ends where it began, with v2.2 served."""
