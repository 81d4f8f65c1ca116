"""What every test may use."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from bot.sandbox.bot_process import Launch
from storage.store import Store
from tests.mariadb import mariadb, mariadb_server
from tests.postgres import postgres_server, postgres_url
from tests.zygote import zygote

__all__ = ["mariadb", "mariadb_server", "postgres_server", "postgres_url"]

# Machines are slow at times, and a deadline is a timed test. CI repeats the same examples; people look for new ones.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("patient"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "patient")


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    """Give a migrated store over a SQLite file."""
    yield from _migrated(f"sqlite:///{tmp_path}/shipmate.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request) -> Iterator[Store]:
    """Give a migrated store over each database in turn."""
    if request.param == "sqlite":
        url = f"sqlite:///{request.getfixturevalue('tmp_path')}/shipmate.db"
    else:
        url = request.getfixturevalue("postgres_url")
    yield from _migrated(url)


def _migrated(url: str) -> Iterator[Store]:
    store = Store(url)
    try:
        store.migrate()
        yield store
    finally:
        store.close()


@pytest.fixture(scope="session")
def launch() -> Iterator[Launch]:
    """Give a quick way to start the bot: from a process that has read its code in already."""
    with zygote() as launched:
        yield launched
