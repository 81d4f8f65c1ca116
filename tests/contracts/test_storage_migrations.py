"""The migrated schema is the one that the models describe, whoever migrates and however often."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlmodel import SQLModel

from storage import revisions
from storage.errors import NewerDatabase, NotMigrated
from storage.models import AuditHead, Leadership
from storage.store import Store


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('tmp_path')}/shipmate.db"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def fresh(url):
    store = Store(url)
    yield store
    store.close()


def ours(_object, name, kind, _reflected, _compare_to):
    return kind != "table" or name in SQLModel.metadata.tables


def indexes(connection):
    if connection.dialect.name == "sqlite":
        asked = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    else:
        asked = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    found = {name: " ".join(sql.split()) for name, sql in connection.execute(text(asked))}
    found.pop("alembic_version_pkc", None)
    return found


def test_a_fresh_database_is_refused_with_the_command_to_type(fresh):
    assert fresh.revision() is None
    with pytest.raises(NotMigrated, match=r"has no tables yet.*run `shipmate migrate`"):
        fresh.check_revision()


def test_a_question_to_a_fresh_database_says_the_same(fresh):
    with pytest.raises(NotMigrated, match="shipmate migrate"), fresh.look() as session:
        session.get(Leadership, 1)


def test_a_migrated_database_is_accepted_and_has_its_first_rows(fresh):
    fresh.migrate()
    fresh.check_revision()
    assert fresh.revision() == revisions.newest()
    with fresh.look() as session:
        assert session.get(AuditHead, 1).number == 0
        assert session.get(Leadership, 1).epoch == 0


def test_migrating_twice_changes_nothing(fresh):
    fresh.migrate()
    fresh.migrate()
    fresh.check_revision()


def test_several_who_migrate_at_once_all_succeed(url):
    stores = [Store(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Store.migrate, stores))
    stores[0].check_revision()
    for store in stores:
        store.close()


def test_the_migrations_make_what_the_models_describe(any_store):
    with any_store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_a_table_of_the_durable_engine_is_none_of_our_business(any_store):
    with any_store.engine.begin() as connection:
        connection.execute(text("CREATE TABLE workflow_status (id INTEGER PRIMARY KEY)"))
    any_store.migrate()
    any_store.check_revision()


def test_the_migrations_make_every_index_word_for_word(any_store, tmp_path, request):
    """Alembic compares no predicates, so the partial index is compared as the database tells it."""
    if any_store.engine.dialect.name == "sqlite":
        other = Store(f"sqlite:///{tmp_path}/described.db")
    else:
        other = request.getfixturevalue("described")
    with other.engine.begin() as connection:
        SQLModel.metadata.create_all(connection)
        described = indexes(connection)
    other.close()
    with any_store.engine.connect() as connection:
        assert indexes(connection) == described


@pytest.fixture
def described(postgres_server):
    from tests.postgres import fresh_database

    with fresh_database(postgres_server) as url:
        store = Store(url)
        yield store
        store.close()


def test_each_migration_is_known_by_its_files_name():
    scripts = ScriptDirectory(str(Path(revisions.__file__).parent / "migrations"))
    in_order = [script.revision for script in reversed(list(scripts.walk_revisions()))]
    assert all(revisions.known(revision) for revision in in_order)
    assert in_order == sorted(in_order)
    assert revisions.newest() == in_order[-1]


def test_a_newer_database_is_refused_and_left_alone(any_store):
    with any_store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase, match="9999"):
        any_store.check_revision()
    with pytest.raises(NewerDatabase, match="install the newer Shipmate"):
        any_store.migrate()
    assert any_store.revision() == "9999"
