"""Why a command was refused; each says what to do next and carries a stable code."""

from dataclasses import dataclass


class CommandError(Exception):
    """The root of this floor's errors; shown privately to the one who asked."""

    code = "command"


@dataclass
class Refused(CommandError):
    """A gate, a role or the state of things said no."""

    reason: str
    next: str = ""
    code: str = "refused"

    def __str__(self) -> str:
        return f"{self.reason} {self.next}".strip()


@dataclass
class IdentityUnknown(CommandError):
    """Who somebody is, or what they may do, could not be asked; so they may not."""

    why: str
    code = "identity"

    def __str__(self) -> str:
        return f"I could not check who you are ({self.why}), so I did nothing. Try again in a minute."
