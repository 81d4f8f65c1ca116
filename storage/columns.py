"""Column types that keep what Python means: UTC instants, enum values, canonical JSON."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, DateTime, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """A UTC instant; a naive datetime is refused on the way in, and comes back with its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC, ready to store."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value.isoformat()}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored instant with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[StrEnum]):
    """A StrEnum stored by its value, so that an index predicate over values matches."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        """Remember which enum the words belong to."""
        super().__init__(length=40)
        self.kind = kind

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        """Return the word, after making sure that it is one."""
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> StrEnum | None:
        """Return the enum member for the stored word."""
        return None if value is None else self.kind(value)


def words(kind: type[StrEnum]) -> Words:
    """Return the column type for an enum."""
    return Words(kind)


def plain(text: str) -> str:
    """Return the text without what PostgreSQL refuses: NUL bytes and lone surrogates."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


Document = JSON(none_as_null=True)
