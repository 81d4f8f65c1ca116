"""Hosts that die: before anything was switched, after the first switch, in a migration; or that are not themselves."""

import pytest

from tests.scenarios.held import migrating

pytestmark = pytest.mark.slow


def test_a_host_that_dies_before_anything_was_switched_and_comes_back_builds_again(scene):
    scene.pushes_held("held")
    number = scene.begins("held")
    scene.holds()
    web2 = scene.world.host("web2")
    web2.goes_away()
    scene.serves(None, "web2")
    web2.comes_back()
    scene.serves("v2.2")
    scene.lets_go()
    scene.comes_to(number, "succeeded")
    scene.serves("held")
    assert scene.rows("SELECT max(attempt) FROM step WHERE kind = 'build' AND target = 'web1'") == [(1,)]
    assert scene.rows("SELECT max(attempt) FROM step WHERE kind = 'build' AND target = 'web2'") == [(2,)]


def test_a_host_that_dies_after_its_switch_is_not_called_a_success_and_one_command_mends_it(scene):
    number = scene.begins("v2.3")
    web1 = scene.world.host("web1")
    watched = "SELECT id FROM step WHERE deployment_id = ? AND kind = 'verify' AND target = 'web1'"
    scene.until("web1 to be watched", lambda: scene.rows(watched, number))
    web1.goes_away()
    scene.comes_to(number, "incomplete")
    scene.shows(number, "web1", "`/rollback latest production`")
    scene.sees("Next: `/rollback latest production`", "alerts")
    scene.serves("v2.2", "web2")
    web1.comes_back()
    scene.serves("v2.3", "web1")
    scene.goes_back()
    scene.serves("v2.2")
    scene.shows(number, "gave way")


def test_a_migration_whose_end_nobody_saw_waits_for_a_person_who_can_tell_from_a_shell(scene):
    scene.pushes("held", migrating(scene, "held"))
    number = scene.begins("held")
    scene.holds("web1")
    web1 = scene.world.host("web1")
    web1.goes_away()
    web1.comes_back()
    scene.comes_to(number, "unknown")
    [(place,)] = scene.rows("SELECT number FROM step WHERE deployment_id = ? AND state = 'unknown'", number)
    scene.shows(number, "It ran on web1", "It did not run on web1")
    scene.sees("The host lost the step's record")
    scene.serves("v2.2")
    scene.lets_go()
    code, printed = scene.shipmate("resolve", str(number), f"{place}.web1", "did-not-run")
    assert (code, "did not run" in printed) == (0, True)
    scene.comes_to(number, "succeeded")
    scene.serves("held")
    [(who, _, detail)] = scene.audited("step.resolved")
    assert (who, detail["became"], detail["origin"]) == ("U0OMAR", "did-not-run", "cli")


def test_a_host_that_shows_another_key_is_not_trusted(scene):
    scene.world.host("web2").changes_its_host_key()
    scene.says("ana", "/deploy production v2.3")
    scene.is_told("ana", "web2", "host key", "known_hosts")
    assert (scene.refusals("ana"), scene.unfinished()) == (["preflight"], [])
