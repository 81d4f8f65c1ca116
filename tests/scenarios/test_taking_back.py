"""Data that goes back with the code: migrations taken back, a migration that fails, and what is asked before."""

import sqlite3
from contextlib import closing

import pytest

pytestmark = pytest.mark.slow

BACK = (
    "import sqlite3; it = sqlite3.connect('storage/app.db');"
    " last = [row[0] for row in it.execute('SELECT name FROM migrations ORDER BY name DESC LIMIT {steps}')];"
    " it.executemany('DELETE FROM migrations WHERE name = ?', [(name,) for name in last]); it.commit()"
)
APPLIED = (
    "import sqlite3; print(*[row[0] for row in"
    " sqlite3.connect('storage/app.db').execute('SELECT name FROM migrations ORDER BY name')], sep=chr(10))"
)
RECIPE = f"""migrate_back = ['''python3 -c "{BACK}"''']
applied_migrations = '''python3 -c "{APPLIED}"'''
migrations_path"""


def knows_its_way_back(scene) -> None:
    """Give the recipe a way back for migrations, and let nobody have declared them compatible."""
    scene.reconfigures(("migrations_path", RECIPE), ('migrations = "compatible"', 'migrations = "ask"'))


def migrations(scene, name="web1") -> list[str]:
    with closing(sqlite3.connect(scene.world.host(name).home / "app" / "shared" / "storage" / "app.db")) as database:
        return [row[0] for row in database.execute("SELECT name FROM migrations ORDER BY name")]


def question(scene, person: str, text: str) -> str:
    scene.says(person, text)
    return scene.is_told(person, "Roll back production to")


@pytest.mark.timeout(300)
def test_migrations_are_taken_back_with_the_code_after_the_name_was_typed(scene):
    knows_its_way_back(scene)
    assert migrations(scene) == ["001_calls", "002_agents"]
    told = question(scene, "omar", "/rollback latest production --migrations-back")
    assert "what was written since" in told
    newest = scene.newest()
    scene.presses("omar", "Roll back production to v2.1", within="private")
    scene.world.slack.submits("omar", {"confirm": "staging"}, timeout=60)
    scene.is_told("omar", "is not its name")
    assert scene.newest() == newest
    scene.presses("omar", "Roll back production to v2.1", within="private")
    scene.world.slack.submits("omar", {"confirm": "production"}, timeout=60)
    scene.until("the rollback", lambda: scene.newest() > newest)
    scene.comes_to(scene.newest(), "succeeded")
    scene.serves("v2.1")
    assert migrations(scene) == ["001_calls"]
    ((_, _, asked),) = scene.audited("rollback.requested")
    assert (asked["extent"], asked["confirmed"]) == ("migrations", True)


@pytest.mark.timeout(300)
def test_a_migration_that_fails_half_way_waits_for_somebody_and_is_stepped_back(scene):
    knows_its_way_back(scene)
    before = migrations(scene)
    files = {
        "migrations/004_rooms.sql": "CREATE TABLE rooms (id INTEGER);\n",
        "migrations/005_bad.sql": "ALTER TABLE no;\n",
    }
    scene.pushes("two-migrations", files)
    number = scene.begins("two-migrations")
    scene.comes_to(number, "holding")
    scene.shows(number, "waits for your decision about its database", "Step back")
    scene.sees("waits for a decision", channel="alerts")
    assert len(migrations(scene)) == len(before) + 1
    scene.presses("ben", "Step back")
    scene.world.slack.submits("ben", {"confirm": "production"}, timeout=60)
    scene.comes_to(number, "rolled_back")
    assert migrations(scene) == before
    scene.serves("v2.2")
    assert not scene.ran_twice()


@pytest.mark.timeout(300)
def test_the_command_line_shows_first_and_takes_back_only_what_is_confirmed(scene):
    knows_its_way_back(scene)
    code, shown = scene.shipmate("rollback", "latest", "production", "--migrations-back", "--dry-run")
    assert (code, "preview" in shown) == (0, True), shown
    code, asked = scene.shipmate("rollback", "latest", "production", "--migrations-back")
    assert (code, "--confirm production" in asked) == (1, True), asked
    code, done = scene.shipmate("rollback", "latest", "production", "--migrations-back", "--confirm", "production")
    assert code == 0, done
    scene.serves("v2.1")
    assert migrations(scene) == ["001_calls"]


def backs_up(scene) -> None:
    """Let production have a backup of v2.2 with its database, and then ship v2.3 and a call that came in after it."""
    dumps = (
        'directory = "backups"\nengine = "sqlite"\nlive = "storage/app.db"\ndatabase = "sqlite3 storage/app.db .dump"'
    )
    scene.reconfigures(('directory = "backups"', dumps))
    scene.says("omar", "/ops backup production")
    scene.until("a backup", lambda: scene.rows("SELECT name FROM backup WHERE lower(state) = 'good'"))
    scene.ships("v2.3")
    with closing(sqlite3.connect(database(scene))) as rows, rows:
        rows.execute("INSERT INTO calls (caller) VALUES ('+49 221 00000')")


def database(scene):
    return scene.world.host("web1").home / "app" / "shared" / "storage" / "app.db"


def calls(scene) -> int:
    with closing(sqlite3.connect(database(scene))) as rows:
        return int(rows.execute("SELECT count(*) FROM calls").fetchone()[0])


@pytest.mark.timeout(400)
def test_a_backup_gives_back_its_code_and_then_its_database_and_what_is_lost_was_said_before(scene):
    before = calls(scene)
    backs_up(scene)
    assert calls(scene) == before + 1
    code, listed = scene.shipmate("rollback", "backup", "production")
    assert (code, "code and database of" in listed) == (0, True), listed
    code, done = scene.shipmate("rollback", "backup", "latest", "production", "--no-notify")
    assert code == 0, done
    scene.serves("v2.2")
    assert calls(scene) == before + 1
    told = question(scene, "omar", "/rollback backup latest production --restore-database")
    assert "Everything that was written since" in told
    newest = scene.newest()
    scene.presses("omar", "Roll back production to v2.2", within="private")
    scene.world.slack.submits("omar", {"confirm": "production"}, timeout=60)
    scene.until("the restore", lambda: scene.newest() > newest)
    scene.comes_to(scene.newest(), "succeeded")
    scene.serves("v2.2")
    assert calls(scene) == before
    assert not scene.ran_twice()
