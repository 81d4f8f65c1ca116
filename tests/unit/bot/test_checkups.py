"""A check that is wanted is done by whoever leads: outside any transaction, once, and also after a crash."""

import pytest
from sqlalchemy import text

from bot.check_cards import drawing
from bot.checkups import MOST_ATTEMPTS
from deployers.checklists import BUILT_IN, Checklist, Item, Posted, Task
from deployers.errors import Fenced
from deployers.findings import State
from deployers.rehearsal import Outcome, Rehearsal
from storage import checklists, leadership
from storage.errors import NotMigrated
from storage.models import RunState
from tests.builders import NOW, served, sha_of
from tests.unit.bot.checkup_scene import DAY, Scene


@pytest.fixture
def scene(store) -> Scene:
    return Scene(store)


def test_a_check_that_is_wanted_is_done_and_its_card_is_asked_for(scene):
    number = scene.wants("a")
    assert scene.works() == 1
    assert scene.run(number).state is RunState.DONE
    assert {probe: it.state for probe, it in scene.findings(number).items()} == {
        "deployments": State.GOOD,
        "errors": State.ATTENTION,
        "queue": State.GOOD,
    }
    assert scene.cards() == [f"checklist:{number}"]
    assert scene.works() == 0


def test_nobody_is_asked_while_a_transaction_is_open(scene):
    """Another writer comes through while hosts are being asked: SQLite has only one at a time."""
    seen = []

    def write(remote: Rehearsal) -> None:
        with scene.store.begin() as session:
            seen.append(leadership.beat(session, scene.epoch, NOW))

    scene.prepare = write
    scene.wants("a")
    scene.works()
    assert seen == [True]


def test_a_bot_that_is_killed_while_it_looks_posts_once_after_its_restart(scene):
    class Killed(BaseException):
        pass

    def die(remote: Rehearsal) -> None:
        raise Killed

    number = scene.wants("a")
    scene.prepare = die
    with pytest.raises(Killed):
        scene.works()
    assert scene.run(number).state is RunState.WANTED
    assert scene.cards() == []
    scene.leads()
    scene.prepare = lambda _: None
    scene.works()
    scene.works()
    assert scene.cards() == [f"checklist:{number}"]


def test_a_bot_that_slept_through_a_change_of_leader_writes_nothing(scene):
    number, old = scene.wants("a"), scene.epoch
    scene.prepare = lambda _: scene.leads()
    with pytest.raises(Fenced):
        scene.works(epoch=old)
    assert scene.run(number).state is RunState.WANTED
    scene.prepare = lambda _: None
    scene.works()
    assert scene.cards() == [f"checklist:{number}"]


def test_a_check_that_kills_whoever_looks_is_given_up_and_says_so(scene):
    number = scene.wants("a")
    with scene.store.begin() as session:
        run = checklists.get_for_change(session, number)
        run.attempts = MOST_ATTEMPTS
        session.add(run)
    scene.works()
    assert scene.findings(number)["check"].said == "I broke off 3 times while I was looking, so I stopped trying."
    assert scene.remotes == []


def test_a_bug_of_mine_is_told_on_the_card(scene, caplog):
    def breaks(remote: Rehearsal) -> None:
        raise ZeroDivisionError

    number = scene.wants("a")
    scene.prepare = breaks
    scene.works()
    assert scene.findings(number)["check"].state is State.UNKNOWN
    assert "ZeroDivisionError" in caplog.text


def test_a_check_whose_rows_cannot_be_read_says_nothing_and_is_done_once_they_can(scene):
    number = scene.wants("a")
    rename(scene, "lock", "lock_away")
    with pytest.raises(NotMigrated):
        scene.works()
    assert (scene.run(number).state, scene.cards()) == (RunState.WANTED, [])
    rename(scene, "lock_away", "lock")
    scene.works()
    assert scene.findings(number)["deployments"].state is State.GOOD
    assert scene.cards() == [f"checklist:{number}"]


def rename(scene: Scene, table: str, name: str) -> None:
    """Take a table away, or put it back."""
    with scene.store.begin() as session:
        session.execute(text(f'ALTER TABLE "{table}" RENAME TO "{name}"'))


def test_a_checklist_that_is_gone_by_then_is_told_on_the_card(scene):
    number = scene.wants("a", "yearly")
    scene.works()
    assert scene.findings(number)["check"].said == "The checklist yearly is no longer configured."


def test_only_the_environment_that_was_asked_for_is_looked_at(scene):
    number = scene.wants("a", environment="staging")
    scene.works()
    assert list(scene.findings(number)) == ["deployments"]


def test_what_should_run_and_what_was_deployed_is_known_from_the_rows(scene):
    with scene.store.begin() as session:
        served(session, "v2.3", minute=-30)
    scene.lists["daily"] = Checklist("daily", "Morning check", (Item("deployments"), Item("versions")))
    scene.prepare = lambda remote: remote.says("REVISION", Outcome(output=f"{sha_of('v2.3')} r1\n"))
    number = scene.wants("a")
    scene.works()
    assert scene.findings(number)["deployments"].said == "1 succeeded"
    assert scene.findings(number)["versions"].said == f"v2.3 ({sha_of('v2.3')[:7]})"


def test_a_check_goes_on_where_the_clocks_last_one_stopped(scene):
    scene.wants("a")
    scene.works()
    scene.now += DAY
    scene.prepare = lambda remote: remote.says("known=11 old=40", Outcome(output="11 60 0\n0\n"))
    asked = scene.wants("b", schedule="", asked_by="U0ANA")
    scene.works()
    assert scene.run(asked).since == NOW
    assert scene.findings(asked)["errors"].said == "no error lines on both hosts"
    scene.now += DAY
    clock = scene.wants("c")
    scene.works()
    assert scene.run(clock).since == NOW


def test_where_reading_stopped_is_kept_for_hosts_that_were_away_once(scene):
    scene.wants("a")
    scene.works()
    scene.prepare = lambda remote: remote.down.update({"web2"})
    number = scene.wants("b")
    scene.works()
    assert scene.findings(number)["errors"].marks == {"web1": "11 40", "web2": "11 40"}


# What people tick


def test_tasks_are_raised_with_the_first_check_and_stay_until_they_are_ticked(scene):
    first = scene.wants("a", "weekly", "week")
    scene.works()
    scene.ticks("Plan the week")
    scene.now += 7 * DAY
    second = scene.wants("b", "weekly", "week")
    scene.works()
    assert scene.tasks(first) == ["Review pull requests", "Plan the week"]
    assert scene.tasks(second) == ["Review pull requests", "Plan the week"]
    review, plan = (scene.run(second).points, scene.run(first).points)
    assert review[0] == plan[0], "what nobody ticked is the same point"
    assert review[1] != plan[1], "what was ticked is asked for anew"


def test_a_check_on_demand_raises_nothing_anew(scene):
    scene.wants("a", "weekly", "week")
    scene.works()
    scene.ticks("Plan the week")
    asked = scene.wants("b", "weekly", "", asked_by="U0ANA")
    scene.works()
    with scene.store.look() as session:
        points = checklists.points(session, checklists.get(session, asked))
    assert [(it.text, it.ticked_by) for it in points] == [("Review pull requests", None), ("Plan the week", "U0ANA")]


def test_a_task_that_is_no_longer_configured_stays_until_it_is_ticked(scene):
    scene.wants("a", "weekly", "week")
    scene.works()
    scene.lists["weekly"] = Checklist("weekly", "Weekly check", (Item("locks"),), (Task("Something else"),))
    number = scene.wants("b", "weekly", "week")
    scene.works()
    assert scene.tasks(number) == ["Review pull requests", "Plan the week", "Something else"]


def test_a_check_of_one_environment_has_no_tasks(scene):
    number = scene.wants("a", "weekly", "", environment="production")
    scene.works()
    assert scene.tasks(number) == []


# The card


def test_a_card_is_drawn_from_the_rows_with_the_version_that_it_shows(scene):
    number = scene.wants("a", "weekly", "week", missed=["2026-11-23T09:00"], missed_count=1)
    scene.works()
    drawn = drawing(scene.store, Posted(scene.lists), "Europe/Berlin")(number)
    assert drawn.version == scene.run(number).version
    assert "Weekly check, Tue 24 Nov" in drawn.text
    assert "I missed 1 check before it: Mon 23 Nov 09:00." in drawn.text
    assert "☐ Plan the week" in drawn.text
    scene.ticks("Plan the week")
    assert "☑ Plan the week" in drawing(scene.store, Posted(scene.lists), "UTC")(number).text


def test_a_card_of_a_checklist_that_is_gone_is_drawn_all_the_same(scene):
    number = scene.wants("a", "yearly")
    scene.works()
    assert "yearly, Tue 24 Nov" in drawing(scene.store, Posted(BUILT_IN), "UTC")(number).text
