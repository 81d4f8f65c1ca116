"""Maintenance is made as the rows want it: once on each host, also after a crash, and it ends by itself."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.maintenance import Maintenance, Move
from deployers.errors import Fenced
from deployers.ports import Fate
from deployers.rehearsal import Outcome
from storage import audit, locks, maintenance, outbox
from storage.models import MaintenanceSwitch, Saying, Status, SwitchState
from tests.unit.bot.stage import Crash, Rows, Stage
from tests.unit.deployers.worlds import LARAVEL, environment

HALF_AN_HOUR = timedelta(minutes=30)
TOLD = replace(LARAVEL, maintenance_on=("php artisan down {message}",))
BY_HAND = replace(TOLD, maintenance_in_deployments=False)


class House:
    """A stage whose recipe can keep visitors out, and who looks after that."""

    def __init__(self, folder, recipe=TOLD) -> None:
        self.stage = Stage(folder, environment(2, recipe=recipe))
        self.remote = self.stage.remote
        self.keeper = self.keeps()
        self.wishes = 0

    def keeps(self, rows: Rows | None = None) -> Maintenance:
        changes = replace(self.stage.changes, store=rows or self.stage.store)
        return Maintenance(changes, {"production": self.stage.where}, lambda _: self.remote)

    def wants(self, *, on: bool = True, message: str = "", lasts: timedelta = HALF_AN_HOUR) -> MaintenanceSwitch:
        self.wishes += 1
        switch = MaintenanceSwitch(
            key=f"k{self.wishes}",
            environment="production",
            keeps_out=on,
            by="U0OMAR",
            name="omar",
            message=message,
            asked_at=self.stage.now,
            until=self.stage.now + lasts if on else None,
            changed_at=self.stage.now,
        )
        with self.stage.store.begin() as session:
            return maintenance.want(session, switch)

    def works(self) -> list[Move]:
        """Let the leader look until there is nothing more to do."""
        done = []
        while (did := self.keeper.once("production")) not in (Move.WAIT, Move.FOLLOW):
            done.append(did)
        return done

    def later(self, **passed: float) -> None:
        self.stage.now += timedelta(**passed)

    def newest(self) -> MaintenanceSwitch:
        with self.stage.store.look() as session:
            return maintenance.newest(session, "production")

    def said(self, kind: Saying = Saying.POST) -> list[str]:
        with self.stage.store.look() as session:
            rows = outbox.due(session, self.stage.now + timedelta(days=1))
        return [row.payload["text"] for row in rows if row.kind is kind and "maintenance" in row.key]

    def audited(self) -> list[tuple[str, str]]:
        with self.stage.store.look() as session:
            entries = audit.about(session, "environment:production")
        return [(it.actor, it.action) for it in entries]

    def ran(self, command: str) -> list[str]:
        return sorted(it.split("$")[0] for it in self.remote.lines if command in it)


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


def test_it_is_switched_on_every_host_once_with_the_message_and_told_to_everybody(house):
    house.wants(message="it's $(late)")
    assert house.works() == [Move.MAKE]
    assert house.ran("php artisan down 'it'\"'\"'s $(late)'") == ["web1", "web2"]
    assert house.newest().state is SwitchState.DONE
    (text,) = house.said()
    for part in ("*production* is in maintenance", "<@U0OMAR>", "it's $(late)", "`/ops maintenance off production`"):
        assert part in text
    assert house.audited() == [("U0OMAR", "maintenance.on")]
    assert house.works() == []


def test_it_ends_by_itself_when_its_time_is_over(house):
    house.wants()
    house.works()
    house.later(minutes=29)
    assert house.works() == []
    house.later(minutes=2)
    assert house.works() == [Move.END, Move.MAKE]
    assert house.ran("php artisan up") == ["web1", "web2"]
    assert "is over: its time was up. Visitors are let in again on every host." in house.said()[-1]
    assert house.audited()[-1] == ("shipmate", "maintenance.off")


def test_what_was_due_while_the_bot_was_down_is_done_right_after_its_start(house):
    house.wants()
    house.works()
    house.later(hours=9)
    house.stage.start()
    house.keeper = house.keeps()
    assert house.works() == [Move.END, Move.MAKE]
    assert house.newest().state is SwitchState.DONE


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("place", range(9))
def test_wherever_the_bot_dies_each_host_is_switched_once_and_it_is_told_once(house, place, after):
    house.wants()
    try:
        house.keeps(Rows(house.stage.store, crash_at=place, after=after)).once("production")
    except Crash:
        house.stage.start()
    house.keeper = house.keeps()
    house.works()
    assert house.newest().state is SwitchState.DONE
    assert house.ran("php artisan down") == ["web1", "web2"]
    assert (len(house.said()), house.audited()) == (1, [("U0OMAR", "maintenance.on")])


def test_what_was_never_switched_before_its_time_was_over_keeps_nobody_out(house):
    house.wants()
    house.later(hours=1)
    assert house.works() == [Move.END, Move.MAKE]
    assert house.ran("php artisan down") == []
    assert (house.newest().keeps_out, house.newest().state) == (False, SwitchState.DONE)


@pytest.mark.parametrize("deed", ["_end", "_follow"])
def test_what_somebody_wants_in_the_same_instant_is_not_overruled(house, deed, monkeypatch):
    house.wants()
    house.works()
    old = house.newest().number
    house.wants()
    monkeypatch.setattr(maintenance, "let_in", lambda *_: {"web1": 1, "web2": 1})
    getattr(house.keeper, deed)(old, house.stage.where)
    assert (house.newest().keeps_out, house.newest().state) == (True, SwitchState.WANTED)


def test_off_before_its_time_ends_it_once(house):
    house.wants()
    house.works()
    house.wants(on=False)
    house.works()
    house.later(hours=1)
    assert house.works() == []
    assert house.ran("php artisan up") == ["web1", "web2"]
    assert "<@U0OMAR> ended it" in house.said()[-1]


def test_on_again_prolongs_it(house):
    house.wants()
    house.works()
    house.later(minutes=20)
    house.wants()
    house.works()
    house.later(minutes=20)
    assert house.works() == []
    house.later(minutes=11)
    assert house.works() == [Move.END, Move.MAKE]


def test_a_host_that_cannot_be_reached_is_named_with_what_to_type(house):
    house.remote.down.add("web2")
    house.wants()
    house.works()
    assert house.newest().state is SwitchState.PARTLY
    (text,) = house.said()
    for part in ("only partly in maintenance", "web1 keeps visitors out", "web2 (", "`/ops maintenance on production`"):
        assert part in text
    assert house.works() == []


def test_a_command_that_fails_everywhere_is_said_with_what_the_host_said(house):
    house.remote.says("php artisan down", Outcome(exit_code=3, output="no <!channel> permission\n"))
    house.wants()
    house.works()
    (text,) = house.said()
    assert "no host did it" in text
    assert "no &lt;!channel&gt; permission" in text


def test_letting_in_is_tried_every_minute_until_each_host_has_heard_and_pages_meanwhile(house):
    house.wants()
    house.works()
    house.remote.down.add("web2")
    house.wants(on=False)
    house.works()
    assert "not everybody is let in: web2" in house.said(Saying.ALERT)[0]
    house.later(minutes=2)
    house.works()
    house.remote.down.clear()
    house.later(minutes=2)
    house.works()
    assert house.newest().state is SwitchState.DONE
    assert house.ran("php artisan up") == ["web1", "web2"]
    assert len(house.said(Saying.ALERT)) == 1
    assert "Visitors are let in again on every host" in house.said()[-1]


def test_a_command_that_was_killed_is_run_again(house):
    house.remote.says("php artisan down", Outcome(fate=Fate.UNKNOWN), host="web1", times=1)
    house.wants()
    house.works()
    assert (house.newest().state, house.ran("php artisan down")) == (SwitchState.DONE, ["web1", "web1", "web2"])


def test_a_deployment_that_begins_first_is_not_disturbed(house):
    house.wants()
    deployment = held(house, Status.PREPARING)
    assert house.works() == [Move.DROP]
    assert house.remote.lines == []
    assert f"#{deployment.number} `v2.3`" in house.said()[0]
    assert "began first" in house.said()[0]


def test_time_that_is_up_during_a_deployment_waits_for_its_end(house):
    house.wants()
    house.works()
    held(house, Status.PREPARING)
    house.later(hours=1)
    assert house.works() == [Move.MEET]
    assert house.ran("php artisan up") == []


def test_a_deployment_waits_while_maintenance_is_being_switched(house):
    house.wants()
    deployment = house.stage.asks()
    assert house.stage.conductor.opening.open(deployment.number) == "busy"
    house.works()
    assert house.stage.conductor.opening.open(deployment.number) == "go"


def test_a_deployment_during_maintenance_lets_visitors_in_and_everybody_is_told_before_and_after(house):
    house.wants()
    house.works()
    deployment = house.stage.asks()
    assert house.stage.conductor.opening.open(deployment.number) == "go"
    assert house.works() == [Move.MEET]
    assert "It lets visitors in on each host as soon as that serves its release" in house.said()[-1]
    assert house.stage.conduct(deployment) == "succeeded"
    house.keeper.once("production")
    assert f"is over: #{deployment.number} `v2.3` → *production* has let visitors in again" in house.said()[-1]
    house.later(hours=1)
    assert house.works() == []


def test_a_deployment_that_leaves_maintenance_to_people_leaves_it_on(tmp_path):
    house = House(tmp_path, BY_HAND)
    house.wants()
    house.works()
    deployment = house.stage.asks()
    assert house.stage.conductor.opening.open(deployment.number) == "go"
    house.works()
    assert "It leaves that as it is" in house.said()[-1]
    assert house.stage.conduct(deployment) == "succeeded"
    assert house.works() == []
    assert (house.newest().keeps_out, house.ran("php artisan up")) == (True, [])
    house.later(hours=1)
    house.works()
    assert house.ran("php artisan up") == ["web1", "web2"]


def test_a_deployment_that_lets_visitors_in_on_one_host_only_is_told_with_both_ways_out(house):
    house.wants()
    house.works()
    house.stage.sick.add("web1")
    deployment = house.stage.asks()
    house.stage.conduct(deployment)
    house.keeper.once("production")
    assert house.newest().told["web1"].let_in_by
    assert not house.newest().told["web2"].let_in_by
    text = house.said()[-1]
    for part in (
        "only partly",
        "web1 since #",
        "`/ops maintenance off production`",
        "`/ops maintenance on production`",
    ):
        assert part in text
    said = len(house.said())
    house.keeper.once("production")
    assert len(house.said()) == said


def test_who_no_longer_leads_switches_nothing(house):
    house.wants()
    asleep = house.keeps()
    house.stage.start()
    with pytest.raises(Fenced):
        asleep.once("production")
    assert house.remote.lines == []


def held(house: House, status: Status):
    """Let a deployment hold the environment."""
    deployment = house.stage.asks()
    with house.stage.store.begin() as session:
        deployment.advance(status, at=house.stage.now)
        session.add(deployment)
        locks.take(session, "production", deployment.number, 1, house.stage.now)
    return deployment
