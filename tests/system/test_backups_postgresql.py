"""A backup of a real PostgreSQL, restored beside the one in use, swapped in by renaming both, and swapped back."""

import os
import subprocess

import psycopg
import pytest
from sqlalchemy.engine import make_url

from deployers.backups import answers, scripts
from deployers.strategies.restoring import Restoration
from tests.backed import FRESH, NAME, SHELL, Backed

pytestmark = pytest.mark.system

TABLES = """
CREATE TABLE orders (id serial PRIMARY KEY, note text);
INSERT INTO orders (note) SELECT md5(n::text) FROM generate_series(1, 5000) n;
CREATE VIEW late AS SELECT * FROM orders;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
"""
BEFORE = FRESH.removeprefix("backup-").replace("-", "")
KILLED_AFTER = """#!/bin/sh
psql "$@"
code=$?
echo >>"$HOME/asked"
[ "$(wc -l <"$HOME/asked")" -ne "$KILL_AFTER" ] || kill -9 0
exit "$code"
"""
"""A client whose whole process group dies once the server has answered so many times."""
RENAMES = (
    "SELECT pid FROM pg_stat_activity WHERE query LIKE '%RENAME%' AND state = 'active' AND pid <> pg_backend_pid()"
)
LOSES_ANSWERS = """#!/bin/sh
psql "$@" || exit
case $* in *RENAME*) exit 2 ;; esac
"""
"""A client that does what it is told and cannot say so: its connection is lost before the answer."""


class Shop:
    """A host whose application has its database on the server, and the server."""

    def __init__(self, host: Backed, url: str) -> None:
        self.host, self.url = host, make_url(url).set(drivername="postgresql")
        self.live = str(self.url.database)

    def sql(self, statement: str, database: str = "") -> list[tuple[object, ...]]:
        target = self.url.set(database=database or self.live).render_as_string(hide_password=False)
        with psycopg.connect(target, autocommit=True) as connection:
            done = connection.execute(statement)
            return done.fetchall() if done.description else []

    def client(self, script: str) -> None:
        """Have the server spoken to by this script."""
        file = self.host.home / "client"
        file.write_text(script)
        file.chmod(0o755)
        self.host.configure(client=str(file))

    def swapped_and_killed(self, after: int) -> int:
        """Swap with a client that has all of it killed after so many answers, and return the exit code."""
        self.client(KILLED_AFTER)
        restores = Restoration(NAME, "web1", "", database=True)
        script = scripts.swap(self.host.environment, self.host.environment.machines[0], restores, FRESH)
        env = {**os.environ, "HOME": str(self.host.home), **self.host.env, "KILL_AFTER": str(after)}
        done = subprocess.run(
            [SHELL, "-c", script],
            cwd=self.host.home,
            env=env,
            capture_output=True,
            start_new_session=True,
            check=False,
            timeout=100,
        )
        self.client('#!/bin/sh\nexec psql "$@"\n')
        while self.sql(RENAMES, "postgres"):
            pass
        return done.returncode

    def count(self, database: str = "") -> int:
        return int(str(self.sql("SELECT count(*) FROM orders", database)[0][0]))


@pytest.fixture
def shop(tmp_path, postgres_url):
    shop = Shop(Backed(tmp_path), postgres_url)
    shop.sql(TABLES)
    # Name and password travel in the environment, as they would in ~/.pgpass.
    url = shop.url
    shop.host.env |= {"PGHOST": url.host, "PGPORT": str(url.port or 5432), "PGUSER": url.username or ""}
    shop.host.env |= {"PGPASSWORD": url.password or ""}
    shop.host.configure(engine="postgresql", live=shop.live, database=f"pg_dump --no-owner {shop.live}")
    yield shop
    for (name,) in shop.sql("SELECT datname FROM pg_database", "postgres"):
        if str(name).startswith(f"{shop.live}_"):
            shop.sql(f'DROP DATABASE "{name}" WITH (FORCE)', "postgres")


def test_it_is_restored_beside_swapped_in_and_swapped_back_under_open_connections(shop):
    made = shop.host.made()
    shop.sql("DELETE FROM orders")
    done = shop.host.restore(sha256=made.sha256)
    assert done.returncode == 0, done.stderr
    open_one = psycopg.connect(shop.url.render_as_string(hide_password=False))
    open_one.execute("SELECT 1")
    done = shop.host.swap()
    open_one.close()
    assert done.returncode == 0, done.stderr
    assert shop.count() == 5000
    assert shop.sql("SELECT twice(4)") == [(8,)]
    assert shop.count(f"{shop.live}_before_20261201030000") == 0
    assert shop.host.swap().returncode == 0
    assert shop.count() == 5000
    done = shop.host.swap(undoes=FRESH)
    assert done.returncode == 0, done.stderr
    assert shop.count() == 0


def test_a_drill_leaves_no_database_behind(shop):
    made = shop.host.made()
    done = shop.host.drill(sha256=made.sha256)
    assert done.returncode == 0, done.stderr
    assert not [name for (name,) in shop.sql("SELECT datname FROM pg_database") if "drill" in str(name)]


@pytest.mark.parametrize("option", ["--create"])
def test_a_dump_that_names_its_database_is_refused(shop, option):
    shop.host.configure(database=f"pg_dump {option} {shop.live}")
    done = shop.host.make(NAME)
    assert (done.returncode != 0, "leave out --databases or --create" in done.stderr) == (True, True)


@pytest.mark.parametrize("after", range(1, 5))
def test_a_swap_that_is_killed_at_any_moment_keeps_nobody_out_and_ends_when_done_again(shop, after):
    shop.host.made()
    shop.sql("DELETE FROM orders")
    assert shop.host.restore().returncode == 0
    open_one = psycopg.connect(shop.url.render_as_string(hide_password=False))
    assert shop.swapped_and_killed(after) in (0, -9)
    open_one.close()
    assert shop.count() in (0, 5000)
    done = shop.host.swap()
    assert done.returncode == 0, done.stderr
    assert (shop.count(), shop.count(f"{shop.live}_before_{BEFORE}")) == (5000, 0)


def test_a_swap_whose_answer_is_lost_says_that_it_was_done(shop):
    shop.host.made()
    shop.sql("DELETE FROM orders")
    assert shop.host.restore().returncode == 0
    shop.client(LOSES_ANSWERS)
    done = shop.host.swap()
    assert (done.returncode, shop.count()) == (0, 5000), done.stderr
    assert answers.kept_as(done.stdout) == f"{shop.live}_before_{BEFORE}"


def test_a_swap_that_cannot_be_done_says_that_the_database_in_use_is_as_it_was(shop):
    shop.host.made()
    assert shop.host.restore().returncode == 0
    shop.client('#!/bin/sh\ncase $* in *RENAME*) exit 3 ;; esac\nexec psql "$@"\n')
    done = shop.host.swap()
    assert done.returncode == 74
    assert "the database in use is as it was" in done.stderr
    assert shop.count() == 5000
