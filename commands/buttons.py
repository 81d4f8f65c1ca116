"""What a button's value says: which deployment, and the hash of the plan that was shown beside it."""

from dataclasses import dataclass
from hmac import compare_digest

from commands.errors import Refused
from storage.models import Deployment

_STALE = "Look at the card as it is now, and press its button."


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button's value, taken apart."""

    deployment: int
    hash: str
    target: int | None = None
    """For a rollback that was confirmed: the deployment whose release is gone back to."""


def read(value: str) -> Pressed:
    """Return what the button says.

    Raises:
        Refused: nobody's card carries such a button.
    """
    parts = value.split(":")
    numbers = [parts[0], *parts[2:]]
    if len(parts) not in {2, 3} or not all(it.isascii() and it.isdigit() and len(it) < 16 for it in numbers):
        raise Refused("This button's value is not one of mine, so I did nothing.", _STALE, "tampered")
    return Pressed(int(parts[0]), parts[1], int(parts[2]) if len(parts) == 3 else None)


def demand_same(pressed: Pressed, deployment: Deployment) -> None:
    """Make sure that the button was shown beside the plan as it is now.

    Raises:
        Refused: it was not.
    """
    if not compare_digest(pressed.hash.encode(), deployment.plan_hash.encode()):
        raise Refused(
            "This button belongs to another plan than the one that would run, so I did nothing.", _STALE, "stale"
        )
