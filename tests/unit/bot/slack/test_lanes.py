"""A lane is one message wide, and rests after each."""

from hypothesis import given
from hypothesis import strategies as st

from bot.slack.lanes import Lanes


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
