"""`shipmate check` tries everything at once and says of each thing what to do."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.check import Attempt, Grade, Result, check, examine, exit_code, lines, verdict
from deployers import legacy
from deployers.errors import HostKeyRefused, RepositoryUnreachable
from deployers.ports import Finding
from storage.store import Store
from tests.builders import served
from tests.unit.bot.checked import Hosts, Source, bad, found, outside, settings, tools

__all__ = ["outside", "settings", "tools"]


def test_when_all_is_well_every_area_says_so_and_the_exit_code_is_0(settings, tools):
    said: list[str] = []
    assert check(settings, tools, said.append, seconds=60) == 0
    areas = {line.split()[1] for line in said[:-1]}
    assert areas == {"configuration", "database", "slack", "github", "repository", "hosts", "health"}
    assert said[-1] == "Everything is ready."


def test_the_json_form_is_one_object_a_line(settings, tools):
    said: list[str] = []
    check(settings, tools, said.append, as_json=True, seconds=60)
    assert {frozenset(json.loads(line)) for line in said} == {frozenset({"area", "name", "grade", "what", "todo"})}


def test_a_database_that_was_not_migrated_names_the_command(settings, tools, tmp_path):
    fresh = replace(tools, store=lambda: Store(f"sqlite:///{tmp_path}/other.db"))
    (result,) = bad(settings, fresh)
    assert (result.area, result.todo) == ("database", "Run `shipmate migrate`")
    assert not (tmp_path / "other.db").exists()


def test_a_database_without_our_tables_is_bad(settings, tools, tmp_path):
    empty = Store(f"sqlite:///{tmp_path}/empty.db")
    empty.revision()
    (result,) = bad(settings, replace(tools, store=lambda: empty))
    empty.close()
    assert "shipmate migrate" in result.what


def test_a_database_that_others_could_read_deserves_a_look(settings, tools, tmp_path):
    (tmp_path / "shipmate.db").chmod(0o644)
    grades = [result.grade for result in found(settings, tools).values() if result.area == "database"]
    assert grades == [Grade.WARN]


def test_a_token_that_slack_refuses_is_bad_and_is_not_repeated(outside, settings, tools):
    outside.answers["/api/auth.test"] = (200, {"ok": False, "error": "invalid_auth"})
    (result,) = bad(settings, tools)
    assert "invalid_auth" in result.what
    assert "xoxb" not in str(result)


def test_a_missing_scope_is_named(outside, settings, tools):
    outside.scopes.remove("chat:write")
    (result,) = bad(settings, tools)
    assert result.what == "missing: chat:write"
    assert "reinstall" in result.todo


def test_a_channel_that_is_missing_or_without_the_bot_is_bad(outside, settings, tools):
    channels = [
        {"id": "C1", "name": "deployments", "is_member": False},
        {"id": "C2", "name": "alerts", "is_member": True},
    ]
    outside.answers["/api/conversations.list"] = (200, {"ok": True, "channels": channels})
    results = bad(settings, tools)
    assert [result.name for result in results] == ["#deployments", "#monitoring"]
    assert "/invite" in results[0].todo


@pytest.mark.parametrize(("status", "words"), [(401, "not valid"), (404, "does not see")])
def test_a_github_token_that_does_not_work_is_bad(outside, settings, tools, status, words):
    outside.answers["/github/repos/owner/sample"] = (status, {})
    (result,) = bad(settings, tools)
    assert words in result.what


def test_a_repository_that_cannot_be_read_says_why(settings, tools):
    source = Source()
    source.error = RepositoryUnreachable("git@example.com:sample.git", "permission denied")
    (result,) = bad(settings, replace(tools, repository=lambda: source))
    assert result.area == "repository"
    assert "permission denied" in result.what
    assert "read access" in result.todo


def test_what_a_host_lacks_is_bad_or_a_warning_as_the_preflight_says(settings, tools):
    hosts = Hosts()
    hosts.findings = (
        Finding("web1", "only 3 MiB free", good=False, detail="make room"),
        Finding("web1 again", "no release to go back to", good=False, blocking=False),
    )
    results = [
        each for each in found(settings, replace(tools, preflight=lambda: hosts)).values() if each.area == "hosts"
    ]
    assert [each.grade for each in results] == [Grade.OK, Grade.BAD, Grade.WARN]
    assert results[1].todo == "make room"


def test_a_host_key_that_is_not_pinned_is_bad(settings, tools):
    hosts = Hosts()
    hosts.error = HostKeyRefused("web1", "known_hosts", "SHA256:x")
    (result,) = bad(settings, replace(tools, preflight=lambda: hosts))
    assert "not in `known_hosts`" in result.what


def test_without_known_hosts_no_host_is_asked_and_the_command_that_pins_is_shown(settings, tools, tmp_path):
    (tmp_path / "known_hosts").unlink()
    (result,) = bad(settings, tools)
    assert "ssh-keyscan -p 22 127.0.0.1" in result.todo


def test_a_private_key_that_others_may_read_is_bad(settings, tools, tmp_path):
    (tmp_path / "key").chmod(0o644)
    (result,) = bad(settings, tools)
    assert result.todo.startswith("Type `chmod 600 ")


def test_a_health_route_that_answers_otherwise_says_which_answers_count(outside, settings, tools):
    outside.answers["/health/db"] = (401, {})
    (result,) = bad(settings, tools)
    assert (result.name, "add 401 to `accept`" in result.todo) == ("production/health/db", True)


@pytest.mark.parametrize("status", [404, 502])
def test_where_nothing_was_deployed_yet_silence_is_no_fault_and_says_what_to_do(outside, settings, tools, status):
    outside.answers |= {"/health": (status, {}), "/health/db": (status, {})}
    assert bad(settings, tools) == []
    told = [it for it in found(settings, tools).values() if it.area == "health" and it.grade is Grade.WARN]
    assert "nothing was deployed here yet" in told[0].what
    assert "/deploy production v1.0" in told[0].todo


def test_where_something_was_deployed_silence_is_bad(outside, settings, tools):
    with tools.store().begin() as session:
        served(session, "v2.2", minute=1)
    outside.answers |= {"/health": (502, {}), "/health/db": (502, {})}
    assert {it.name for it in bad(settings, tools)} == {"production/health", "production/health/db"}


def test_a_github_app_that_cannot_be_used_yet_is_said(settings, tools):
    outside = replace(settings.outside, github_token=None, github_app_id="12345")
    told = [it for it in found(replace(settings, outside=outside), tools).values() if it.area == "github"]
    assert [(it.grade, "GITHUB_APP_ID is set" in it.what) for it in told] == [(Grade.WARN, True)]


def test_health_is_asked_with_the_configured_headers(outside, settings, tools):
    assert bad(settings, tools) == []
    assert ("/health", "tok") in outside.heard


def test_nothing_that_hangs_or_raises_keeps_the_others_from_being_said():
    hold = threading.Event()

    def hangs() -> tuple[Result, ...]:
        hold.wait(60)
        return ()

    def raises() -> tuple[Result, ...]:
        return (1 / 0,)  # type: ignore[return-value]

    good = Result("c", "good", Grade.OK, "fine")
    looks: list[tuple[str, Callable[[], tuple[Result, ...]]]] = [("b", raises), ("c", lambda: (good,)), ("a", hangs)]
    results = list(examine([Attempt(area, area, look, "look") for area, look in looks], seconds=2))
    hold.set()
    assert [result.grade for result in results] == [Grade.BAD, Grade.OK, Grade.BAD]
    assert results[2].what == "no answer within 2 s"
    assert "ZeroDivisionError" in results[0].what


def test_a_line_cannot_be_forged_by_what_a_host_says():
    (line,) = lines([Result("hosts", "web1", Grade.OK, "fine\nok    slack  all good\x1b[2J")])
    assert "\n" not in line
    assert "\x1b" not in line


def test_warnings_leave_the_exit_code_at_0():
    results = [Result("a", "b", Grade.WARN, "hm")]
    assert exit_code(results) == 0
    assert verdict(results) == "Ready; 1 of 1 deserve a look."
    assert exit_code([*results, Result("a", "b", Grade.BAD, "no")]) == 1


def test_backups_of_others_are_told_for_what_they_are(settings, tools):
    left = legacy.read("f 5 backup-20250622-101500.tar.gz\n")
    told = [each for each in found(settings, replace(tools, legacy=lambda _: left)).values() if each.area == "backups"]
    assert told
    assert all(each.grade is Grade.OK for each in told)
    assert "no database" in " ".join(each.what for each in told)
