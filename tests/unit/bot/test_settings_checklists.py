"""Schedules and checklists in shipmate.toml: what they become, and every fault at once with what to write instead."""

from datetime import timedelta

import pytest

from bot.settings import load
from deployers.checklists import DAILY, WEEKLY, Item, Task
from tests.unit.bot.test_settings_faults import GOOD, said

ITEM = '{ probe = "disk" }'
FILE = GOOD + '\n[checklists.daily]\ntitle = "Morning"\nitems = [\n' + f"  {ITEM},\n]\n"


def read(tmp_path, text: str):
    file = tmp_path / "shipmate.toml"
    file.write_text(text, encoding="utf-8")
    return load({}, file)


def test_a_file_that_says_nothing_has_the_morning_check_and_the_weekly_one(tmp_path):
    settings = read(tmp_path, GOOD[: GOOD.index("[[schedules]]")])
    assert [(each.name, each.cron, each.checklist) for each in settings.schedules] == [
        ("morning", "0 9 * * mon-fri", "daily"),
        ("week", "0 9 * * mon", "weekly"),
    ]
    assert settings.checklists == {"daily": DAILY, "weekly": WEEKLY}


def test_a_schedule_speaks_in_the_channel_that_is_meant_by_its_name(tmp_path):
    named = '[slack.channels]\ndeployments = "ship-it"\n\n[[schedules]]\nname = "night"\nchannel = "nights"'
    settings = read(
        tmp_path, GOOD.replace("[[schedules]]", f'{named}\ncron = "0 1 * * *"\nchecklist = "daily"\n[[schedules]]')
    )
    assert [each.channel for each in settings.schedules] == ["nights", "ship-it"]


def test_no_schedules_means_none(tmp_path):
    text = "schedules = []\n" + GOOD[: GOOD.index("[[schedules]]")]
    assert read(tmp_path, text).schedules == ()


def test_a_checklist_takes_the_place_of_the_built_in_one(tmp_path):
    items = """
  { probe = "disk", attention = 70, bad = 80, environments = ["production"], advice = "Call gus." },
  { probe = "backup", attention = "30h" },
  { probe = "command", title = "Audit", run = "composer audit", timeout = "1m" },
  { person = "Read the mail", owner = "@devops" },"""
    settings = read(tmp_path, FILE.replace(f"  {ITEM},", items))
    daily = settings.checklists["daily"]
    assert daily.title == "Morning"
    assert daily.tasks == (Task("Read the mail", "@devops"),)
    assert daily.items == (
        Item("disk", attention=70, bad=80, environments=("production",), advice="Call gus."),
        Item("backup", attention=30 * 3600),
        Item("command", title="Audit", run="composer audit", timeout=timedelta(minutes=1)),
    )
    assert settings.checklists["weekly"] == WEEKLY


def test_a_checklist_of_ones_own_stands_beside_the_built_in_ones(tmp_path):
    settings = read(
        tmp_path, FILE.replace("checklists.daily", "checklists.month-end").replace('title = "Morning"\n', "")
    )
    assert settings.checklists["month-end"].title == "Month end"
    assert set(settings.checklists) == {"daily", "weekly", "month-end"}


@pytest.mark.parametrize(
    ("item", "wrong", "instead"),
    [
        ('{ probe = "disc" }', "there is no probe `disc`", "Did you mean `disk`?"),
        ('{ title = "Disk" }', "either a probe or something for a person", 'Write `{ probe = "disk" }`'),
        ('{ probe = "disk", person = "Look" }', "either a probe or something for a person", "Write"),
        ('{ probe = "disk", atention = 70 }', "unknown key `atention`", "Did you mean `attention`?"),
        ('{ probe = "disk", attention = "26h" }', "`26h` is not a percentage", "Write a number from 0 to 100"),
        ('{ probe = "disk", bad = 101 }', "101 is not a percentage", "Write a number from 0 to 100"),
        ('{ probe = "errors", bad = 1.5 }', "1.5 is not a count", "Write a whole number"),
        ('{ probe = "backup", bad = 3 }', "3 is not a duration", "Write a number with its unit"),
        ('{ probe = "queue", bad = 3 }', "has no thresholds", "Remove it"),
        ('{ probe = "disk", attention = 95 }', "it would be bad before it needs attention", "Write the worse figure"),
        ('{ probe = "certificate", bad = "30d" }', "it would be bad before it needs attention", "Write the worse"),
        ('{ probe = "command" }', "does not say what to run", "Write `run"),
        ('{ probe = "disk", run = "df" }', "`run` belongs to the probe `command`", "Remove it"),
        ('{ probe = "disk", pattern = "x" }', "`pattern` belongs to the probe `errors`", "Remove it"),
        ('{ probe = "disk", owner = "@devops" }', "`owner` belongs to something for a person", "Remove it"),
        ('{ person = "Look", bad = 3 }', "`bad` belongs to a probe", "Remove it"),
        (
            '{ probe = "disk", environments = ["prodction"] }',
            "no environment `prodction`",
            "Did you mean `production`?",
        ),
        ('{ person = "Look" }, { person = "Look" }', "stands here twice", "Remove one"),
        ('{ probe = "disk", timeout = "0s" }', "`0s` is no time at all", "Write a longer one"),
        (f'{{ person = "{"x" * 71}" }}', "`person` must have at most 70 characters", ""),
    ],
)
def test_a_fault_in_a_checklist_says_where_and_what_to_write_instead(tmp_path, item, wrong, instead):
    (fault,) = said(tmp_path, FILE.replace(ITEM, item))
    assert fault.startswith("shipmate.toml:37: ")
    assert wrong in fault
    assert instead in fault


@pytest.mark.parametrize(
    ("old", "new", "wrong", "instead"),
    [
        ('checklist = "daily"', 'checklist = "dayly"', "there is no checklist `dayly`", "Did you mean `daily`?"),
        ('checklist = "daily"\n', "", "a schedule does one thing", 'such as `checklist = "daily"`'),
        ('checklist = "daily"', 'drill = "nowhere"', "there is no environment `nowhere`", ""),
        ('checklist = "daily"', 'backup = "production"', "`production` has no backups", "[environments.production."),
        ("0 9 * * mon-fri", "0 9 30 2 *", "`0 9 30 2 *` never happens", "Write a day that the month has"),
        ('cron = "0 9', 'report = "weekly"\ncron = "0 9', "unknown key `report`", ""),
        (
            'name = "morning"',
            'name = "morning"\ncron = "0 8 * * *"\nchecklist = "weekly"\n[[schedules]]\nname = "morning"',
            "two schedules are called `morning`",
            "Write another name",
        ),
    ],
)
def test_a_fault_in_a_schedule_says_where_and_what_to_write_instead(tmp_path, old, new, wrong, instead):
    (fault,) = said(tmp_path, FILE.replace(old, new))
    assert wrong in fault
    assert instead in fault


def test_all_faults_of_checklists_are_said_at_once(tmp_path):
    text = FILE.replace(ITEM, '{ probe = "disc" }, { probe = "queue", bad = 1 }').replace('"daily"', '"dayly"')
    faults = said(tmp_path, text)
    assert len(faults) == 3
