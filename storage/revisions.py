"""Which revision a database is at, which one the code needs, and the way from one to the other."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from storage.errors import NewerDatabase, NotMigrated

_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY = 7_447_628
"""Any number, always the same: who migrates on PostgreSQL holds this lock."""


@cache
def _known() -> tuple[str, ...]:
    """Return every revision, oldest first: each migration's file begins with its own."""
    return tuple(sorted(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py")))


def newest() -> str:
    """Return the revision that this version of the code needs."""
    return _known()[-1]


def of(connection: Connection) -> str | None:
    """Return the revision that the database is at."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def known(revision: str) -> bool:
    """Say whether this version of the code has heard of the revision."""
    return revision in _known()


def demand_newest(found: str | None) -> None:
    """Refuse any revision but the newest."""
    if found is not None and not known(found):
        raise NewerDatabase(found, newest())
    if found != newest():
        raise NotMigrated(found, newest())


def upgrade(connection: Connection) -> None:
    """Bring the database to the newest revision inside the connection's transaction, one process at a time."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY})
    found = of(connection)
    if found is not None and not known(found):
        raise NewerDatabase(found, newest())
    if found != newest():
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    # Read in only when there is something to do: it is a tenth of what the bot needs at rest.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
