"""What can go wrong with what the bot remembers."""

from dataclasses import dataclass


class StorageError(Exception):
    """The root of this floor's errors."""

    code = "storage"


@dataclass
class IllegalTransition(StorageError):
    """A move between two statuses that the transition table does not list."""

    was: str
    to: str
    code = "illegal_transition"

    def __str__(self) -> str:
        return f"a deployment that is {self.was} cannot become {self.to}"


@dataclass
class NotFound(StorageError):
    """A row that was asked for by its id does not exist."""

    what: str
    which: str
    code = "not_found"

    def __str__(self) -> str:
        return f"there is no {self.what} {self.which}"
