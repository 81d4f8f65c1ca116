"""What the configuration says about an environment's backups."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Backup:
    """Where backups go, how a database is dumped, and how a restored one takes its place."""

    directory: str
    database: str = ""
    """Prints the dump."""
    restore: str = ""
    """Reads a dump into `{side}`; without `{side}` into the database in use, in place."""
    keep: int = 14
    recipient: str = ""
    """Whom backups are encrypted for: an age recipient; empty for nobody."""
    identity: str = ""
    """The file on the target with the age key that opens them."""
    engine: Literal["", "mariadb", "postgresql", "sqlite"] = ""
    """Whose ways of creating, swapping and dropping a database are used; empty for the commands below."""
    live: str = ""
    """The name of the database in use; for SQLite its file."""
    client: str = ""
    """How the engine is spoken to; empty for its own usual client."""
    create: str = ""
    swap: str = ""
    """Puts `{side}` in the place of `{live}`, which is kept as `{before}`."""
    drop: str = ""
    exclude: tuple[str, ...] = ()
    """Names and paths of code and shared files that stay out."""

    @property
    def swaps(self) -> bool:
        """Say whether a database can be restored beside the one in use, and swapped in."""
        commanded = self.create and self.swap and self.drop and "{side}" in self.restore
        return bool(self.live and (self.engine or commanded))

    @property
    def restores(self) -> bool:
        """Say whether a database can be restored at all."""
        return bool(self.database) and (self.swaps or bool(self.restore))
