"""When schedules are due: cron's rules, both changes of the clock, and what was missed while nobody was there."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.settings.words import cron as accepted
from bot.slots import Due, due, following, instant, slots

BERLIN = ZoneInfo("Europe/Berlin")
WORKDAYS = "0 9 * * mon-fri"
ZONES = ("Europe/Berlin", "UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata")


def berlin(text: str, fold: int = 0) -> datetime:
    """Return when the clock in Berlin says this."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


def locals_of(line: str, begin: str, end: str, zone: ZoneInfo = BERLIN) -> list[str]:
    return [slot.local for slot in slots(line, zone, berlin(begin), berlin(end))]


def test_a_working_week_has_five_mornings():
    assert locals_of(WORKDAYS, "2026-11-22T12:00", "2026-11-29T12:00") == [
        f"2026-11-{day}T09:00" for day in (23, 24, 25, 26, 27)
    ]


@pytest.mark.parametrize("line", ["0 9 * * 1", "0 9 * * mon", "0 9 * * MON", "0 9 * * 1,1"])
def test_weekday_one_is_monday_as_in_cron(line):
    assert locals_of(line, "2026-11-22T12:00", "2026-11-29T12:00") == ["2026-11-23T09:00"]


@pytest.mark.parametrize("line", ["0 9 * * 0", "0 9 * * 7", "0 9 * * sun"])
def test_zero_and_seven_are_sunday(line):
    assert locals_of(line, "2026-11-23T12:00", "2026-11-30T12:00") == ["2026-11-29T09:00"]


def test_days_may_go_round_the_end_of_the_week():
    found = locals_of("0 9 * * fri-mon", "2026-11-24T12:00", "2026-12-01T12:00")
    assert found == [f"2026-11-{day}T09:00" for day in (27, 28, 29, 30)]


def test_day_and_weekday_mean_either_when_both_are_restricted():
    assert locals_of("0 9 13 * fri", "2026-11-12T12:00", "2026-11-21T12:00") == ["2026-11-13T09:00", "2026-11-20T09:00"]
    assert locals_of("0 9 13 * *", "2026-11-12T12:00", "2026-11-21T12:00") == ["2026-11-13T09:00"]
    assert locals_of("0 9 */2 * fri", "2026-11-12T12:00", "2026-11-21T12:00") == ["2026-11-13T09:00"]


def test_steps_begin_where_the_span_does():
    assert [slot[-5:] for slot in locals_of("10-40/15 8 * * *", "2026-11-24T00:00", "2026-11-24T12:00")] == [
        "08:10",
        "08:25",
        "08:40",
    ]
    assert [slot[-5:] for slot in locals_of("50/5 8 * * *", "2026-11-24T00:00", "2026-11-24T12:00")] == [
        "08:50",
        "08:55",
    ]


def test_nine_in_the_morning_stays_nine_in_the_morning_when_the_clock_changes():
    """The last Sundays of March and October 2026 in Berlin."""
    spring = list(slots("0 9 * * *", BERLIN, berlin("2026-03-28T00:00"), berlin("2026-03-30T00:00")))
    autumn = list(slots("0 9 * * *", BERLIN, berlin("2026-10-24T00:00"), berlin("2026-10-26T00:00")))
    assert [slot.at.hour for slot in spring] == [8, 7]
    assert [slot.at.hour for slot in autumn] == [7, 8]


def test_a_time_that_the_clock_jumps_over_is_due_at_the_end_of_the_gap():
    (slot,) = slots("30 2 * * *", BERLIN, berlin("2026-03-28T12:00"), berlin("2026-03-29T12:00"))
    assert slot.local == "2026-03-29T02:30"
    assert slot.at == berlin("2026-03-29T03:00")


def test_a_time_that_comes_twice_is_due_once_and_the_first_time():
    (slot,) = slots("30 2 * * *", BERLIN, berlin("2026-10-24T12:00"), berlin("2026-10-25T12:00"))
    assert slot.at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_of_several_slots_in_a_gap_one_stands():
    found = locals_of("*/30 * * * *", "2026-03-29T01:00", "2026-03-29T04:00")
    assert [slot[-5:] for slot in found] == ["01:30", "03:00", "03:30", "04:00"]


def test_a_day_that_a_zone_skips_is_not_lost():
    """Samoa had no 30th of December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    (slot,) = slots("0 9 30 12 *", apia, datetime(2011, 12, 28, tzinfo=UTC), datetime(2012, 1, 2, tzinfo=UTC))
    assert slot.at.astimezone(apia).date().isoformat() == "2011-12-31"


numbers = st.integers


@st.composite
def lines(draw: st.DrawFn) -> str:
    def field(low: int, high: int) -> str:
        first = draw(numbers(low, high))
        last = draw(numbers(first, high))
        return draw(st.sampled_from(["*", f"{first}", f"{first}-{last}", f"*/{last or 1}", f"{first}-{last}/2"]))

    return f"{field(0, 59)} {field(0, 23)} {field(1, 31)} {field(1, 12)} {field(0, 7)}"


@settings(max_examples=60, deadline=None)
@given(line=lines(), name=st.sampled_from(ZONES), hours=st.integers(0, 24 * 364))
def test_every_slot_is_what_the_clock_on_the_wall_says_and_none_is_forgotten(line, name, hours):
    """Against the plain way: look at the clock every minute."""
    accepted(line)
    zone, begin = ZoneInfo(name), datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    end = begin + timedelta(days=2)
    found = list(slots(line, zone, begin, end))
    assert len({slot.local for slot in found}) == len(found)
    assert all(one.at < other.at for one, other in pairwise(found))
    seen = plainly(line, zone, begin, end)
    real = {slot.local: slot.at for slot in found if slot.at.astimezone(zone).strftime("%Y-%m-%dT%H:%M") == slot.local}
    assert set(real) <= set(seen)
    assert set(seen) - set(real) <= {local for local, at in seen.items() if at - begin < timedelta(hours=2)} | gaps(
        found, seen
    )


def gaps(found: list, seen: dict[str, datetime]) -> set[str]:
    """Return the local times for which another one, from a gap that ends there, stands."""
    instants = {slot.at for slot in found}
    return {local for local, at in seen.items() if at in instants}


def plainly(line: str, zone: ZoneInfo, begin: datetime, end: datetime) -> dict[str, datetime]:
    minute, hour, day, month, weekday = (part.split("/") for part in line.split())

    def fits(field: list[str], value: int, low: int) -> bool:
        first, _, last = field[0].partition("-")
        step = int(field[1]) if len(field) > 1 else 1
        if field[0] == "*":
            return (value - low) % step == 0
        return int(first) <= value <= int(last or first) and (value - int(first)) % step == 0

    found: dict[str, datetime] = {}
    at = begin + timedelta(minutes=1)
    while at <= end:
        wall = at.astimezone(zone)
        number = wall.isoweekday() % 7
        by_day = fits(day, wall.day, 1)
        by_week = fits(weekday, number, 0) or (number == 0 and weekday[0] != "*" and fits(weekday, 7, 0))
        both = day[0] != "*" and weekday[0] != "*"
        right_day = (by_day or by_week) if both else (by_day and by_week)
        if right_day and fits(month, wall.month, 1) and fits(hour, wall.hour, 0) and fits(minute, wall.minute, 0):
            found.setdefault(wall.strftime("%Y-%m-%dT%H:%M"), at)
        at += timedelta(minutes=1)
    return found


@given(
    days=st.integers(0, 800),
    cuts=st.lists(st.integers(0, 60 * 24 * 6), max_size=12),
    line=st.sampled_from([WORKDAYS, "0 9 * * *", "30 2 * * *", "15 */6 * * *"]),
)
@settings(max_examples=60, deadline=None)
def test_whoever_looks_whenever_each_slot_is_taken_or_missed_once(days, cuts, line):
    """A bot that is there only now and then takes or names every slot exactly once, up to the last one taken."""
    begin = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=days)
    last, told, count = begin, [], 0
    for minutes in sorted(cuts):
        now = begin + timedelta(minutes=minutes)
        if found := due(line, BERLIN, last, now):
            told += [*found.missed, found.slot.local]
            count += found.missed_count + 1
            last = found.slot.at
    every = [slot.local for slot in slots(line, BERLIN, begin, last)]
    assert count == len(every)
    assert told == [local for local in every if local in told]


def test_five_minutes_down_over_the_slot_take_it_late():
    found = due(WORKDAYS, BERLIN, berlin("2026-11-23T09:00"), berlin("2026-11-24T09:05"))
    assert found == Due(slots_at("2026-11-24T09:00"))


def slots_at(local: str):
    (slot,) = slots("* * * * *", BERLIN, berlin(local) - timedelta(seconds=1), berlin(local))
    return slot


def test_three_days_down_take_only_the_newest_and_name_the_others():
    found = due(WORKDAYS, BERLIN, berlin("2026-11-23T09:00"), berlin("2026-11-26T10:00"))
    assert found == Due(slots_at("2026-11-26T09:00"), ("2026-11-24T09:00", "2026-11-25T09:00"), 2)


def test_what_is_nearer_to_the_next_slot_waits_for_it():
    assert due(WORKDAYS, BERLIN, berlin("2026-11-23T09:00"), berlin("2026-11-26T08:00")) is None
    found = due(WORKDAYS, BERLIN, berlin("2026-11-23T09:00"), berlin("2026-11-26T09:00"))
    assert found
    assert found.missed_count == 2


def test_late_in_the_evening_it_is_still_the_same_day():
    assert due(WORKDAYS, BERLIN, berlin("2026-11-23T09:00"), berlin("2026-11-24T23:30"))


def test_a_weekly_check_is_caught_up_with_days_later():
    assert due("0 9 * * mon", BERLIN, berlin("2026-11-16T09:00"), berlin("2026-11-25T09:00"))
    assert due("0 9 * * mon", BERLIN, berlin("2026-11-16T09:00"), berlin("2026-11-28T09:00")) is None


def test_a_long_absence_is_counted_and_not_listed_whole():
    found = due("0 9 * * *", BERLIN, berlin("2026-01-01T09:00"), berlin("2026-03-01T10:00"))
    assert found
    assert found.missed_count == 58
    assert len(found.missed) == 7


def test_nothing_is_due_twice_and_nothing_before_its_time():
    assert due(WORKDAYS, BERLIN, berlin("2026-11-24T09:00"), berlin("2026-11-24T09:00")) is None
    assert due(WORKDAYS, BERLIN, berlin("2026-11-23T09:00"), berlin("2026-11-24T08:59")) is None


def test_a_line_that_can_never_happen_is_known_to():
    assert following("0 0 30 2 *", BERLIN, berlin("2026-11-24T09:00")) is None


def test_the_29th_of_february_is_found_however_far():
    found = following("0 9 29 2 *", BERLIN, berlin("2096-03-01T09:00"))
    assert found
    assert found.local == "2104-02-29T09:00"


@given(st.integers(0, 60 * 24 * 365 * 10), st.sampled_from(ZONES))
def test_an_instant_is_never_before_what_the_wall_says(minutes, name):
    wall, zone = datetime.fromisoformat("2020-01-01") + timedelta(minutes=minutes), ZoneInfo(name)
    assert instant(wall, zone).astimezone(zone).replace(tzinfo=None) >= wall
