"""Slots, checks, points and samples over each database: once each, in order, and within bounds."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from storage import checklists, outbox, samples, slots
from storage.errors import NotFound
from storage.models import ChecklistPoint, ChecklistRun, HealthSample, OutboxState, RunState, ScheduleSlot
from storage.samples import Summary
from tests.builders import NOW

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def a_run(key: str = "slot:morning:1", **given) -> ChecklistRun:
    values = {"checklist": "daily", "schedule": "morning", "channel": "deployments", "due_at": NOW, "wanted_at": NOW}
    return ChecklistRun(**{"key": key, **values, **given})


def finished(session, key: str, **given) -> ChecklistRun:
    run = checklists.want(session, a_run(key, **given))
    checklists.done(session, run, [{"probe": "disk"}], [], NOW)
    return run


# Slots


def test_a_schedule_that_was_never_seen_has_no_past(any_store):
    with any_store.begin() as session:
        assert slots.last_due(session, "morning") is None
        slots.begin(session, "morning", NOW)
        slots.begin(session, "morning", NOW + DAY)
        assert slots.last_due(session, "morning") == NOW


def test_of_many_who_take_a_slot_at_once_one_does(any_store):
    def take(_: int) -> bool:
        with any_store.begin() as session:
            return slots.take(session, "morning", "2026-11-24T09:00", due_at=NOW, at=NOW)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 1


def test_the_newest_slot_of_each_schedule_is_never_forgotten(any_store):
    with any_store.begin() as session:
        for name, count in (("morning", 3), ("month", 1)):
            for number in range(count):
                slots.take(session, name, str(number), due_at=NOW + number * DAY, at=NOW)
        slots.forget(session, NOW + 9 * DAY)
        assert slots.last_due(session, "morning") == NOW + 2 * DAY
        assert slots.last_due(session, "month") == NOW
        assert session.get(ScheduleSlot, ("morning", "0")) is None


# Checks


def test_a_check_can_be_wanted_once(any_store):
    with any_store.begin() as session:
        assert checklists.want(session, a_run()) is not None
        assert checklists.want(session, a_run()) is None
        assert [run.key for run in checklists.wanted(session)] == ["slot:morning:1"]


def test_a_check_that_is_done_has_its_findings_and_its_one_card(any_store):
    with any_store.begin() as session:
        run = finished(session, "a")
        assert checklists.wanted(session) == []
    with any_store.look() as session:
        kept = checklists.get(session, run.number)
        assert (kept.state, kept.findings, kept.done_at) == (RunState.DONE, [{"probe": "disk"}], NOW)
        (card,) = outbox.due(session, NOW)
        assert (card.key, card.channel, card.payload) == (
            f"checklist:{run.number}",
            "deployments",
            {"checklist": run.number},
        )
        assert card.wanted == kept.version


def test_a_card_that_was_shown_is_wanted_again_when_something_changes(any_store):
    with any_store.begin() as session:
        run = finished(session, "a")
        (card,) = outbox.due(session, NOW)
        outbox.delivered(session, card.id, ts="1.2", at=NOW)
        checklists.show(session, checklists.get_for_change(session, run.number), NOW + MINUTE)
        (again,) = outbox.due(session, NOW + MINUTE)
        assert (again.id, again.ts, again.state) == (card.id, "1.2", OutboxState.WAITING)
        assert again.wanted == run.version


def test_the_check_before_is_the_last_one_by_the_clock_that_is_done(any_store):
    with any_store.begin() as session:
        first = finished(session, "a")
        finished(session, "b", schedule="", asked_by="U0ANA")
        finished(session, "c", checklist="weekly")
        waits = checklists.want(session, a_run("d"))
        assert checklists.before(session, "daily", waits.number).number == first.number
        assert checklists.before(session, "daily", first.number) is None
        assert [run.key for run in checklists.newest(session, "daily")] == ["b", "a"]


def test_what_is_not_there_is_said_so(any_store):
    with any_store.begin() as session:
        for ask in (checklists.get, checklists.get_for_change, checklists.point_for_change):
            with pytest.raises(NotFound):
                ask(session, 404)


# Points


def a_point(text: str = "Read the mail", **given) -> ChecklistPoint:
    return ChecklistPoint(checklist="weekly", text=text, raised_at=NOW, **given)


def test_points_are_open_until_they_are_ticked(any_store):
    with any_store.begin() as session:
        one, two = checklists.raise_point(session, a_point()), checklists.raise_point(session, a_point("Plan"))
        point = checklists.point_for_change(session, one.number)
        point.ticked_by, point.ticked_at = "U0ANA", NOW
        session.add(point)
        assert [it.text for it in checklists.open_points(session, "weekly")] == ["Plan"]
        assert checklists.open_points(session, "daily") == []
        assert checklists.latest_point(session, "weekly", "Read the mail").number == one.number
        run = a_run(points=[two.number, 404, one.number])
        assert [it.text for it in checklists.points(session, run)] == ["Plan", "Read the mail"]


# Samples


def sampled(session, *, look: str = "well", seconds: float = 0.1, minutes: float = 0, place: str = "production"):
    at = NOW + minutes * MINUTE
    samples.add(session, HealthSample(environment=place, at=at, look=look, seconds=seconds))


def test_looks_are_summed_up_for_one_environment_and_time(any_store):
    with any_store.begin() as session:
        for number in range(100):
            sampled(session, seconds=(number + 1) / 1000, minutes=number)
        sampled(session, look="sick", seconds=5, minutes=0.5)
        sampled(session, look="blind", minutes=1.5)
        sampled(session, minutes=-1, seconds=9)
        sampled(session, place="staging", look="sick")
    with any_store.look() as session:
        found = samples.summary(session, "production", NOW, NOW + DAY)
        assert found == Summary(100, 1, 1, 0.095)
        assert round(found.percent, 2) == 99.01
        assert samples.summary(session, "production", NOW + DAY, NOW + 2 * DAY) == Summary()
        assert Summary().percent is None


def test_old_looks_and_those_at_other_environments_are_forgotten(any_store):
    with any_store.begin() as session:
        for minutes in (0, 10):
            sampled(session, minutes=minutes)
            sampled(session, minutes=minutes, place="gone")
        samples.forget(session, "production", NOW + 5 * MINUTE)
        samples.forget_others(session, {"production"})
        assert samples.summary(session, "production", NOW, NOW + DAY).well == 1
        assert samples.summary(session, "gone", NOW, NOW + DAY).well == 0
