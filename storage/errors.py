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


@dataclass
class StoreUnavailable(StorageError):
    """The database cannot be opened, reached, read or written right now."""

    where: str
    why: str
    code = "store_unavailable"

    def __str__(self) -> str:
        return f"the database {self.where} cannot be used: {self.why}"


@dataclass
class NotMigrated(StorageError):
    """The database has no tables yet, or older ones than this version needs."""

    found: str | None
    wanted: str
    missing: str = ""
    """The table or column that was asked for and is not there."""
    code = "not_migrated"

    def __str__(self) -> str:
        state = f"is at revision {self.found}" if self.found else "has no tables yet"
        if self.missing:
            state = f"has no `{self.missing}`"
        return f"the database {state}, and this version needs {self.wanted}; run `shipmate migrate`"


@dataclass
class NewerDatabase(StorageError):
    """A newer version of Shipmate has changed the database; this one must not touch it."""

    found: str
    wanted: str
    code = "newer_database"

    def __str__(self) -> str:
        return (
            f"the database is at revision {self.found}, and this version knows only up to {self.wanted};"
            " install the newer Shipmate, or restore the backup from before it"
        )


@dataclass
class EnvironmentHeld(StorageError):
    """Another deployment holds the environment; this one lost the race."""

    environment: str = ""
    code = "environment_held"

    def __str__(self) -> str:
        which = self.environment or "the environment"
        return f"another deployment holds {which}; see `/deploy status`"


@dataclass
class Conflict(StorageError):
    """Something was written that contradicts what is stored already; nothing of it was kept."""

    what: str
    code = "conflict"

    def __str__(self) -> str:
        return f"nothing was changed, because what is stored already contradicts it: {self.what}"


@dataclass
class ClaimLost(StorageError):
    """Another process runs a request that we had claimed; whatever we were about to write was not written."""

    key: str
    code = "claim_lost"

    def __str__(self) -> str:
        return f"another process has taken {self.key} over"


@dataclass
class SpoolFull(StorageError):
    """The audit spool has no room left, and the disk gives none."""

    path: str
    why: str
    code = "spool_full"

    def __str__(self) -> str:
        return f"the audit spool {self.path} is full ({self.why}); bring the database back, or free some disk"


@dataclass
class AnchorUnreadable(StorageError):
    """A file of audit anchors holds a line that is none."""

    path: str
    line: int
    code = "anchor_unreadable"

    def __str__(self) -> str:
        return f"line {self.line} of the anchor file {self.path} cannot be read; compare it with your copy of the file"
