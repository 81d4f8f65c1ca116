"""What a check finds on hosts: for each probe a story where it is good, one where it is bad, one where it fails."""

from datetime import timedelta

import pytest

from deployers.checklists import HOUR, Item
from deployers.checkup.answers import Known
from deployers.environment import Recipe
from deployers.findings import State
from tests.unit.deployers.house import OTHER, SHA, House

SECOND = timedelta(seconds=1)


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


# The queue


def test_a_queue_that_runs_is_good(house):
    house.command("queue-status", "echo Horizon is running.")
    found = house.look("queue")
    assert (found.state, found.said, found.advice) == (State.GOOD, "“Horizon is running.” on both hosts", "")


@pytest.mark.parametrize(
    "script", ["echo Horizon is inactive.; exit 2", "echo Horizon is paused.", "echo 'not running'; exit 0"]
)
def test_a_queue_that_does_not_run_is_bad_whatever_its_exit_code(house, script):
    house.command("queue-status", "echo Horizon is running.")
    house.command("queue-status", script, "web2")
    found = house.look("queue")
    assert found.state is State.BAD
    assert found.said.startswith("web2: “")
    assert "restart" in found.advice


def test_a_queue_that_says_nothing_is_unknown(house):
    house.command("queue-status", "exit 0")
    assert house.look("queue").state is State.UNKNOWN


def test_a_queue_command_that_hangs_is_unknown_and_the_rest_is_told(house):
    house.command("queue-status", "sleep 300")
    queue, disk = house.looks(Item("queue", timeout=SECOND), Item("disk", attention=100, bad=100))
    assert (queue.state, queue.said) == (State.UNKNOWN, "no answer within 1 s on both hosts")
    assert disk.state is State.GOOD


def test_a_queue_command_without_an_end_is_unknown_and_the_rest_is_told(house):
    house.command("queue-status", "exec head -c 100000000 /dev/zero", "web1")
    house.command("queue-status", "echo it runs", "web2")
    queue, disk = house.looks(Item("queue"), Item("disk", attention=100, bad=100))
    assert (queue.state, queue.said) == (State.UNKNOWN, "web1: it prints without an end, so I stopped reading")
    assert disk.state is State.GOOD


def test_a_recipe_without_a_question_for_the_queue_is_not_looked_at(house):
    house.has(recipe=Recipe("web"))
    found = house.look("queue")
    assert (found.state, found.said) == (State.IDLE, "the recipe `web` names no `queue_status`")


# The disk


def test_a_disk_with_room_is_good(house):
    found = house.look("disk", attention=100, bad=100)
    assert found.state is State.GOOD
    assert "% full" in found.said


@pytest.mark.parametrize(
    ("used", "state"), [(79, State.GOOD), (80, State.ATTENTION), (89, State.ATTENTION), (90, State.BAD)]
)
def test_a_disk_is_judged_by_its_thresholds(house, used, state):
    house.command("df", f"echo 'head'; echo '/dev/sd a1 1000 500 1048576 {used}% /mnt/a b'")
    found = house.look("disk")
    assert found.state is state
    assert found.said.startswith(f"{used} % full")


def test_a_disk_without_room_for_further_files_is_bad(house):
    house.command("df", 'case "$1" in *i*) echo "/dev/sda1 1000 995 5 99% /";; *) echo "/dev/sda1 9 5 4 50% /";; esac')
    found = house.look("disk")
    assert (found.state, found.said) == (State.BAD, "99 % of the files that it can hold are used on both hosts")


@pytest.mark.parametrize(
    ("files", "used", "state"),
    [
        ("df: inodes cannot be told", 50, State.UNKNOWN),
        ("", 50, State.UNKNOWN),
        ("/dev/sda1 0 0 0 - /", 50, State.GOOD),
        ("", 95, State.BAD),
    ],
    ids=["not told", "silent", "as many as there is room for", "full anyway"],
)
def test_a_disk_of_which_nobody_knows_how_many_files_it_holds_is_not_good(house, files, used, state):
    house.command("df", f'case "$1" in *i*) echo "{files}";; *) echo "/dev/sda1 9 5 4 {used}% /";; esac')
    assert house.look("disk").state is state


def test_a_disk_that_does_not_say_how_full_it_is_is_unknown(house):
    house.command("df", "echo broken; exit 1", "web1")
    found = house.look("disk", attention=100, bad=100)
    assert found.state is State.UNKNOWN
    assert found.said.startswith("web1: ")


# The backup


def test_a_young_backup_is_good_wherever_it_lies(house):
    house.backs_up("web2", "app.sql.gz", hours=3.2)
    found = house.look("backup")
    assert (found.state, found.said) == (State.GOOD, "the newest is 3 hours old: app.sql.gz on web2")


@pytest.mark.parametrize(("hours", "state"), [(27, State.ATTENTION), (51, State.BAD)])
def test_an_old_backup_is_judged_by_its_age(house, hours, state):
    house.backs_up("web1", "app.sql.gz", hours=hours)
    assert house.look("backup").state is state
    assert house.look("backup", attention=60 * HOUR, bad=90 * HOUR).state is State.GOOD


def test_no_backup_at_all_is_bad(house):
    found = house.look("backup")
    assert (found.state, found.said) == (State.BAD, "there is none in backups")


def test_an_empty_backup_is_bad_however_young(house):
    house.backs_up("web1", "app.sql.gz", hours=1, size=0)
    assert house.look("backup").said == "the newest is empty: app.sql.gz on web1"


def test_a_backup_that_is_still_being_written_does_not_count(house):
    house.backs_up("web1", "old.sql.gz", hours=60)
    house.backs_up("web1", "new.sql.gz.part", hours=0)
    assert house.look("backup").state is State.BAD


def test_a_backup_with_a_strange_name_is_named(house):
    house.backs_up("web1", "-rf $(id) '.gz", hours=1)
    assert house.look("backup").said == "the newest is 60 minutes old: -rf $(id) '.gz on web1"


def test_where_a_host_is_away_no_backup_is_unknown_and_an_old_one_names_it(house):
    house.remote.away = {"web2": "it is off"}
    assert house.look("backup").state is State.UNKNOWN
    house.backs_up("web1", "app.sql.gz", hours=30)
    found = house.look("backup")
    assert found.state is State.ATTENTION
    assert "web2: it cannot be reached (it is off)" in found.said


def test_an_environment_without_backups_is_not_looked_at(house):
    house.has(backup=None)
    assert house.look("backup").state is State.IDLE


# What is served


def test_hosts_that_serve_what_was_deployed_are_good(house):
    found = house.look("versions")
    assert (found.state, found.said) == (State.GOOD, "v2.3 (c0ffee0)")


def test_hosts_that_differ_are_bad(house):
    house.serves("web2", OTHER)
    found = house.look("versions")
    assert (found.state, found.said) == (State.BAD, "web2: bad1111; v2.3 (c0ffee0) was deployed last")
    assert "/deploy status" in found.advice


def test_hosts_that_differ_while_something_is_deployed_want_patience(house):
    house.serves("web2", OTHER)
    house.known = Known(SHA, "v2.3", "#12 v2.4")
    found = house.look("versions")
    assert (found.state, found.advice) == (State.ATTENTION, "Wait until it is done.")


def test_hosts_that_agree_on_something_else_want_attention(house):
    house.serves("web1", OTHER)
    house.serves("web2", OTHER)
    assert house.look("versions").state is State.ATTENTION


def test_where_i_deployed_nothing_hosts_have_to_agree(house):
    house.known = Known()
    assert house.look("versions").state is State.GOOD
    house.serves("web2", OTHER)
    assert house.look("versions").state is State.BAD


def test_a_host_that_does_not_say_what_it_serves_is_unknown(house):
    house.path("web2", "app/current/REVISION").write_text("what?\n")
    found = house.look("versions")
    assert (found.state, found.said) == (State.UNKNOWN, "web2: it names no release, but “what? c0ffee0”")


# A command of the team's own


def test_a_command_is_good_when_it_ends_well(house):
    house.command("audit", "echo no known weaknesses")
    found = house.look("command", title="Audit", run="audit {environment}")
    assert (found.state, found.title, found.said) == (State.GOOD, "Audit", "“no known weaknesses” on both hosts")


def test_a_command_is_bad_when_it_ends_badly_and_its_last_lines_are_shown(house):
    house.command("audit", "echo no known weaknesses", "web1")
    house.command("audit", "printf 'a\\nb\\nc\\n\\nd\\n'; exit 3", "web2")
    found = house.look("command", run="audit", advice="Read the advisories.")
    assert (found.state, found.said) == (State.BAD, "web2: it ended with exit code 3")
    assert found.lines == ("web2: b", "web2: c", "web2: d")
    assert found.advice == "Read the advisories."


def test_a_command_that_ignores_being_told_to_stop_is_unknown(house):
    house.command("audit", "trap '' TERM; while :; do sleep 1; done")
    assert house.look("command", run="audit", timeout=SECOND).state is State.UNKNOWN
