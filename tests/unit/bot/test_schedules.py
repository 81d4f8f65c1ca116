"""The morning check comes once each local day: over restarts, replicas, absences and both changes of the clock."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.base import BaseTrigger

from bot import schedules
from bot.schedules import KEPT_SAMPLES, Clockwork, Job, Sampler, Tick
from bot.settings import Schedule
from deployers.environment import Environment, Health, Version
from deployers.errors import Fenced
from storage import checklists, leadership, samples
from storage.models import HealthSample
from storage.store import Store
from tests.builders import NOW
from tests.unit.commands.world import environment
from tests.unit.deployers import servers

BERLIN = ZoneInfo("Europe/Berlin")
MORNING = Schedule("morning", "0 9 * * *", "daily", "mornings")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


class Bots:
    """Processes over one database; each is there when it is asked to tick, and only one of them leads at a time."""

    def __init__(self, store: Store, *every: Schedule) -> None:
        self.store, self.every = store, every or (MORNING,)
        self.now = NOW
        self.epoch = self.leads()

    def leads(self) -> int:
        """Let a new process take the lead, as after a restart."""
        with self.store.begin() as session:
            self.epoch = leadership.lead(session, "here:1", self.now)
        return self.epoch

    def tick(self, at: datetime, *, epoch: int | None = None) -> int:
        self.now = at
        token = self.epoch if epoch is None else epoch
        return Clockwork(self.store, self.every, BERLIN, lambda: self.now, lambda: token).tick()

    def lives(self, begin: datetime, end: datetime, every: timedelta = timedelta(minutes=25)) -> None:
        at = begin
        while at < end:
            self.tick(at)
            at += every

    def wanted(self) -> list[str]:
        with self.store.look() as session:
            return [run.key.removeprefix("slot:morning:") for run in checklists.wanted(session)]


@pytest.fixture
def bots(store) -> Bots:
    return Bots(store)


def test_a_check_is_wanted_when_it_is_due_and_not_before(bots):
    bots.tick(berlin("2026-11-24T08:00"))
    bots.tick(berlin("2026-11-24T08:59"))
    assert bots.wanted() == []
    bots.tick(berlin("2026-11-24T09:00"))
    assert bots.wanted() == ["2026-11-24T09:00"]
    with bots.store.look() as session:
        (run,) = checklists.wanted(session)
    assert (run.checklist, run.channel, run.schedule) == ("daily", "mornings", "morning")
    assert run.due_at == berlin("2026-11-24T09:00")


def test_a_bot_that_is_new_has_missed_nothing(bots):
    bots.tick(berlin("2026-11-24T09:01"))
    bots.lives(berlin("2026-11-24T09:02"), berlin("2026-11-25T08:59"), every=timedelta(hours=1))
    assert bots.wanted() == []


def test_however_often_it_ticks_each_day_has_one_check(bots):
    bots.lives(berlin("2026-11-23T12:00"), berlin("2026-11-26T12:00"))
    assert bots.wanted() == [f"2026-11-{day}T09:00" for day in (24, 25, 26)]


def test_restarts_over_the_slot_want_it_once(bots):
    bots.tick(berlin("2026-11-24T08:59"))
    for second in range(10):
        bots.leads()
        bots.tick(berlin("2026-11-24T09:00") + timedelta(seconds=second))
    assert bots.wanted() == ["2026-11-24T09:00"]


def test_two_replicas_that_tick_in_the_same_instant_want_it_once(bots):
    bots.tick(berlin("2026-11-24T08:59"))
    bots.now = berlin("2026-11-24T09:00")

    def tick(_: int) -> int:
        return Clockwork(bots.store, bots.every, BERLIN, lambda: bots.now, lambda: bots.epoch).tick()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(tick, range(8))) == 1
    assert bots.wanted() == ["2026-11-24T09:00"]


def test_a_replica_that_no_longer_leads_wants_nothing(bots):
    bots.tick(berlin("2026-11-24T08:59"))
    old = bots.epoch
    bots.leads()
    with pytest.raises(Fenced):
        bots.tick(berlin("2026-11-24T09:00"), epoch=old)
    assert bots.wanted() == []
    bots.tick(berlin("2026-11-24T09:00"))
    assert bots.wanted() == ["2026-11-24T09:00"]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_on_the_days_on_which_the_clock_changes_there_is_one_check_at_nine(bots, day):
    begin = berlin(f"{day}T00:00") - DAY / 2
    bots.lives(begin, begin + 1.5 * DAY)
    assert bots.wanted() == [f"{day}T09:00"]
    with bots.store.look() as session:
        (run,) = checklists.wanted(session)
    assert f"{run.due_at.astimezone(BERLIN):%H:%M}" == "09:00"


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_a_check_in_the_hour_that_is_skipped_or_comes_twice_comes_once(store, day):
    bots = Bots(store, Schedule("morning", "30 2 * * *", "daily"))
    begin = berlin(f"{day}T00:00")
    bots.lives(begin, begin + DAY / 2)
    assert bots.wanted() == [f"{day}T02:30"]


def test_a_bot_that_was_down_for_five_minutes_wants_it_late(bots):
    bots.tick(berlin("2026-11-24T08:58"))
    bots.leads()
    bots.lives(berlin("2026-11-24T09:03"), berlin("2026-11-24T12:00"))
    with bots.store.look() as session:
        (run,) = checklists.wanted(session)
    assert run.wanted_at - run.due_at == 3 * MINUTE
    assert run.missed == []


def test_a_bot_that_was_down_for_three_days_wants_the_newest_and_names_the_others(bots):
    bots.lives(berlin("2026-11-23T08:00"), berlin("2026-11-23T10:00"))
    bots.leads()
    bots.lives(berlin("2026-11-26T10:00"), berlin("2026-11-26T20:00"))
    with bots.store.look() as session:
        monday, thursday = checklists.wanted(session)
    assert monday.key == "slot:morning:2026-11-23T09:00"
    assert thursday.key == "slot:morning:2026-11-26T09:00"
    assert thursday.missed == ["2026-11-24T09:00", "2026-11-25T09:00"]
    assert thursday.missed_count == 2


def test_schedules_do_not_get_in_each_others_way(store):
    bots = Bots(store, MORNING, Schedule("week", "0 9 * * mon", "weekly"))
    bots.lives(berlin("2026-11-21T12:00"), berlin("2026-11-24T12:00"))
    assert bots.wanted() == [
        "2026-11-22T09:00",
        "2026-11-23T09:00",
        "slot:week:2026-11-23T09:00",
        "2026-11-24T09:00",
    ]


# The ticker


def ticking(store: Store, jobs: dict[str, Job], until: Event) -> None:
    async def play() -> None:
        running = asyncio.create_task(schedules.run(jobs, store))
        await asyncio.to_thread(until.wait, 30)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(play())
    assert until.is_set()


def test_a_job_that_stumbles_is_done_again(store, caplog):
    done, count = Event(), iter(range(10))

    def stumble() -> None:
        if next(count) < 2:
            raise ZeroDivisionError
        done.set()

    ticking(store, {"checks": Job(stumble, 0.05)}, done)
    assert "The schedule checks stumbled" in caplog.text


def test_a_job_that_takes_long_holds_up_no_other(store):
    done, slow = Event(), Event()

    def end() -> None:
        done.set()
        slow.set()

    ticking(store, {"checks": Job(slow.wait, 0.05), "slots": Job(end, 0.05)}, done)


class Soon(BaseTrigger):
    def get_next_fire_time(self, previous, now):
        return None if previous else now + timedelta(seconds=0.2)


def test_a_job_is_done_when_its_calendar_says_so_long_before_it_would_be_done_anyway(store):
    done, count = Event(), iter(range(10))

    def second() -> None:
        if next(count) == 1:
            done.set()

    ticking(store, {"slots": Job(second, 1000, ticks=(Soon(),))}, done)


@pytest.mark.parametrize(
    ("line", "now", "following"),
    [
        ("0 9 * * 1", "2026-11-24T12:00", "2026-11-30T09:00"),
        ("30 2 * * *", "2026-10-25T02:30", "2026-10-26T02:30"),
    ],
)
def test_the_calendar_knows_mondays_by_their_number_and_each_hour_once(line, now, following):
    assert Tick(line, BERLIN).get_next_fire_time(None, berlin(now)) == berlin(following)


def test_a_line_that_never_happens_is_never_due():
    assert Tick("0 9 30 2 *", BERLIN).get_next_fire_time(None, berlin("2026-11-24T12:00")) is None


# Looks at addresses


def sampler(store: Store, *places: Environment) -> Sampler:
    return Sampler(store, {place.name: place for place in places}, lambda: NOW, lambda place: place)


def test_every_address_is_looked_at_and_what_was_seen_is_kept(store):
    health = Health(version=Version("/version", "sha"))
    with servers.answering() as well, servers.answering(503) as sick:
        places = (
            environment("production", url=well, health=health),
            environment("staging", url=sick, health=health),
            environment("legacy"),
        )
        sampler(store, *places).look()
    with store.look() as session:
        assert samples.summary(session, "production", NOW, NOW + DAY).percent == 100
        assert samples.summary(session, "staging", NOW, NOW + DAY).percent == 0
        assert samples.summary(session, "legacy", NOW, NOW + DAY).percent is None


def test_looks_are_kept_for_two_weeks_and_no_longer(store):
    with store.begin() as session:
        for age in (KEPT_SAMPLES + MINUTE, KEPT_SAMPLES - MINUTE):
            samples.add(session, HealthSample(environment="production", at=NOW - age, look="well"))
        samples.add(session, HealthSample(environment="gone", at=NOW, look="well"))
    with servers.answering() as url:
        sampler(store, environment("production", url=url, health=Health())).look()
    with store.look() as session:
        assert samples.summary(session, "production", NOW - 2 * KEPT_SAMPLES, NOW + DAY).well == 2
        assert samples.summary(session, "gone", NOW - DAY, NOW + DAY).well == 0


def test_without_addresses_nobody_looks(store):
    sampler(store, environment("production")).look()
