"""The SQLite file: private, written through, one writer at a time, and clear about what is wrong with it."""

import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text

from storage import checks, deployments, sqlite
from storage.errors import NotMigrated, StoreUnavailable
from storage.store import Store
from tests.builders import stored, undone

ROOT = Path(__file__).parents[3]


def open_store(path):
    return Store(f"sqlite:///{path}")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_the_file_and_its_companions_are_private_under_any_umask(tmp_path, umask):
    store = open_store(tmp_path / "shipmate.db")
    store.migrate()
    with store.begin() as session:
        stored(session)
        modes = {path.name: mode(path) for path in tmp_path.iterdir()}
    store.close()
    assert modes == {"shipmate.db": 0o600, "shipmate.db-wal": 0o600, "shipmate.db-shm": 0o600}


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path):
    path = tmp_path / "shipmate.db"
    sqlite3.connect(path).close()
    path.touch(0o644)
    path.chmod(0o644)
    store = open_store(path)
    store.migrate()
    store.close()
    assert mode(path) == 0o600


def test_every_connection_is_durable_and_checks_references(store):
    with store.begin() as session:
        connection = session.connection()
        values = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "query_only")
        }
    assert values == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
        "query_only": 0,
    }


def test_an_older_file_in_another_journal_mode_is_brought_to_wal(tmp_path):
    path = tmp_path / "shipmate.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (id INTEGER)")
    connection.close()
    store = open_store(path)
    store.migrate()
    with store.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
    store.close()


def test_the_way_into_a_write_transaction_takes_the_write_lock_at_once(store):
    other = sqlite3.connect(store.engine.url.database, timeout=0, isolation_level=None)
    with store.begin(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_readers_are_not_kept_waiting_by_a_writer(store):
    with store.begin() as session:
        stored(session)
        with store.look() as reader:
            assert deployments.history(reader) == []


def test_many_threads_each_with_a_session_of_its_own_may_write(store):
    def write(_):
        with store.begin() as session:
            return stored(session).number

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(40))) == list(range(1, 41))


def test_another_engine_over_the_same_file_gets_along(store):
    """The durable engine brings its own connections."""
    other = create_engine(store.url)

    @event.listens_for(other, "connect")
    def immediate(connection, _):
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA busy_timeout=30000")

    with other.begin() as connection:
        connection.execute(text("CREATE TABLE workflow_status (id INTEGER PRIMARY KEY)"))

    def theirs(number):
        with other.begin() as connection:
            connection.execute(text("INSERT INTO workflow_status VALUES (:n)"), {"n": number})

    def ours(_):
        with store.begin() as session:
            session.connection().execute(text("SELECT count(*) FROM workflow_status"))
            stored(session)

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(act, n) for n in range(20) for act in (theirs, ours)]
        for job in jobs:
            job.result()
    with store.look() as session:
        assert len(deployments.history(session, limit=100)) == 20
    other.dispose()


def test_their_write_in_our_transaction_goes_the_way_of_our_transaction(store):
    with store.engine.begin() as connection:
        connection.execute(text("CREATE TABLE workflow_status (id INTEGER PRIMARY KEY)"))

    def both(session):
        stored(session)
        with session.begin_nested():
            session.connection().execute(text("INSERT INTO workflow_status VALUES (1)"))

    undone(store, both)
    with store.look() as session:
        assert session.connection().execute(text("SELECT count(*) FROM workflow_status")).scalar_one() == 0


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"])
def test_a_database_that_forgets_is_refused(url):
    with pytest.raises(StoreUnavailable, match="forget everything"):
        Store(url)


def test_a_missing_folder_is_named(tmp_path):
    store = open_store(tmp_path / "missing" / "shipmate.db")
    with pytest.raises(StoreUnavailable, match=r"the folder .*missing does not exist; create it"):
        store.migrate()


def test_a_folder_in_place_of_the_file_is_named(tmp_path):
    store = open_store(tmp_path)
    with pytest.raises(StoreUnavailable, match="it is a folder; name a file inside it"):
        store.migrate()
    assert mode(tmp_path) & 0o100
    store.close()


def test_a_file_that_is_no_database_is_left_alone(tmp_path):
    path = tmp_path / "shipmate.db"
    path.write_text("[app]\nname = 'not a database, but a configuration file'\n" * 200)
    store = open_store(path)
    with pytest.raises(StoreUnavailable, match="not a database of ours"):
        store.migrate()
    store.close()
    assert path.read_text().startswith("[app]")


def test_a_database_locked_for_too_long_is_said_so(store, monkeypatch):
    other = Store(store.url)
    monkeypatch.setattr(sqlite, "BUSY_MS", 300)
    with (
        store.begin(),
        pytest.raises(StoreUnavailable, match=r"locked for too long\. Nothing was changed"),
        other.begin(),
    ):
        pass
    other.close()


def test_a_full_database_is_said_so_and_keeps_what_it_has(store):
    with store.begin() as session:
        number = stored(session).number

    def fill(session):
        connection = session.connection()
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count={pages}"))
        deployments.get(session, number).reason = "x" * 1_000_000
        session.flush()

    with pytest.raises(StoreUnavailable, match=r"its disk is full\. Nothing was changed"):
        undone(store, fill)
    with store.look() as session:
        assert deployments.get(session, number).reason == ""


def test_a_damaged_file_is_said_so(tmp_path):
    path = tmp_path / "shipmate.db"
    store = open_store(path)
    store.migrate()
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    store = open_store(path)
    with pytest.raises(StoreUnavailable, match="the file is damaged"), store.look() as session:
        deployments.history(session)
    store.close()


def test_a_failed_start_leaves_no_litter(tmp_path):
    (tmp_path / "shipmate.db").mkdir()
    store = open_store(tmp_path / "shipmate.db")
    with pytest.raises(StoreUnavailable):
        store.migrate()
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["shipmate.db"]


def test_several_who_make_the_file_at_once_share_one_file(tmp_path):
    path = tmp_path / "shipmate.db"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: sqlite.prepare(path), range(8)))
    assert [each.name for each in tmp_path.iterdir()] == ["shipmate.db"]
    store = open_store(path)
    with pytest.raises(NotMigrated):
        store.check_revision()
    store.close()


def test_two_processes_that_migrate_at_once_both_succeed(tmp_path):
    script = f"from storage.store import Store; Store('sqlite:///{tmp_path}/shipmate.db').migrate()"
    running = [
        subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in running:
        _, said = process.communicate(timeout=100)
        assert process.returncode == 0, said
    store = open_store(tmp_path / "shipmate.db")
    store.check_revision()
    store.close()


def test_what_was_committed_survives_the_death_of_the_process(tmp_path):
    script = (
        "import os; from storage.store import Store; from storage import leadership; from tests.builders import NOW\n"
        f"store = Store('sqlite:///{tmp_path}/shipmate.db'); store.migrate()\n"
        "with store.begin() as session: leadership.lead(session, 'it', NOW)\n"
        "with store.begin() as session:\n"
        "    leadership.lead(session, 'never', NOW); session.flush(); os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, timeout=100)
    assert done.returncode == -9
    store = open_store(tmp_path / "shipmate.db")
    from storage import leadership

    with store.look() as session:
        assert leadership.current(session).holder == "it"
    store.close()


def test_the_migrations_are_found_from_any_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store("sqlite:///here.db")
    store.migrate()
    store.close()
    assert (tmp_path / "here.db").exists()


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
