"""Backups on hosts, and the drills that try whether they can be restored."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import Document, Instant, words


class BackupState(StrEnum):
    """What is known of a backup."""

    WANTED = "wanted"
    """Somebody or the clock wants it; whoever leads makes it."""
    GOOD = "good"
    """It was made, and read back whole."""
    FAILED = "failed"
    GONE = "gone"
    """It was deleted for newer ones."""


class BackupRecord(SQLModel, table=True):
    """One backup of an environment: what lies where, and what is in it."""

    __tablename__ = "backup"
    __table_args__ = (UniqueConstraint("environment", "name", name="one_backup_a_name"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    """`deployment:<number>:<name>`, `asked:<key of the request>` or `slot:<schedule>:<slot>`: wanted twice is one."""
    environment: str = Field(index=True)
    name: str
    """`backup-YYYYMMDD-HHMMSS`."""
    state: BackupState = Field(default=BackupState.WANTED, sa_type=words(BackupState), index=True)
    host: str = ""
    """The target on which it lies."""
    path: str = ""
    """Its absolute path there."""
    bytes: int = Field(default=0, sa_type=BigInteger)
    unpacked: int = Field(default=0, sa_type=BigInteger)
    """Bytes of everything in it, before it was compressed."""
    sha256: str = ""
    database: bool = False
    encrypted: bool = False
    release: str = ""
    """The release that served when it was made."""
    sha: str = ""
    migrations: list[str] = Field(default_factory=list, sa_type=Document)
    """The migrations that had run by then, where the recipe can tell."""
    migrations_known: bool = False
    deployment_id: int | None = Field(default=None, index=True)
    """The deployment before which it was made."""
    by: str = ""
    """A Slack user id, or `cli:<operating-system user>`; empty for a deployment's and the clock's."""
    by_name: str = ""
    channel: str = ""
    """Where it is told what came of it; empty for a deployment's."""
    operation: str = ""
    """The newest operation that was sent to the host."""
    attempt: int = 0
    why: str = ""
    """Why it failed."""
    seconds: float = 0.0
    wanted_at: datetime = Field(sa_type=Instant)
    made_at: datetime | None = Field(default=None, sa_type=Instant)
    verified_at: datetime | None = Field(default=None, sa_type=Instant)

    @property
    def number(self) -> int:
        """Return the id of a backup that has been stored."""
        if self.id is None:
            raise ValueError("a backup has no number before it is stored")
        return self.id

    @property
    def mark(self) -> str:
        """Return what hosts know its making by; never the same for two, also after a restored database."""
        return f"b{self.number}-{int(self.wanted_at.timestamp())}"


class DrillState(StrEnum):
    """How far a drill has come."""

    WANTED = "wanted"
    PASSED = "passed"
    FAILED = "failed"


class DrillRecord(SQLModel, table=True):
    """One try to restore an environment's newest backup, in a place where nobody is served."""

    __tablename__ = "drill"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    """`asked:<key of the request>` or `slot:<schedule>:<slot>`."""
    environment: str = Field(index=True)
    state: DrillState = Field(default=DrillState.WANTED, sa_type=words(DrillState), index=True)
    backup: str = ""
    """The name of the backup that was tried."""
    host: str = ""
    database: bool = False
    """Whether a database was restored as well."""
    check_seconds: float = 0.0
    """Reading the backup whole."""
    back_seconds: float = 0.0
    """Switching back to the release in it, in the scratch place."""
    restore_seconds: float = 0.0
    """Unpacking it, and filling a database from it."""
    by: str = ""
    by_name: str = ""
    channel: str = ""
    operation: str = ""
    attempt: int = 0
    why: str = ""
    """Why it failed, or what could not be tried."""
    wanted_at: datetime = Field(sa_type=Instant)
    done_at: datetime | None = Field(default=None, sa_type=Instant)

    @property
    def number(self) -> int:
        """Return the id of a drill that has been stored."""
        if self.id is None:
            raise ValueError("a drill has no number before it is stored")
        return self.id

    @property
    def mark(self) -> str:
        """Return what hosts know it by; never the same for two, also after a restored database."""
        return f"r{self.number}-{int(self.wanted_at.timestamp())}"
