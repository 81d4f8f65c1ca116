import pytest

from deployers.errors import Unreachable
from deployers.schema import Ran, TargetMigrations, name_of, names, newest, recorded
from tests.unit.deployers.house import House

LARAVEL_11 = """

  Migration name ..................................................... Batch / Status
  2014_10_12_000000_create_users_table ....................................... [1] Ran
  2026_12_01_120000_add_names_to_calls_table ................................. Pending

"""
LARAVEL_8 = """\
+------+------------------------------------------------+-------+
| Ran? | Migration                                      | Batch |
+------+------------------------------------------------+-------+
| Yes  | 2014_10_12_000000_create_users_table           | 1     |
| No   | 2026_12_01_120000_add_names_to_calls_table     |       |
+------+------------------------------------------------+-------+
"""


@pytest.mark.parametrize("printed", [LARAVEL_11, LARAVEL_8])
def test_the_tables_of_laravel_are_read(printed):
    assert names(printed) == (
        "2014_10_12_000000_create_users_table",
        "2026_12_01_120000_add_names_to_calls_table",
    )


def test_one_name_a_line_is_read_and_sentences_are_not():
    assert names("001_calls\n002_agents.sql\n\n   INFO  Nothing to migrate 2 times.\n") == ("001_calls", "002_agents")
    assert names("PHP Warning: x in /srv/a1/b.php on line 3\n") == ()


def test_a_file_is_known_by_its_name_alone():
    assert name_of("database/migrations/2026_12_01_x.php") == "2026_12_01_x"
    ran = Ran("web1", applied=("001_calls",))
    assert (ran.has("migrations/001_calls.sql"), ran.has("migrations/002_x.sql")) == (True, False)
    assert Ran("web1", pending=("002_x",)).has("m/002_x.sql") is False
    assert Ran("web1", pending=("002_x",)).has("m/001_x.sql") is None
    assert Ran().has("m/001_x.sql") is None


def test_what_is_not_pending_in_its_own_release_has_run():
    paths = ("m/001_a.sql", "m/002_b.sql")
    assert recorded(Ran("web1", pending=("002_b",)), paths) == ("m/001_a.sql",)
    assert recorded(Ran("web1", applied=("001_a",), pending=()), paths) == ("m/001_a.sql",)
    assert recorded(Ran("web1"), paths) is None


def test_taking_back_the_newest_must_be_taking_back_what_is_meant():
    ran = Ran("web1", applied=("001_a", "002_b", "003_c"))
    assert newest(ran, ("m/002_b.sql", "m/003_c.sql")) == ""
    assert "003_c" in newest(ran, ("m/002_b.sql",))
    assert newest(Ran(), ("m/002_b.sql",)) == ""


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def _asks(house, **recipe):
    from dataclasses import replace

    environment = replace(house.environment, recipe=replace(house.environment.recipe, **recipe))
    return TargetMigrations(lambda _: house.remote)(environment)


def test_the_first_target_is_asked_in_the_release_that_serves(house):
    ran = _asks(house, applied_migrations="echo 001_a; echo 002_b", pending_migrations="echo 003_c")
    assert (ran.where, ran.applied, ran.pending, ran.why) == ("web1", ("001_a", "002_b"), ("003_c",), "")
    assert house.remote.closed


def test_what_cannot_be_told_is_not_known_and_says_why(house):
    assert _asks(house) == Ran()
    ran = _asks(house, applied_migrations="echo broken; exit 3")
    assert (ran.applied, ran.why) == (None, "it exited 3: broken")
    house.remote.away["web1"] = "no route"
    ran = _asks(house, pending_migrations="echo 003_c")
    assert (ran.pending, str(Unreachable("web1", "no route"))) == (None, ran.why)
