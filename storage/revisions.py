"""Which revision a database is at, which one the code needs, and the way from one to the other."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from storage.errors import NewerDatabase, NotMigrated

_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY = 7_447_628
"""Any number, always the same: who migrates on PostgreSQL holds this lock."""


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_MIGRATIONS))


@cache
def newest() -> str:
    """Return the revision that this version of the code needs."""
    return str(_scripts().get_current_head())


def of(connection: Connection) -> str | None:
    """Return the revision that the database is at."""
    return MigrationContext.configure(connection).get_current_revision()


def known(revision: str) -> bool:
    """Say whether this version of the code has heard of the revision."""
    return revision in {script.revision for script in _scripts().walk_revisions()}


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
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
