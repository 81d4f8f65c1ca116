"""Inserts that happen once, whoever else tries at the same moment."""

from typing import TypeVar

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

Row = TypeVar("Row", bound=SQLModel)


def insert_once(session: Session, row: Row, *unique: str) -> Row | None:
    """Insert the row and return it as stored, or None when one with the same `unique` columns exists."""
    kind = type(row)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {name: getattr(row, name) for name in inspect(kind).columns.keys()}  # noqa: SIM118 a collection, not a dict
    if values.get("id", 0) is None:
        del values["id"]
    # RETURNING, because the row count of DO NOTHING is not to be relied on.
    statement = insert(kind).values(values).on_conflict_do_nothing(index_elements=unique).returning(kind)
    return session.scalars(statement).one_or_none()
