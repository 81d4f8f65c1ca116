"""Visitors on a side that no row calls served: nothing is touched under them, and the way back leads off it."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from bot.cooling import Cooling
from deployers.environment import RollbackPolicy
from deployers.rehearsal import Outcome
from deployers.strategies import plan_for
from storage import colours, freezes
from storage.models import FreezeRecord, Status
from tests.unit.bot.stage import GOOD, NEW
from tests.unit.bot.test_alone import returns_once, when
from tests.unit.bot.test_sides import SIDED, Front
from tests.unit.bot.test_veto import says, while_it_waits


class Left(Front):
    """A stage on which a release that nobody may take back by itself went wrong, with every visitor on its side."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.where = replace(self.where, rollback=RollbackPolicy(automatic=False))
        self.start()
        self.remote.says("svc restart web", Outcome(1, "no"), host="web2", times=1)
        self.broken = self.asks()
        assert self.conduct(self.broken) == "incomplete"
        assert self.served() == {NEW}
        self.started: list[str] = []

    def _act(self, host, script: str):
        if "\nstart " in script and hasattr(self, "started"):
            self.started.append(script.split("\nstart ")[1].split(maxsplit=1)[0])
        return super()._act(host, script)

    def asks_live(self, *, kind: str, release: str, sha: str):
        with self.store.look() as session:
            live = colours.live(session, "production")
        plan = plan_for(
            self.where, kind=kind, revision=replace(self.repo.resolve("v2.2"), sha=sha), replaces=GOOD, release=release,
            difference=self.repo.between("", ""), strategy="blue-green", live=live,
        )  # fmt: skip
        with self.store.begin() as session:
            return self._add(session, plan, Status.QUEUED, undoes=self.broken.number if kind == "rollback" else None)

    def goes_back(self):
        return self.asks_live(kind="rollback", release="old-v2.2", sha=GOOD)


@pytest.fixture
def left(tmp_path):
    return Left(tmp_path)


def test_a_persons_way_back_sends_visitors_to_the_side_that_is_still_warm(left):
    assert left.conduct(left.goes_back()) == "succeeded"
    assert left.served() == {GOOD}
    assert set(left.started) == {"blue"}
    with left.store.look() as session:
        assert colours.live(session, "production") == "blue"


def test_a_way_back_that_fails_before_the_switch_stops_nothing_and_leaves_it_open(left):
    left.remote.says("sh build.sh", Outcome(1, "no such package"))
    left.remote.says("blue serves", Outcome(1, "it does not start"))
    asked = left.goes_back()
    assert left.conduct(asked) == "incomplete", left.get(asked).failure
    left.now += timedelta(hours=3)
    Cooling(left.changes, {"production": left.where}, lambda _: left.remote).tick()
    assert left.served() == {NEW}


def test_a_database_is_taken_back_on_the_side_that_serves(tmp_path):
    recipe = replace(SIDED, migrate_back=("python3 migrate.py --back {steps}",), applied_migrations="list-applied")
    stage = Front(tmp_path)
    stage.where = replace(stage.where, recipe=recipe)
    stage.start()
    assert stage.conduct(stage.asks()) == "succeeded"
    with stage.store.look() as session:
        assert colours.live(session, "production") == "green"
    stage.repo.migrations = ("migrations/007_names.sql",)
    stage.remote.says("python3 migrate.py", Outcome(1, "no such table"), times=1)
    stage.remote.says("list-applied", Outcome(0, "007_names\n"))
    while_it_waits(stage, says(stage, "step_back"))
    stage.repo.tags["v2.4"] = "c" * 40
    plan = plan_for(
        stage.where, kind="deploy", revision=stage.repo.resolve("v2.4"), replaces=NEW, release="new-v2.4",
        difference=stage.repo.between("", ""), strategy="blue-green", live="green",
    )  # fmt: skip
    with stage.store.begin() as session:
        asked = stage._add(session, plan, Status.QUEUED)
    assert stage.conduct(asked) == "rolled_back", stage.get(asked).failure
    with stage.store.look() as session:
        assert colours.live(session, "production") == "green"


def test_a_freeze_that_begins_after_visitors_were_sent_over_takes_nothing_back(tmp_path):
    stage = Front(tmp_path)
    stage.where = replace(stage.where, recipe=replace(SIDED, migrate=()))
    stage.start()
    original = stage._act

    def freezes_then(host, script):
        if "tell <<'END'" in script:
            row = FreezeRecord(environment="production", by="U0OMAR", reason="a sale", since=stage.now)
            with stage.store.begin() as session:
                freezes.put(session, row)
        return original(host, script)

    stage.remote._act = freezes_then
    asked = stage.asks()
    assert stage.conduct(asked) == "succeeded", stage.get(asked).failure
    assert stage.served() == {NEW}


def test_without_a_database_the_side_that_visitors_were_sent_to_is_looked_at(tmp_path):
    stage = Front(tmp_path)
    when(stage, "tell <<'END'", lambda: setattr(stage.rows, "away", True))
    pauses = count()
    returns_once(stage, lambda: next(pauses) > 100)
    asked = stage.asks()
    assert stage.conduct(asked) == "succeeded", stage.get(asked).failure
    assert [action for action, _ in stage.spooled] == ["database.away"]
    assert stage.served() == {NEW}
