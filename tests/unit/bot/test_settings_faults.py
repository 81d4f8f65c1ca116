"""What is wrong in shipmate.toml is said with its line, and with what to write instead."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import SettingsFaults, load
from bot.settings.lines import line_of, places
from bot.settings.words import cron, duration, git

GOOD = """\
[app]
name = "Sample"
git = "git@example.com:sample.git"
timezone = "UTC"

[roles]
deployer = ["U0ANA"]
approver = ["U0BEN"]

[environments.staging]
approvals = { required = 0 }
[environments.staging.ssh]
user = "deploy"
path = "/srv/app"
hosts = [{ name = "s1", address = "10.0.0.1" }]

[environments.production]
aliases = ["prod"]
after = "staging"
[environments.production.ssh]
user = "deploy"
path = "/srv/app"
batch = 1
hosts = [
  { name = "web1", address = "10.0.0.1", port = 80 },
  { name = "web2", address = "10.0.0.2" },
]

[[schedules]]
name = "morning"
cron = "0 9 * * mon-fri"
checklist = "daily"
"""


def said(tmp_path, text: str) -> list[str]:
    file = tmp_path / "shipmate.toml"
    file.write_text(text, encoding="utf-8")
    try:
        load({}, file)
    except SettingsFaults as faults:
        return [str(fault) for fault in faults.faults]
    return []


@pytest.mark.parametrize("long", [True, False])
def test_a_name_beside_which_no_other_fits_is_refused(tmp_path, long):
    live = "x" * (42 if long else 41)
    table = f'[environments.production.backup]\ndirectory = "/b"\nengine = "postgresql"\nlive = "{live}"\n'
    faults = said(tmp_path, GOOD.replace("[[schedules]]", f"{table}\n[[schedules]]"))
    assert bool(faults) is long
    assert all("servers cut names off" in fault for fault in faults)


@pytest.mark.parametrize(
    ("live", "good"),
    [
        ("app.db", False),
        ("database/app.db", False),
        ("storage", False),
        ("storage/../app.db", False),
        ("storage/app.db", True),
        ("../../shared/app.db", True),
        ("/srv/data/app.db", True),
    ],
)
def test_a_database_that_no_other_release_would_have_is_refused(tmp_path, live, good):
    recipe = '[recipes.web]\nshared = ["storage", { from = "app.production.db", to = "app.db" }]\n'
    table = f'[environments.production.backup]\ndirectory = "/b"\nengine = "sqlite"\nlive = "{live}"\n'
    faults = said(tmp_path, GOOD.replace("[[schedules]]", f"{recipe}\n{table}\n[[schedules]]"))
    assert ["such as `storage/" in fault for fault in faults] == ([] if good else [True])


def test_the_good_file_has_no_fault(tmp_path):
    assert said(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "wrong", "instead"),
    [
        ('name = "Sample"', "name = 3", 2, "must be text", 'name = "AskProAI"'),
        ('name = "Sample"\n', "", 1, "`name` is missing", 'name = "AskProAI"'),
        ("[roles]", "[rolls]", 6, "unknown key `rolls`", "`roles`"),
        ('timezone = "UTC"', 'timezone = "Mars"', 4, "time zone", "Europe/Berlin"),
        ('timezone = "UTC"', 'recipe = "laravle"', 4, "no recipe `laravle`", "`laravel`"),
        ('"git@example.com:sample.git"', '"ext::sh -c id"', 3, "not a git URL", "https://"),
        ('"git@example.com:sample.git"', '"--upload-pack=x"', 3, "not a git URL", "https://"),
        ('"git@example.com:sample.git"', '"https://u:p@example.com/x"', 3, "must not hold a password", "SSH"),
        ('["U0ANA"]', '["ana"]', 7, "names nobody", "U0OMAR"),
        ("deployer =", "deploier =", 7, "no role `deploier`", "`deployer`"),
        ('aliases = ["prod"]', 'aliases = ["staging"]', 18, "is an environment already", "another alias"),
        ('aliases = ["prod"]', 'recipe = "rails"', 18, "no recipe `rails`", "[recipes.rails]"),
        ('aliases = ["prod"]', 'strategy = "cannary"', 18, "no strategy", "`canary`"),
        ('aliases = ["prod"]', 'strategies = ["canary"]', 18, "not among", '"rolling"'),
        ('aliases = ["prod"]', "approvals = { required = 2 }", 18, "at most 1 can", "Lower `required`"),
        ('aliases = ["prod"]', 'approvals = { role = "aprover" }', 18, "nobody has the role", "`approver`"),
        ('aliases = ["prod"]', 'approvals = { expires = "soon" }', 18, "not a duration", "30m"),
        ('aliases = ["prod"]', 'approvals = { required = "1" }', 18, "whole number", ""),
        ('aliases = ["prod"]', "canary = { percentage = 0 }", 18, "is no share of the visitors", "from 1 to 99"),
        ('aliases = ["prod"]', "canary = { percentage = 100 }", 18, "is no share of the visitors", "from 1 to 99"),
        ('aliases = ["prod"]', "canary = { percentage = 101 }", 18, "is no share of the visitors", "from 1 to 99"),
        ('aliases = ["prod"]', "canary = { steps = [1, 50, 10] }", 18, "steps of a canary have to rise", "[1, 10, 50]"),
        ('aliases = ["prod"]', "canary = { success_rate = 100 }", 18, "no number of requests shows 100 %", "`99.5`"),
        ('aliases = ["prod"]', 'canary = { log = "/var/log/a.log" }', 18, "by the log of an nginx", 'kind = "nginx"'),
        (
            'aliases = ["prod"]',
            "canary = { endpoint = { requests = '{x}', errors = 'e' } }",
            18,
            "names no counter",
            "http_requests_total",
        ),
        ('aliases = ["prod"]', 'deployer = "ftp"', 18, "`ftp` is not known", "`ssh` or `github`"),
        ('aliases = ["prod"]', 'deployer = "github"', 17, "names no workflow", "github]"),
        ('aliases = ["prod"]', 'freezes = [{ days = ["fryday"] }]', 18, "not a day", "fri"),
        ('aliases = ["prod"]', 'health = { headers = { Authorization = "Bearer x" } }', 18, "holds a secret", "env:"),
        ('aliases = ["prod"]', 'health = { version = { json = "x" } }', 18, "in one place", "`file ="),
        ('aliases = ["prod"]', 'health = { window = "3s" }', 18, "do not fit", "longer `window`"),
        ('aliases = ["prod"]', 'rollback = { migrations = "yes" }', 18, "not known", "compatible"),
        ('after = "staging"', 'after = "stagging"', 19, "no environment", "`staging`"),
        ('after = "staging"', 'after = "production"', 19, "wait for each other", "Remove one"),
        ("batch = 1", 'batch = "0%"', 23, "not a batch", "25%"),
        ("port = 80", "port = 70000", 25, "at most 65535", ""),
        ("port = 80", 'port = "80"', 25, "whole number", ""),
        ('"10.0.0.2"', '"deploy@10.0.0.2:22"', 26, "not a host's address", "`ssh_port`"),
        ('name = "web2"', 'name = "web1"', 26, "two hosts", "another name"),
        ('address = "10.0.0.2"', 'adress = "10.0.0.2"', 26, "unknown key `adress`", "`address`"),
        ('"0 9 * * mon-fri"', '"0 24 * * *"', 31, "cannot be the hour", "0-23"),
        ('"0 9 * * mon-fri"', '"9:00"', 31, "not a cron line", "five fields"),
    ],
)
def test_a_fault_names_its_line_and_what_to_write_instead(tmp_path, old, new, line, wrong, instead):
    assert old in GOOD
    first, *_ = [each for each in said(tmp_path, GOOD.replace(old, new)) if wrong in each]
    assert first.startswith(f"shipmate.toml:{line}: ")
    assert instead in first


def test_all_faults_are_said_at_once_in_the_order_of_the_lines(tmp_path):
    text = GOOD.replace('"UTC"', '"Mars"').replace('"staging"', '"stging"').replace("port = 80", "port = 0")
    lines = [int(re.match(r"shipmate.toml:(\d+)", each)[1]) for each in said(tmp_path, text)]
    assert lines == [4, 19, 25]


def test_a_file_that_is_not_toml_names_the_line(tmp_path):
    only = said(tmp_path, GOOD.replace('timezone = "UTC"', "timezone = UTC"))
    assert [each[:16] for each in only] == ["shipmate.toml:4:"]


def test_an_approver_who_is_the_only_deployer_could_never_be_asked(tmp_path):
    alone = GOOD.replace('"U0ANA"', '"U0BEN"')
    assert "at most 0 can" in "".join(said(tmp_path, alone))
    allowed = alone.replace('aliases = ["prod"]', "approvals = { author_may_approve = true }")
    assert said(tmp_path, allowed) == []


def test_the_members_of_a_user_group_are_not_counted(tmp_path):
    grouped = GOOD.replace('["U0BEN"]', '["@release-managers"]').replace(
        'aliases = ["prod"]', "approvals = { required = 5 }"
    )
    assert said(tmp_path, grouped) == []


def test_every_key_of_a_text_has_its_line():
    text = 'a.b = 1 # x = 2\n["t.x"]\nk = """\nz = 1\n"""\n[[m]]\nv = [\n1,\n{ q = [2] },\n]\n[[m]]\n'
    text += "[m.n]\nw = 1979-05-27\n"
    tomllib.loads(text)
    found = places(text)
    assert found[("a", "b")] == 1
    assert found[("t.x", "k")] == 3
    assert ("t.x", "z") not in found
    assert found[("m", 0, "v", 1, "q", 0)] == 9
    assert found[("m", 1, "n", "w")] == 13
    assert line_of(found, ("m", 1, "n", "missing")) == 12
    assert line_of(found, ("nowhere",)) == 1


@given(st.lists(st.sampled_from(["[a]", "[[b]]", "k = 1", "x = { y = [1, 2] }", "# [z]", "", 's = "[q]"']), max_size=8))
def test_reading_lines_never_fails_on_what_the_parser_accepts(rows):
    text = "\n".join(rows)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert all(1 <= line <= len(rows) for line in places(text).values())


@pytest.mark.parametrize(
    ("text", "seconds"), [("2s", 2), ("30m", 1800), ("1h", 3600), ("1h30m", 5400), ("250ms", 0.25)]
)
def test_a_duration_is_a_number_with_its_unit(text, seconds):
    assert duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", [5, "5", "-1s", "1 h", "s", "", None, True, "１s"])
def test_anything_else_is_no_duration(text):
    with pytest.raises(ValueError, match="is not a duration"):
        duration(text)


@pytest.mark.parametrize(
    "text", ["* * * * *", "*/5 0-6 1,15 jan-mar sun", "0 9 * * 1-5", "0 0 * * 7", "0 0 * * fri-mon"]
)
def test_standard_cron_lines_are_accepted(text):
    assert cron(text) == text


@pytest.mark.parametrize(
    "text", ["60 * * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "5-1 * * * *", "@daily"]
)
def test_other_cron_lines_are_refused(text):
    with pytest.raises(ValueError, match="cron line"):
        cron(text)


@pytest.mark.parametrize(
    "url", ["git@github.com:a/b.git", "ssh://git@h:22/a", "https://h/a.git", "/srv/git/a.git", "file:///srv/a"]
)
def test_git_urls_that_hosts_may_fetch_from(url):
    assert git(url) == url


@pytest.mark.parametrize(
    "url", ["-x", "ext::sh", "http://example.com/a", "ssh://-oProxyCommand=x/a", "relative", "a b", "git@h:a\nb", 1]
)
def test_git_urls_that_they_may_not(url):
    with pytest.raises(ValueError, match="is not a git URL"):
        git(url)


@pytest.mark.parametrize("length", ["13h", "30s"])
def test_maintenance_that_lasts_too_long_or_hardly_at_all_is_a_fault(tmp_path, length):
    (fault,) = said(tmp_path, GOOD.replace('timezone = "UTC"', f'timezone = "UTC"\nmaintenance = "{length}"'))
    assert "between 1 minute and 12 hours" in fault
