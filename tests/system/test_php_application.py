"""A PHP application behind a real php-fpm, nginx and MariaDB, deployed over real sshd by the recipe for Laravel."""

import subprocess
import sys

import pytest

from deployers.comparing import exposition
from deployers.comparing.tuning import Endpoint
from tests.scenarios.kit import Scene
from tests.system import php_fpm, sshd
from tests.system.php_world import APPLICATION, PhpWorld

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
COUNTERS = Endpoint(requests="http_requests_total", errors='http_requests_total{code="500"}')
MIGRATIONS = "database/migrations"
MIGRATION = """<?php

return new class {{
    public function up(PDO $database): void
    {{
        {up}
    }}

    public function down(PDO $database): void
    {{
        {down}
    }}
}};
"""
ROOMS, PHONES = (
    MIGRATION.format(
        up=f"""$database->exec("ALTER TABLE bookings ADD COLUMN {name} VARCHAR(20) NOT NULL DEFAULT 'any {name}'");""",
        down=f"$database->exec('ALTER TABLE bookings DROP COLUMN {name}');",
    )
    for name in ("room", "phone")
)
HALF = MIGRATION.format(
    up="""$database->exec('CREATE TABLE guests (id INT PRIMARY KEY)');
        $database->exec('INSERT INTO guests SELECT guest FROM bookings');""",
    down="$database->exec('DROP TABLE guests');",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory, mariadb_server, launch):
    """Give a world in which production serves v1.0, with a booking; every story ends with a release that is well."""
    sshd.needed()
    php_fpm.demanded()
    with PhpWorld(tmp_path_factory.mktemp("php") / "state", mariadb_server, launch) as world:
        Scene(world).ships("v1.0")
        mariadb_server.sql("INSERT INTO bookings (name) VALUES ('Käthe')", "bookings")
        yield world


@pytest.fixture
def scene(world):
    yield Scene(world)
    sys.stdout.write(world.slack.transcript()[-6000:])
    sys.stdout.write(world.bot.log.read_text()[-4000:])


def test_a_release_with_a_migration_is_what_php_fpm_serves_though_it_never_looks_at_a_file_again(scene):
    world = scene.world
    world.page()
    counted = exposition.counters(world.asks("/metrics").text, COUNTERS)
    assert scripts_in_opcache(world) > 0
    page = (APPLICATION / "app" / "page.php").read_text().replace("SELECT name ", "SELECT CONCAT(name, ', ', room) ")
    sha = world.pushes("rooms", {f"{MIGRATIONS}/2026_11_20_090000_add_rooms.php": ROOMS, "app/page.php": page})
    number = scene.begins("rooms")
    scene.comes_to(number, "succeeded")
    for _ in range(3 * php_fpm.PROCESSES):
        assert world.page() == {"bookings": ["Käthe, any room"], "served_by": sha}
    assert world.asks("/api/health").json() == {
        "status": "ok",
        "version": sha,
        "components": {"database": {"status": "ok"}, "storage": {"status": "ok"}},
    }
    assert "add_rooms .......... [2] Ran" in world.artisan("migrate:status")
    told = world.asks("/metrics").text
    assert f'app_info{{revision="{sha}"}} 1' in told
    since = exposition.counters(told, COUNTERS).since(counted)
    assert since.requests > 3 * php_fpm.PROCESSES
    assert since.errors == 0


def scripts_in_opcache(world) -> int:
    lines = world.asks("/metrics").text.splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("opcache_scripts "))


def test_a_release_whose_component_is_sick_comes_back_by_itself(scene):
    """Its database component asks a table that nobody has made; MariaDB says so itself."""
    world, before = scene.world, scene.world.page()
    components = (APPLICATION / "app" / "components.php").read_text()
    world.pushes("sick", {"app/components.php": components.replace("FROM bookings", "FROM invoices")})
    number = scene.begins("sick")
    scene.comes_to(number, "rolled_back")
    scene.sees("sick failed: web1 is not healthy: /api/health answered 503. Rolled back to", channel="alerts")
    assert world.page() == before
    assert world.asks("/api/health").status_code == 200


def test_a_release_that_opcache_hides_is_not_taken_for_served(scene):
    """Who is told to reload is another process, as where two versions of PHP are installed."""
    world, before = scene.world, scene.world.page()
    pid = world.pid_file.read_text()
    with subprocess.Popen(["sh", "-c", "trap '' USR2; exec sleep 1000"]) as another:
        try:
            world.pid_file.write_text(str(another.pid))
            world.pushes("hidden", {"app/page.php": "<?php function page(): array { return []; }\n"})
            number = scene.begins("hidden")
            scene.comes_to(number, "rolled_back")
        finally:
            world.pid_file.write_text(pid)
            another.kill()
    scene.sees(f"hidden failed: web1 is not healthy: /api/health names '{before['served_by']}'", channel="alerts")
    assert world.page() == before


def test_a_migration_that_fails_half_way_asks_and_what_did_run_of_the_release_is_stepped_back(scene):
    world, before = scene.world, scene.world.page()
    ran = world.artisan("migrate:status")
    names = ("2026_11_21_090000_add_phones", "2026_11_22_090000_add_guests")
    world.pushes("guests", {f"{MIGRATIONS}/{name}.php": text for name, text in zip(names, (PHONES, HALF), strict=True)})
    number = scene.begins("guests")
    scene.comes_to(number, "holding")
    scene.shows(number, "waits for your decision about its database", "1 of 2 migrations did run", "Step back")
    scene.sees("waits for a decision", channel="alerts")
    assert "guests" in world.mariadb.sql("SHOW TABLES", "bookings").split()
    assert "phone" in world.mariadb.sql("SHOW COLUMNS FROM bookings", "bookings")
    assert world.page() == before
    scene.presses("ben", "Step back")
    world.slack.submits("ben", {"confirm": "production"}, timeout=60)
    scene.comes_to(number, "rolled_back")
    assert world.artisan("migrate:status") == ran
    assert "phone" not in world.mariadb.sql("SHOW COLUMNS FROM bookings", "bookings")
    assert world.page() == before
