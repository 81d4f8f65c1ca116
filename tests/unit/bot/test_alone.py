"""Law 5: what makes production safe again does not wait for the database."""

from itertools import count
from threading import Event

import pytest

from bot.alone import BEGUN, ENDED
from deployers.rehearsal import Outcome
from storage import audit, locks
from storage.models import Status
from tests.unit.bot.stage import GOOD, NEW, Crash, Stage
from tests.unit.deployers.worlds import LARAVEL, environment

SWITCH = "mv -T -- current.next current"


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def when(stage: Stage, part: str, then, host: str = "") -> None:
    """Do something the first time that a script of the new release runs on a host."""
    original, done = stage._act, []

    def act(on, script):
        if part in script and "old-" not in script and host in ("", on.name) and not done:
            done.append(on.name)
            then()
        return original(on, script)

    stage.remote._act = act


def loses_the_database_and_turns_sick(stage: Stage, host: str = "web1") -> None:
    """Let the database go away with the first switch, and the new release be sick from then on."""

    def happen():
        stage.rows.away = True
        stage.sick = {"web1", "web2"}

    when(stage, SWITCH, happen, host)


def returns_once(stage: Stage, holds) -> None:
    """Let the database come back when something holds, looked at in every pause; or after very many of them."""
    pauses = count()

    def pause(_seconds):
        if holds() or next(pauses) > 5_000:
            stage.rows.away = False
        Event().wait(0.001)

    object.__setattr__(stage.crew, "pause", pause)


def is_back(stage: Stage) -> bool:
    return [action for action, _ in stage.spooled if action == ENDED] != []


def test_a_sick_release_goes_back_while_the_database_is_away_and_the_rows_follow(stage):
    loses_the_database_and_turns_sick(stage)
    seen = []

    def back_on_the_hosts():
        if is_back(stage):
            seen.append(dict(stage.serving))
        return is_back(stage)

    returns_once(stage, back_on_the_hosts)
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back"
    assert seen[0] == {"web1": GOOD, "web2": GOOD}
    child, after = stage.rollback_of(asked), stage.get(asked)
    assert (after.status, after.bad, after.undone_by) == (Status.ROLLED_BACK, True, child.number)
    assert child.status is Status.SUCCEEDED
    assert "went back without it" in after.failure["message"]
    assert stage.performed_twice() == []
    with stage.store.look() as session:
        assert locks.holder(session, "production") is None
        assert audit.verify(session).broken_at is None


def test_what_was_done_without_the_database_is_spooled_before_and_after(stage):
    loses_the_database_and_turns_sick(stage)
    returns_once(stage, lambda: is_back(stage))
    stage.conduct(stage.asks())
    actions = [action for action, _ in stage.spooled]
    assert actions[0] == "database.away"
    assert actions[-2:] == [BEGUN, ENDED]
    begun = dict(stage.spooled)[BEGUN]
    assert (begun["way"], begun["targets"], begun["code"]) == ("back", ["web1"], "unhealthy")


@pytest.mark.parametrize("dying_at", [BEGUN, "the switch back", ENDED])
def test_who_dies_on_the_way_back_without_the_database_is_followed_by_who_finds_it_on_the_hosts(stage, dying_at):
    loses_the_database_and_turns_sick(stage)

    def dies(action):
        if action == dying_at:
            raise Crash

    stage.on_spool = dies
    perform = stage.remote.perform

    def dies_at_the_switch(host, operations, authority, *, heard=lambda _: None):
        told = perform(host, operations, authority, heard=heard)
        if dying_at == "the switch back" and authority.deployment.endswith("-back"):
            raise Crash
        return told

    stage.remote.perform = dies_at_the_switch
    asked = stage.asks()
    with pytest.raises(Crash):
        stage.conduct(asked)
    assert stage.get(asked).status is Status.RUNNING
    stage.on_spool, stage.remote.perform = print, perform
    stage.start()
    assert stage.conduct(asked) == "rolled_back"
    assert stage.rollback_of(asked).status is Status.SUCCEEDED
    assert stage.serving == {"web1": GOOD, "web2": GOOD}
    assert stage.performed_twice() == []


def test_a_way_back_that_only_the_hosts_remember_is_gone_to_its_end_even_if_the_release_is_well_again(stage):
    loses_the_database_and_turns_sick(stage)

    def dies(action):
        if action == ENDED:
            raise Crash

    stage.on_spool = dies
    asked = stage.asks()
    with pytest.raises(Crash):
        stage.conduct(asked)
    stage.sick = set()
    object.__setattr__(stage.where.health, "version", None)
    stage.start()
    assert stage.conduct(asked) == "rolled_back"
    assert "its hosts say so" in stage.get(asked).failure["message"]


def test_a_release_that_stays_well_goes_on_once_the_database_is_back(stage):
    """Nothing goes forward meanwhile: the second host is switched only then."""
    looks = []

    def loses():
        stage.rows.away = True

    when(stage, SWITCH, loses, "web1")

    def enough():
        looks.append(stage.serving["web2"])
        return len(looks) > 30

    returns_once(stage, enough)
    asked = stage.asks()
    assert stage.conduct(asked) == "succeeded"
    assert set(looks[:30]) == {GOOD}
    assert stage.serving == {"web1": NEW, "web2": NEW}
    assert stage.performed_twice() == []
    assert [action for action, _ in stage.spooled if action == BEGUN] == []


def test_a_database_that_hangs_counts_as_away_where_production_waits_for_it(stage):
    """Its answers come late, and the one who waited for them writes nothing more."""
    lets_go = Event()

    def happen():
        stage.rows.stuck = lets_go
        stage.sick = {"web1", "web2"}

    when(stage, SWITCH, happen, "web1")

    def answers_again(action):
        if action == ENDED:
            stage.rows.stuck = None
            lets_go.set()

    stage.on_spool = answers_again
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back"
    assert stage.serving == {"web1": GOOD, "web2": GOOD}
    assert stage.performed_twice() == []


def test_an_abort_that_asked_to_go_back_goes_back_without_the_database(stage):
    from storage import deployments

    asked = stage.asks()

    def happen():
        with stage.store.begin() as session:
            row = deployments.get_for_change(session, asked.number)
            row.aborted_by, row.abort_back = "U0BEN", True

    when(stage, SWITCH, happen, "web1")
    # The abort is read, and then the database goes away.
    original = stage.remote.abort

    def abort(host, authority):
        stage.rows.away = not is_back(stage)
        original(host, authority)

    stage.remote.abort = abort
    returns_once(stage, lambda: is_back(stage))
    assert stage.conduct(asked) == "rolled_back"
    assert stage.serving == {"web1": GOOD, "web2": GOOD}
    assert dict(stage.spooled)[BEGUN]["code"] == "aborted"


def test_visitors_are_let_in_again_when_only_the_database_keeps_them_waiting(tmp_path):
    stage = Stage(tmp_path, environment(1, recipe=LARAVEL, health=None))

    def happen():
        stage.rows.away = True

    when(stage, "php artisan down", happen)
    up = [0]

    def back():
        up[0] = sum("php artisan up" in line for line in stage.remote.lines)
        return up[0] > 0

    returns_once(stage, back)
    asked = stage.asks()
    assert stage.conduct(asked) == "failed"
    assert stage.get(asked).failure["code"] == "database_away"
    assert not any(SWITCH in line for line in stage.remote.lines)


def test_nothing_is_done_without_the_database_before_visitors_notice_anything(stage):
    def happen():
        stage.rows.away = True

    when(stage, "sh build.sh", happen, "web1")
    waited = []

    def enough():
        waited.append(len(stage.remote.lines))
        return len(waited) > 5

    returns_once(stage, enough)
    assert stage.conduct(stage.asks()) == "succeeded"
    assert stage.spooled == []


def test_a_way_back_that_fails_without_the_database_calls_a_person_when_it_is_there_again(stage):
    loses_the_database_and_turns_sick(stage)
    returns_once(stage, lambda: is_back(stage))
    stage.remote.says("svc restart web", Outcome(1, "no"), host="web1")
    asked = stage.asks()
    assert stage.conduct(asked) == "incomplete"
    assert stage.rollback_of(asked).status is Status.FAILED
    with stage.store.look() as session:
        assert locks.holder(session, "production").deployment_id == asked.number
