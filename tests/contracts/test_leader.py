"""Leading: one seat, an epoch that rises with every lead, and an end for whoever lost it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from threading import Event
from time import monotonic

import pytest

from bot.leader import Leader
from storage import leadership
from storage.seats import DatabaseSeat, FileSeat, seat_for
from storage.store import Store


def utc() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def seats(any_store) -> Iterator[list[FileSeat | DatabaseSeat]]:
    """Give three candidates for one seat."""
    made = [seat_for(any_store) for _ in range(3)]
    yield made
    for seat in made:
        seat.leave()


def soon(do: Callable[[], bool], within: float = 20) -> bool:
    """Say whether it comes true: a session of PostgreSQL ends a moment after its connection."""
    until, pause = monotonic() + within, Event()
    while not (done := do()) and monotonic() < until:
        pause.wait(0.05)
    return done


class Candidate:
    """A leader whose end is noted instead of suffered."""

    def __init__(self, store: Store) -> None:
        self.ended: list[int] = []
        self.over = Event()
        self.leader = Leader(store, seat_for(store), utc, end=self._end)

    def _end(self, code: int) -> None:
        self.ended.append(code)
        self.over.set()


@pytest.fixture
def candidates(any_store) -> Iterator[tuple[Candidate, Candidate]]:
    """Give two processes' candidacies over one database."""
    both = Candidate(any_store), Candidate(any_store)
    yield both
    for one in both:
        one.leader.step_down()


def test_a_seat_is_taken_once_and_is_free_again_when_it_is_left(seats):
    first, other, _ = seats
    assert first.take()
    assert first.held()
    assert not other.take()
    assert not other.held()
    first.leave()
    assert not first.held()
    assert soon(other.take)


def test_a_usurped_seat_is_no_longer_held_by_whoever_thaws(seats):
    frozen, usurper, third = seats
    assert frozen.take()
    assert usurper.usurp()
    assert usurper.held()
    assert not frozen.held()
    assert not third.take()
    frozen.leave()
    assert usurper.held()
    assert not third.take()


def test_a_seat_can_be_left_twice_and_taken_again(seats):
    seat = seats[0]
    seat.leave()
    assert seat.take()
    seat.leave()
    seat.leave()
    assert seat.take()


def test_the_epoch_rises_by_one_with_every_lead(candidates, any_store):
    first, second = (one.leader for one in candidates)
    with any_store.look() as session:
        before = leadership.epoch(session)
    assert first.try_lead()
    assert (first.leads, first.epoch()) == (True, before + 1)
    assert not second.try_lead()
    assert (second.leads, second.epoch()) == (False, 0)
    first.step_down()
    assert not first.leads
    assert soon(second.try_lead)
    assert second.epoch() == before + 2


def test_a_leader_beats(candidates, any_store):
    leader = candidates[0].leader
    assert leader.try_lead()
    with any_store.look() as session:
        began = leadership.current(session).beat_at
    until = monotonic() + 30
    beat = began
    while beat == began and monotonic() < until:
        Event().wait(0.05)
        with any_store.look() as session:
            beat = leadership.current(session).beat_at
    assert beat != began
    assert candidates[0].ended == []


def test_whoever_takes_over_fences_the_one_that_led_and_that_one_ends_itself(candidates):
    frozen, rescuer = candidates
    assert frozen.leader.try_lead()
    rescuer.leader.take_over()
    assert rescuer.leader.epoch() == frozen.leader.epoch() + 1
    assert frozen.over.wait(30)
    assert set(frozen.ended) == {70}
    assert rescuer.ended == []
    assert not Event().wait(1.5)
    assert rescuer.ended == []


def test_a_dead_leader_is_taken_over_without_usurping(candidates):
    rescuer = candidates[1].leader
    assert rescuer.is_free()
    rescuer.take_over()
    assert rescuer.leads
    assert not candidates[0].leader.is_free()


def test_a_fence_raised_by_hand_ends_the_leader(candidates, any_store):
    one = candidates[0]
    assert one.leader.try_lead()
    with any_store.begin() as session:
        leadership.raise_fence(session, "somebody", utc())
    assert one.over.wait(30)


def test_stepping_down_in_order_ends_no_process(candidates):
    one = candidates[0]
    assert one.leader.try_lead()
    one.leader.step_down()
    one.leader.lost("it was given up")
    assert one.ended == []


def test_a_lead_whose_epoch_cannot_be_written_leaves_the_seat_to_others(candidates, any_store):
    """Otherwise nobody could lead until that process ends."""
    other = candidates[1]

    def broken() -> datetime:
        raise ArithmeticError

    broken_one = Leader(any_store, seat_for(any_store), broken)
    with pytest.raises(ArithmeticError):
        broken_one.try_lead()
    assert not broken_one.leads
    assert other.leader.try_lead()
