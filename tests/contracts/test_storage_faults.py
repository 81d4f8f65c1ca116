"""What goes wrong with PostgreSQL is said in a sentence, and gone once it is over."""

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from storage import checks, deployments
from storage.errors import NotMigrated, StoreUnavailable
from storage.store import Store
from tests.builders import stored, undone


@pytest.fixture
def store(postgres_url):
    store = Store(postgres_url)
    store.migrate()
    yield store
    store.close()


def kill_the_others(url):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )


def test_the_short_name_of_the_database_is_understood(postgres_url):
    store = Store(postgres_url.replace("postgresql://", "postgres://"))
    assert store.url.startswith("postgresql+psycopg://")
    store.migrate()
    store.check_revision()
    store.close()


def test_a_server_that_is_away_is_said_so_without_the_password():
    store = Store("postgresql://shipmate:secret@127.0.0.1:1/shipmate")
    with pytest.raises(StoreUnavailable) as caught:
        store.check_revision()
    assert "cannot be used" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "secret" in store.url


def test_a_connection_lost_in_a_transaction_is_said_so_and_the_next_one_works(store, postgres_url):

    def lose(session):
        stored(session)
        kill_the_others(postgres_url)
        stored(session)

    with pytest.raises(StoreUnavailable):
        undone(store, lose)
    with store.begin() as session:
        assert deployments.history(session) == []


def test_connections_that_died_while_idle_are_not_noticed_by_anybody(store, postgres_url):
    kill_the_others(postgres_url)
    with store.look() as session:
        assert deployments.history(session) == []


def test_a_row_locked_for_too_long_is_said_so(store, postgres_url):
    with store.begin() as session:
        number = stored(session).number
    other = Store(postgres_url)

    @event.listens_for(other.engine, "begin")
    def hurried(connection):
        connection.execute(text("SET LOCAL lock_timeout = 100"))

    with store.begin() as session:
        deployments.get_for_change(session, number)
        with pytest.raises(StoreUnavailable, match="a row locked for too long"):
            undone(other, lambda second: deployments.get_for_change(second, number))
    other.close()


def test_every_wait_has_its_deadline(store):
    with store.begin() as session:
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            assert session.connection().execute(text(f"SHOW {name}")).scalar_one() in {"30s", "1min"}


def test_steps_may_refer_to_a_deployment_that_somebody_changes(store):
    """A lock for a change keeps nobody from journaling steps."""
    from storage import steps
    from tests.builders import a_step

    with store.begin() as session:
        number = stored(session).number
    with store.begin() as session, store.begin() as other:
        deployments.get_for_change(session, number)
        steps.intend(other, a_step(number))


@pytest.mark.parametrize("wrong", ["SELEC 1", "SELECT 1/0"])
def test_a_bug_of_ours_is_not_dressed_up(store, wrong):
    with pytest.raises(DBAPIError), store.begin() as session:
        session.connection().execute(text(wrong))


def test_a_single_table_or_column_that_is_missing_is_named(store):
    with store.begin() as session:
        session.execute(text("DROP TABLE check_run"))
    with (
        pytest.raises(NotMigrated, match=r"^the database has no `check_run`, and this version needs"),
        store.look() as it,
    ):
        checks.of(it, "s")
    with pytest.raises(NotMigrated, match="has no `nowhere`"), store.look() as it:
        it.execute(text("SELECT nowhere FROM inbox"))
