"""A lane is one message wide, and rests after each."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.slack.delivery import fair
from bot.slack.lanes import Budget, Lanes
from storage.models import OutboxRow, Saying


def test_a_lane_is_free_again_after_its_pause():
    clock = [0.0]
    lanes = Lanes(monotonic=lambda: clock[0])
    assert lanes.take("a")
    assert not lanes.take("a")
    assert lanes.take("b")
    lanes.leave("a", pause=1.0)
    assert not lanes.take("a")
    clock[0] = 1.0
    assert lanes.take("a")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 3), st.floats(0, 2)), max_size=40))
def test_two_messages_in_a_lane_are_never_closer_than_the_pause_between_them(steps):
    clock = [0.0]
    lanes = Lanes(monotonic=lambda: clock[0])
    free_at = {"a": 0.0, "b": 0.0}
    for lane, wait, pause in steps:
        clock[0] += wait
        took = lanes.take(lane)
        assert took == (clock[0] >= free_at[lane])
        if took:
            lanes.leave(lane, pause=pause)
            free_at[lane] = clock[0] + pause


@given(st.lists(st.floats(0, 5), max_size=200))
def test_of_a_budget_no_more_is_taken_than_slack_allows_in_any_time(pauses):
    clock = [0.0]
    budget = Budget(10, 0.5, monotonic=lambda: clock[0])
    taken = []
    for pause in pauses:
        clock[0] += pause
        while budget.take():
            taken.append(clock[0])
    for place, first in enumerate(taken):
        for number, last in enumerate(taken[place:], 1):
            assert number <= 10 + 0.5 * (last - first) + 1e-6


def test_a_budget_gives_nothing_while_slack_wants_a_pause():
    clock = [0.0]
    budget = Budget(10, 0.5, monotonic=lambda: clock[0])
    budget.none_for(30)
    clock[0] = 31.0
    assert not budget.take()
    clock[0] = 32.5
    assert budget.take()
    assert not budget.take()


def test_messages_go_out_in_their_order_and_cards_by_how_long_they_are_behind():
    rows = [a_row(1, "card", ts="1.0", next_at=5), a_row(2, "post", next_at=9), a_row(3, "card", ts="2.0", next_at=3)]
    rows += [a_row(4, "post", next_at=0)]
    assert [row.id for row in fair(rows)] == [2, 3, 4, 1]


def a_row(number: int, kind: str, *, next_at: int, ts: str = "") -> OutboxRow:
    made = datetime(2026, 11, 24, 9, tzinfo=UTC)
    return OutboxRow(
        id=number,
        kind=Saying(kind),
        key=f"{number}",
        channel="deployments",
        ts=ts,
        next_at=made + timedelta(seconds=next_at),
        created_at=made + timedelta(seconds=number),
    )
