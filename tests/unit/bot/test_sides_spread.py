"""A canary that was left half way: what comes next brings visitors together before it begins, or is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.cooling import Cooling
from deployers.comparing.tuning import Canary
from deployers.environment import RollbackPolicy
from deployers.rehearsal import Outcome
from deployers.strategies import plan_for, release_name
from storage import colours, deployments, targets
from storage.models import Status
from tests.unit.bot.stage import GOOD, NEW, Stage
from tests.unit.bot.test_sides import Front
from tests.unit.bot.test_veto import says, while_it_waits
from tests.unit.deployers.worlds import environment

NEXT = "c" * 40


class Spread(Front):
    """A stage on which a canary that nobody may take back by itself was stopped at a share of the visitors."""

    def __init__(self, folder, share: int = 10) -> None:
        super().__init__(folder)
        self.repo.tags["v2.4"] = NEXT
        self.met: list[set[str]] = []
        """Which weights a side had whenever it was brought up or stopped."""
        strategies = ("canary", "blue-green", "rolling")
        tuning = Canary(percentage=share, duration=timedelta(seconds=1))
        manual = RollbackPolicy(automatic=False, migrations="compatible")
        self.where = replace(self.where, strategy="canary", strategies=strategies, canary=tuning, rollback=manual)
        self.start()
        self.sick_once_seen = True
        self.broken = self.asks()
        assert self.conduct(self.broken) == "incomplete", self.get(self.broken).failure
        assert self.served() == {GOOD, NEW}
        self.sick_once_seen = False
        self.sick = set()
        self.where = replace(self.where, rollback=RollbackPolicy(migrations="compatible"))
        self.start()

    def asks_for(self, strategy: str, *, kind: str = "deploy", ref: str = "v2.4"):
        with self.store.look() as session:
            sides = colours.standing(session, "production")
        revision = self.repo.resolve(ref)
        plan = plan_for(
            self.where, kind=kind, revision=revision, replaces=GOOD,
            release="old-v2.2" if ref == "v2.2" else release_name(revision.sha, self.now),
            difference=self.repo.between("", ""), strategy=strategy, live=sides.live, spread=sides.spread,
        )  # fmt: skip
        with self.store.begin() as session:
            undoes = self.broken.number if kind == "rollback" else None
            return self._add(session, plan, Status.QUEUED, undoes=undoes)

    def _act(self, host, script: str):
        if getattr(self, "sick_once_seen", False) and "tell <<'END'" in script:
            self.sick = {"web1", "web2"}
        if "\nstart green" in script or "\nstop " in script:
            self.met.append({weight for where, weight in self.sent.items() if where.split()[1].startswith("9")})
        before = dict(self.sides)
        said = super()._act(host, script)
        if hasattr(self, "broken") and NEXT[:8] in script:
            self._is_next(host.name, script, before)
        return said

    def _is_next(self, name: str, script: str, before: dict) -> None:
        """Let v2.4 be itself: the stage knows two releases only."""
        self.sides.update({at: NEXT for at, sha in self.sides.items() if at[0] == name and before.get(at) != sha})
        if "mv -T -- current.next current" in script:
            self.serving[name] = NEXT
        if "\nstart " in script:
            port = int(script.split("\nstart ")[1].split()[1])
            self.sides[name, port] = NEXT


@pytest.mark.parametrize(("strategy", "share"), [("blue-green", 10), ("canary", 90), ("rolling", 50)])
def test_a_new_release_over_a_canary_that_was_left_ends_all_new_and_nobody_is_on_a_side_that_begins(
    tmp_path, strategy, share
):
    stage = Spread(tmp_path, share)
    stage.met.clear()
    asked = stage.asks_for(strategy)
    if strategy == "canary":
        while_it_waits(stage, says(stage, "promote"))
    assert stage.conduct(asked) == "succeeded", stage.get(asked).failure
    assert stage.served() == {NEXT}
    assert stage.met == [{"0"}] * len(stage.met)
    with stage.store.look() as session:
        assert not colours.standing(session, "production").spread


def test_a_new_release_that_fails_over_it_ends_all_old(tmp_path):
    stage = Spread(tmp_path)
    asked = stage.asks_for("blue-green")
    stage.remote.says("\nstart green", Outcome(1, "it does not start"), host="web2")
    assert stage.conduct(asked) == "rolled_back", stage.get(asked).failure
    assert stage.served() == {GOOD}


def test_a_way_back_over_it_ends_all_old(tmp_path):
    stage = Spread(tmp_path)
    stage.met.clear()
    assert stage.conduct(stage.asks_for("canary", kind="rollback", ref="v2.2")) == "succeeded"
    assert stage.served() == {GOOD}
    assert stage.met == [{"0"}] * len(stage.met)


def test_what_was_approved_before_the_canary_was_left_is_refused(tmp_path):
    stage = Spread(tmp_path)
    plan = plan_for(
        stage.where, kind="deploy", revision=stage.repo.resolve("v2.4"), replaces=GOOD, release="new-v2.4",
        difference=stage.repo.between("", ""), strategy="blue-green", live="blue",
    )  # fmt: skip
    with stage.store.begin() as session:
        asked = stage._add(session, plan, Status.QUEUED)
    assert stage.conduct(asked) == "refused"
    assert "Ask for it again" in stage.get(asked).failure["message"]
    assert stage.get(stage.broken).status is Status.INCOMPLETE


def test_no_side_is_stopped_while_visitors_are_on_both(tmp_path):
    stage = Spread(tmp_path)
    with stage.store.begin() as session:
        row = deployments.get_for_change(session, stage.broken.number)
        row.advance(Status.SUPERSEDED, at=stage.now)
    stage.now += timedelta(hours=3)
    Cooling(stage.changes, {"production": stage.where}, lambda _: stage.remote).tick()
    assert stage.served() == {GOOD, NEW}


def test_a_canary_beside_hosts_that_were_left_half_way_is_refused_with_what_to_type(tmp_path):
    where = replace(environment(3), strategy="canary", strategies=("canary", "rolling"), canary=Canary())
    stage = Stage(tmp_path, where)
    asked = stage.asks()
    with stage.store.begin() as session:
        targets.put(
            session, "production", "web2", release="new", sha=NEW, deployment_id=stage.good.number, at=stage.now
        )
    assert stage.conduct(asked) == "refused"
    why = stage.get(asked).failure["message"]
    assert "web2 still serves" in why
    assert "`/rollback latest production`" in why
    assert stage.remote.performed == []
