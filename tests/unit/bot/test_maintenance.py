"""Maintenance is made as the rows want it: once on each host, also after a crash, and it ends by itself."""

import pytest

from bot.maintenance import Move
from deployers.errors import Fenced
from deployers.ports import Fate
from deployers.rehearsal import Outcome
from storage import maintenance
from storage.models import Saying, SwitchState
from tests.unit.bot.closed import House
from tests.unit.bot.stage import Crash, Rows


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


def test_who_no_longer_leads_switches_nothing(house):
    house.wants()
    asleep = house.keeps()
    house.stage.start()
    with pytest.raises(Fenced):
        asleep.once("production")
    assert house.remote.lines == []
