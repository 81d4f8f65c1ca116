"""A backup of a real PostgreSQL, restored beside the one in use, swapped in by renaming both, and swapped back."""

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.backed import FRESH, NAME, Backed

pytestmark = pytest.mark.system

TABLES = """
CREATE TABLE orders (id serial PRIMARY KEY, note text);
INSERT INTO orders (note) SELECT md5(n::text) FROM generate_series(1, 5000) n;
CREATE VIEW late AS SELECT * FROM orders;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
"""


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
