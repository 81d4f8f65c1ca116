"""A backup of a real MariaDB, restored beside the one in use, swapped in by one statement, and swapped back."""

import os
import signal
import subprocess
from threading import Event
from time import monotonic

import pytest

from deployers.backups import answers, scripts
from deployers.strategies.restoring import Restoration
from tests.backed import FRESH, NAME, SHELL, Backed
from tests.mariadb import Mariadb

pytestmark = pytest.mark.system

BEFORE = "shop_before_20261201030000"
TABLES = """
CREATE TABLE customers (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100)) ENGINE=InnoDB;
CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, customer INT, note VARCHAR(200),
    CONSTRAINT of_customer FOREIGN KEY (customer) REFERENCES customers (id)) ENGINE=InnoDB;
INSERT INTO customers (name) SELECT CONCAT('Käthe ', seq) FROM seq_1_to_500;
INSERT INTO orders (customer, note) SELECT 1 + seq % 500, MD5(seq) FROM seq_1_to_20000;
"""


@pytest.fixture
def shop(tmp_path, mariadb: Mariadb) -> Backed:
    """Give a host whose application has its database on the server."""
    mariadb.sql("CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
    mariadb.sql(TABLES, "shop")
    host = Backed(tmp_path)
    host.configure(engine="mariadb", live="shop", client=mariadb.client, database=f"{mariadb.dumper} shop")
    return host


def count(mariadb: Mariadb, database: str = "shop") -> int:
    return int(mariadb.sql("SELECT COUNT(*) FROM orders", database))


def test_it_is_restored_beside_swapped_in_and_swapped_back(shop, mariadb):
    made = shop.made()
    mariadb.sql("DELETE FROM orders; ALTER TABLE orders ADD COLUMN later INT", "shop")
    done = shop.restore(sha256=made.sha256)
    assert done.returncode == 0, done.stderr
    assert (count(mariadb), count(mariadb, "shop_side_20261201021500")) == (0, 20000)
    done = shop.swap()
    assert done.returncode == 0, done.stderr
    assert answers.kept_as(done.stdout) == BEFORE
    assert (count(mariadb), count(mariadb, BEFORE)) == (20000, 0)
    assert mariadb.databases() == {"shop", BEFORE}
    assert "utf8mb4_unicode_ci" in mariadb.sql("SHOW CREATE DATABASE shop")
    assert shop.swap().returncode == 0
    assert count(mariadb) == 20000
    done = shop.swap(undoes=FRESH)
    assert done.returncode == 0, done.stderr
    assert count(mariadb) == 0
    assert "later" in mariadb.sql("SHOW COLUMNS FROM orders", "shop")


def test_foreign_keys_hold_after_the_swap(shop, mariadb):
    shop.made()
    shop.restore()
    assert shop.swap().returncode == 0
    with pytest.raises(AssertionError, match="foreign key constraint fails"):
        mariadb.sql("INSERT INTO orders (customer) VALUES (9999)", "shop")


def test_a_writer_loses_nothing_but_waits_a_moment(shop, mariadb):
    """Every write that was acknowledged stands in the database that served at its time."""
    mariadb.sql("CREATE TABLE clicks (id INT AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB", "shop")
    shop.made()
    shop.restore()
    writer = subprocess.Popen(
        [*mariadb.client.split(), "-N", "-B", "-f", "shop"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    writer.stdin.write("INSERT INTO clicks VALUES ();\n" * 3000 + "SELECT 'end';\n")
    writer.stdin.flush()
    done = shop.swap()
    out, _ = writer.communicate(timeout=60)
    assert done.returncode == 0, done.stderr
    assert "end" in out
    kept = int(mariadb.sql("SELECT COUNT(*) FROM clicks", BEFORE)) + int(
        mariadb.sql("SELECT COUNT(*) FROM clicks", "shop")
    )
    assert kept == 3000


def test_what_cannot_be_renamed_along_is_said_before_anybody_is_kept_out(shop, mariadb):
    mariadb.sql("CREATE VIEW late AS SELECT * FROM orders", "shop")
    shop.made()
    done = shop.restore()
    assert (done.returncode, "cannot be swapped by renaming tables" in done.stderr) == (65, True)
    assert mariadb.databases() == {"shop"}


def test_a_view_that_only_the_backup_has_is_not_lost_on_its_way(shop, mariadb):
    mariadb.sql("CREATE VIEW late AS SELECT * FROM orders", "shop")
    shop.made()
    mariadb.sql("DROP VIEW late", "shop")
    done = shop.restore()
    assert (done.returncode, "cannot be swapped by renaming tables" in done.stderr) == (65, True)


def test_a_dump_that_names_its_database_is_refused_when_it_is_made(shop, mariadb):
    shop.configure(database=f"{mariadb.dumper} --databases shop")
    done = shop.make()
    assert (done.returncode != 0, "leave out --databases" in done.stderr) == (True, True)


def test_a_drill_leaves_no_database_behind(shop, mariadb):
    made = shop.made()
    done = shop.drill(sha256=made.sha256)
    assert done.returncode == 0, done.stderr
    assert answers.drilled(done.stdout).database
    assert mariadb.databases() == {"shop"}
    assert count(mariadb) == 20000


# What is killed in the middle


def killed(host: Backed, script: str, claim, limit: float = 60) -> int:
    """Begin a script, kill all of it once something is so, and return its exit code."""
    process = subprocess.Popen(
        [SHELL, "-c", script],
        cwd=host.home,
        env={**os.environ, "HOME": str(host.home), **host.env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = monotonic() + limit
    while not claim() and process.poll() is None:
        assert monotonic() < end, "it never came so far"
        Event().wait(0.005)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait(30)


def test_a_backup_that_is_killed_leaves_no_name_and_is_made_anew(shop, mariadb):
    host = shop.environment.machines[0]
    script = scripts.make(shop.environment, host, NAME)
    code = killed(shop, script, lambda: list(shop.folder.glob("*.part")) and any(shop.folder.glob(".*/piece.*")))
    assert code == -signal.SIGKILL
    assert not [path for path in shop.folder.glob("backup-*") if path.suffix != ".part"]
    made = shop.made()
    assert shop.restore(sha256=made.sha256).returncode == 0
    assert count(mariadb, "shop_side_20261201021500") == 20000


def test_a_restore_that_is_killed_leaves_the_database_in_use_alone_and_is_begun_anew(shop, mariadb):
    made = shop.made()
    restores = Restoration(NAME, "web1", made.sha256, database=True)
    script = scripts.restore(shop.environment, shop.environment.machines[0], restores)
    code = killed(shop, script, lambda: "shop_side_20261201021500" in mariadb.databases())
    assert code == -signal.SIGKILL
    assert count(mariadb) == 20000
    assert shop.restore(sha256=made.sha256).returncode == 0
    assert count(mariadb, "shop_side_20261201021500") == 20000
    assert shop.swap().returncode == 0


@pytest.mark.parametrize("wait", [0.0, 0.05, 0.1, 0.2, 0.3])
def test_a_swap_that_is_killed_at_any_moment_is_one_or_the_other_and_ends_when_done_again(shop, mariadb, wait):
    shop.made()
    mariadb.sql("DELETE FROM orders", "shop")
    shop.restore()
    restores = Restoration(NAME, "web1", "", database=True)
    script = scripts.swap(shop.environment, shop.environment.machines[0], restores, FRESH)
    begun = monotonic()
    killed(shop, script, lambda: monotonic() - begun >= wait)
    assert count(mariadb) in (0, 20000)
    assert int(mariadb.sql("SELECT COUNT(*) FROM customers", "shop")) == 500
    done = shop.swap()
    assert done.returncode == 0, done.stderr
    assert (count(mariadb), count(mariadb, BEFORE)) == (20000, 0)
