"""Sides and balancers as they are played: the straight way, the ways out, a crash and a host that dies anywhere."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import occupancy
from bot.cooling import Cooling
from deployers.environment import Balancer, Host, RollbackPolicy
from deployers.plan import ColourStop
from deployers.rehearsal import Outcome
from deployers.runner import DEADLINES
from storage import colours, deployments, locks
from storage.models import Deployment, Status
from tests.unit.bot.stage import GOOD, NEW, Crash, Stage
from tests.unit.deployers.worlds import WEB, environment

PLAIN = replace(WEB, candidate_start=(), candidate_stop=())
SIDED = replace(PLAIN, colour_start=("start {colour} {port}",), colour_stop=("stop {colour}",))


class Front(Stage):
    """A stage behind a balancer, which is told by files of servers and counts where visitors go."""

    def __init__(self, folder, strategy: str = "blue-green") -> None:
        self.sent: dict[str, str] = {}
        """What the balancer was told last, server by server; and whatever it refuses is in `refuses`."""
        self.refuses = False
        where = environment(2, recipe=SIDED if strategy == "blue-green" else PLAIN)
        balancer = Balancer("commands", (Host("lb1", "10.0.0.9"),), tell="balance", active="count")
        policy = RollbackPolicy(migrations="compatible")
        self.sides: dict[tuple[str, int], str] = {}
        super().__init__(
            folder, replace(where, balancer=balancer, strategy=strategy, strategies=(strategy,), rollback=policy)
        )
        self.sides = {(host.name, host.port): GOOD for host in where.hosts}
        self.sent = {f"{host.name} {host.port}": "100" for host in where.hosts}

    def served(self) -> set[str]:
        """Return which releases visitors get."""
        places = [tuple(where.split()) for where, weight in self.sent.items() if weight != "0"]
        return {self.sides.get((name, int(port)), "nothing") for name, port in places}

    def _act(self, host, script: str):
        if "tell <<'END'" in script:
            if self.refuses:
                return Outcome(71, "it refuses")
            rows = [line.split() for line in script.split("tell <<'END'\n")[1].splitlines()[:-1]]
            self.sent = {f"{name} {port}": weight for name, _, _, port, weight in rows}
        release = GOOD if "old-" in script else NEW
        if started := re.search(r"^start (\w+) (\d+)", script, re.MULTILINE):
            self.sides[host.name, int(started[2])] = release
        if "svc restart web" in script and not self.where.recipe.colour_start:
            self.sides[host.name, host.port] = self.serving[host.name]
        if stopped := re.search(r"^stop (\w+)", script, re.MULTILINE):
            self.sides.pop((host.name, host.candidate_port if stopped[1] == "green" else host.port), None)
        return super()._act(host, script)

    def _answer(self, request):
        name, port = request.extensions["host"], request.url.port
        sha = self.sides.get((name, port), "")
        if name in self.sick and sha == NEW:
            return self._said(503, "")
        return self._said(200 if sha else 404, sha)

    def _said(self, status: int, sha: str):
        import httpx

        return httpx.Response(status, json={"sha": sha})

    def plan_steps(self, asked: Deployment) -> list[tuple[str, str, str]]:
        return [(it.kind, it.target, it.state.value) for it in self.records(asked)]


STRATEGY = pytest.mark.parametrize("strategy", ["blue-green", "rolling"])


@STRATEGY
def test_a_good_release_is_what_every_visitor_gets(tmp_path, strategy):
    stage = Front(tmp_path, strategy)
    asked = stage.asks()
    assert stage.conduct(asked) == "succeeded", stage.get(asked).failure
    assert stage.served() == {NEW}
    assert stage.serving == {"web1": NEW, "web2": NEW}
    with stage.store.look() as session:
        assert colours.live(session, "production") == ("green" if strategy == "blue-green" else "")
        assert locks.holder(session, "production") is None


def test_a_release_that_is_sick_before_anybody_is_sent_to_it_is_stopped_and_nobody_noticed(tmp_path):
    stage = Front(tmp_path)
    stage.sick = {"web2"}
    asked = stage.asks()
    assert stage.conduct(asked) == "failed"
    assert stage.served() == {GOOD}
    assert [side for side, sha in stage.sides.items() if sha == NEW] == []
    assert "shift" not in {kind for kind, _, _ in stage.plan_steps(asked)}


@STRATEGY
def test_a_release_that_turns_sick_later_is_left_by_every_visitor(tmp_path, strategy):
    stage = Front(tmp_path, strategy)
    original = stage._act

    def turns_sick(host, script):
        if "mv -T -- current.next current" in script and "old-" not in script:
            stage.sick = {"web1", "web2"}
        return original(host, script)

    stage.remote._act = turns_sick
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back", stage.get(asked).failure
    assert stage.served() == {GOOD}
    assert set(stage.sent) == {"web1 8001", "web2 8002"} or stage.sent["web1 8001"] == "100"
    assert stage.serving == {"web1": GOOD, "web2": GOOD}


def test_a_balancer_that_refuses_and_says_so_has_done_nothing(tmp_path):
    stage = Front(tmp_path)
    stage.refuses = True
    asked = stage.asks()
    assert stage.conduct(asked) == "failed"
    assert stage.served() == {GOOD}
    assert ("colour_stop", "web1", "succeeded") in stage.plan_steps(asked)


def test_a_host_that_was_taken_out_and_not_switched_is_put_in_again(tmp_path):
    stage = Front(tmp_path, "rolling")
    stage.remote.says("count()", Outcome(1, "no"))
    asked = stage.asks()
    assert stage.conduct(asked) == "failed"
    assert stage.sent == {"web1 8001": "100", "web2 8002": "100"}


def a_story(stage: Front, story: str) -> Deployment:
    if story == "sick":
        stage.remote.says("svc restart web", Outcome(1, "no"), host="web2", times=1)
    return stage.asks()


@pytest.mark.slow
@STRATEGY
@pytest.mark.parametrize(("story", "ending"), [("good", "succeeded"), ("sick", "rolled_back")])
def test_a_crash_at_any_transaction_goes_on_where_it_was(tmp_path, strategy, story, ending):
    """Kill it at every ninth transaction, in turn: batches that are done stay done, and no step runs twice."""
    (tmp_path / "whole").mkdir()
    whole = Front(tmp_path / "whole", strategy)
    assert whole.conduct(a_story(whole, story)) == ending
    for place in range(3, whole.rows.asked, 9):
        folder = tmp_path / f"{place}"
        folder.mkdir()
        stage = Front(folder, strategy)
        asked = a_story(stage, story)
        stage.rows.crash_at, stage.rows.after = place, True
        with pytest.raises(Crash):
            stage.conduct(asked)
        stage.start()
        assert stage.conduct(asked) == ending, place
        assert stage.performed_twice() == []
        assert stage.served() == whole.served()
        assert set(stage.sent.values()) == set(whole.sent.values())


@pytest.mark.slow
@STRATEGY
@pytest.mark.parametrize("who", ["web1", "web2", "lb1"])
def test_a_host_that_dies_anywhere_leaves_all_old_all_new_or_asks_a_person_with_the_lock_kept(tmp_path, strategy, who):
    (tmp_path / "whole").mkdir()
    whole = Front(tmp_path / "whole", strategy)
    whole.conduct(whole.asks())
    for count in range(len(whole.remote.performed)):
        folder = tmp_path / f"{count}"
        folder.mkdir()
        stage = Front(folder, strategy)
        stage.remote._act = dies_after(stage, who, count)
        asked = stage.asks()
        ending = stage.conduct(asked)
        with stage.store.look() as session:
            kept = locks.holder(session, "production") is not None
        alive = {name: sha for name, sha in stage.serving.items() if name != who}
        match ending:
            case "succeeded":
                assert stage.served() == {NEW}
            case "incomplete" | "unknown":
                assert kept, (count, ending)
                assert stage.get(asked).failure, (count, ending)
            case _:
                assert (ending, kept) in {("failed", False), ("rolled_back", False)}, count
                assert set(alive.values()) == {GOOD}, (count, ending)
                assert stage.served() == {GOOD}, (count, ending)


def dies_after(stage: Front, who: str, count: int) -> Callable[..., Outcome]:
    original, begun = stage._act, [0]

    def act(host, script):
        said = original(host, script)
        begun[0] += 1
        if begun[0] > count:
            stage.remote.down.add(who)
        return said

    return act


@pytest.fixture
def cooling(tmp_path):
    stage = Front(tmp_path)
    assert stage.conduct(stage.asks()) == "succeeded"
    return stage, Cooling(stage.changes, {"production": stage.where}, lambda _: stage.remote)


def test_the_side_that_served_before_is_stopped_when_its_time_is_over_and_only_once(cooling):
    stage, cooling = cooling
    cooling.tick()
    assert stage.sides["web1", 8001] == GOOD
    stage.now += timedelta(hours=1)
    cooling.tick()
    assert {port for _, port in stage.sides} == {9001, 9002}
    began = len(stage.remote.performed)
    stage.now += timedelta(hours=5)
    cooling.tick()
    assert len(stage.remote.performed) == began


def test_nothing_begins_on_hosts_for_as_long_as_a_side_may_take_to_stop(cooling):
    stage, _ = cooling
    asked = stage.asks("v2.2")
    with stage.store.begin() as session:
        colours.cools(session, "production", asked.number, stage.now)
    stage.now += DEADLINES[ColourStop]
    with stage.store.look() as session:
        assert occupancy.busy(stage.changes, session, asked)
    stage.now += timedelta(minutes=1)
    with stage.store.look() as session:
        assert not occupancy.busy(stage.changes, session, asked)


def test_a_side_is_not_stopped_while_a_deployment_runs_and_is_tried_again_when_a_host_was_away(cooling):
    stage, cooling = cooling
    stage.now += timedelta(hours=2)
    number = stage.asks("v2.2").number
    with stage.store.begin() as session:
        held = deployments.get_for_change(session, number)
        held.advance(Status.PREPARING, at=stage.now)
    cooling.tick()
    assert stage.sides["web1", 8001] == GOOD
    with stage.store.begin() as session:
        deployments.get_for_change(session, number).advance(Status.CANCELLED, at=stage.now)
    stage.remote.down = {"web2"}
    cooling.tick()
    stage.remote.down = set()
    cooling.tick()
    assert ("web2", 8002) in stage.sides
    stage.now += timedelta(minutes=11)
    cooling.tick()
    assert {port for _, port in stage.sides} == {9001, 9002}
