"""Which entries of the audit spool are in the chain already."""

from sqlmodel import Field, SQLModel


class SpooledEntry(SQLModel, table=True):
    """One entry that was written to the spool file while the database was away, and where it was chained in."""

    __tablename__ = "audit_spooled"

    id: str = Field(primary_key=True)
    """The entry's own id, so that it is chained in exactly once."""
    number: int
    """Its number in the audit chain."""
