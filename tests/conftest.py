"""What every test may use."""

from collections.abc import Iterator

import pytest

from storage.store import Store
from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]


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
