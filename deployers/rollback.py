"""What going back means, decided from values: how far it goes, what is lost by it, and the words for both."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class Extent(StrEnum):
    """How much is taken back."""

    CODE = "code"
    """The code alone; the database stays as it is."""
    MIGRATIONS = "migrations"
    """The code, and the migrations that came since."""
    FILES = "files"
    """The code as it lies in a backup; the database stays as it is."""
    DATABASE = "database"
    """Code and database as they lie in a backup."""

    @property
    def touches_data(self) -> bool:
        """Say whether anything is lost that cannot be deployed again."""
        return self in (Extent.MIGRATIONS, Extent.DATABASE)


@dataclass(frozen=True, slots=True)
class Way:
    """The way back from what runs to a release that served well."""

    environment: str
    from_ref: str
    to_ref: str
    migrations: tuple[str, ...] = ()
    """Paths of the migrations that lie between."""
    known: bool = True
    """Whether the migrations could be read at all."""
    policy: str = "ask"
    """`ask`, or `compatible` where every migration is declared to work with the release before it."""
    compatible: tuple[str, ...] = ()
    """Those of the migrations that declare it in themselves."""
    extent: Extent = Extent.CODE
    since: datetime | None = None
    """For a database from a backup: the instant of which it is."""

    @property
    def declared(self) -> bool:
        """Say whether the older release is declared to run on the newer database."""
        return self.policy == "compatible" or (bool(self.migrations) and set(self.migrations) <= set(self.compatible))

    @property
    def asks(self) -> bool:
        """Say whether a person has to decide, because the database may not fit the older release."""
        return not self.declared and (bool(self.migrations) or not self.known)


def label(environment: str, ref: str) -> str:
    """Return what the dangerous button says: it names its target."""
    return f"Roll back {environment} to {ref}"


def caution(way: Way, now: datetime | None = None) -> str:
    """Return what has to be said about the database before anybody goes this way; empty when there is nothing."""
    match way.extent:
        case Extent.MIGRATIONS:
            undone = _migrations(len(way.migrations), "is", "are")
            return f"{undone} taken back: what was written since into what they brought is lost."
        case Extent.DATABASE:
            return lost(way.since, now)
        case _:
            return _staying(way)


def lost(since: datetime | None, now: datetime | None) -> str:
    """Return which data a database from a backup does not hold, in words."""
    if since is None or now is None:
        return "Everything that was written since the backup is lost."
    return f"Everything that was written since {since:%Y-%m-%d %H:%M} UTC is lost: {window(now - since)} of data."


def window(passed: timedelta) -> str:
    """Return how long it is between a backup and now, in words."""
    minutes = max(0, int(passed.total_seconds() // 60))
    parts = ((minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
    told = [f"{number} {word}{'' if number == 1 else 's'}" for number, word in parts if number]
    return " and ".join(told[:2]) or "less than a minute"


def between(plans: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the migrations in the stored plans of everything served since the target: what is known without git."""
    return _of(plans, "migrations")


def declared(plans: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return those of the migrations in stored plans that were declared compatible in themselves."""
    return _of(plans, "compatible")


def added(
    migrations: Sequence[str], here: Iterable[str], there: Iterable[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the migrations that are in the newer release alone, and those that both have, but not alike.

    Only the first can be taken back: the second have run in another form, and nobody knows which.
    """
    newer, older = set(here), set(there)
    brought = tuple(path for path in migrations if path in newer and path not in older)
    return brought, tuple(path for path in migrations if path not in brought)


def _of(plans: Iterable[Mapping[str, Any]], what: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for plan in plans:
        found.update(dict.fromkeys(plan.get(what, ())))
    return tuple(found)


def _staying(way: Way) -> str:
    if not way.known:
        return "I could not read whether migrations lie between. The database stays as it is; make sure that it fits."
    if not way.migrations:
        return ""
    lie = _migrations(len(way.migrations), "lies", "lie")
    if way.declared:
        return f"{lie} between, declared compatible with the older release. The database stays as it is."
    undone = "it" if len(way.migrations) == 1 else "them"
    return (
        f"{lie} between, and going back does not undo {undone}: {way.to_ref} will run on the newer database."
        " Go on only if you know that it can."
    )


def _migrations(count: int, one: str, many: str) -> str:
    return f"1 migration {one}" if count == 1 else f"{count} migrations {many}"
