"""What numbers and health amount to; inconclusive is never success."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployers.comparing.tally import Count, Demands, Reading, Tally
from deployers.comparing.verdict import State, judge, wanted
from deployers.health import Judgement, Verdict

BEGAN = datetime(2026, 12, 1, 9, tzinfo=UTC)
DEMANDS = Demands(duration=timedelta(minutes=10))
WELL = Verdict(Judgement.WELL)
END = BEGAN + timedelta(minutes=10)


def tally(
    *looks: tuple[int, int, int, int], demands: Demands = DEMANDS, p95s: tuple[float, float] | None = None
) -> Tally:
    """Return a tally of looks: errors and requests of the canary, then of the stable side; the last one at the end."""
    found = Tally(BEGAN)
    for number, (bad, ours, others_bad, theirs) in enumerate(looks, 1):
        at = BEGAN + number * timedelta(minutes=10) / len(looks)
        ours_p95, theirs_p95 = p95s or (None, None)
        reading = Reading(at, Count(ours, bad, p95=ours_p95), Count(theirs, others_bad, p95=theirs_p95))
        found = found.after(reading, demands)
    return found


def test_a_clean_canary_is_good_once_its_time_is_over_and_598_requests_are_counted():
    """Not one request earlier, and not a second."""
    enough, one_less = tally((0, 598, 0, 5000)), tally((0, 597, 0, 5000))
    assert judge(enough, DEMANDS, WELL, END).state is State.GOOD
    assert judge(enough, DEMANDS, WELL, END - timedelta(seconds=1)).state is State.LOOKING
    found = judge(one_less, DEMANDS, WELL, END)
    assert (found.state, found.why) == (State.THIN, "597 of 598 requests")


def test_without_any_traffic_there_is_not_enough():
    """Silence is no success."""
    assert judge(tally((0, 0, 0, 0)), DEMANDS, WELL, END).state is State.THIN


def test_with_an_error_at_its_first_judgement_it_waits_for_more():
    """And says how much more."""
    found = tally((1, 700, 1, 5000))
    assert judge(found, DEMANDS, WELL, END).why == f"700 of {wanted(found, DEMANDS):,} requests"
    assert wanted(found, DEMANDS) > 947


def test_where_neither_side_reaches_the_success_rate_a_person_is_asked():
    """The release is no worse than what runs, so it is not taken back; it is not what was demanded either."""
    found = judge(tally(*[(6, 200, 54, 1800)] * 10), DEMANDS, WELL, END)
    assert found.state is State.UNSURE
    assert "99.5 % is not shown" in found.why


def test_a_suspicion_stops_nothing_and_promotes_nothing():
    """Somebody is asked."""
    found = judge(tally(*[(0, 1000, 0, 9000)] * 3, (5, 1000, 5, 9000)), DEMANDS, WELL, END)
    assert found.state is State.UNSURE
    assert "may fail more often" in found.why


def test_a_canary_that_takes_longer_is_bad_and_one_that_hardly_does_is_not():
    """A few milliseconds say nothing, whatever their ratio."""
    looks = [(0, 100, 0, 900)] * 30
    assert judge(tally(*looks, p95s=(0.9, 0.3)), DEMANDS, WELL, END).state is State.BAD
    assert judge(tally(*looks, p95s=(0.009, 0.002)), DEMANDS, WELL, END).state is State.GOOD


def test_where_response_times_are_asked_for_nothing_goes_on_without_them():
    """A query that answers nothing is not taken for a fast canary."""
    demands = Demands(duration=DEMANDS.duration, timed=True)
    assert judge(tally((0, 1000, 0, 5000), demands=demands), demands, WELL, END).state is State.THIN


@pytest.mark.parametrize(
    ("health", "state"),
    [(Judgement.SICK, State.BAD), (Judgement.INCONCLUSIVE, State.BLIND), (Judgement.LOOKING, State.LOOKING)],
)
def test_health_has_its_word_whatever_the_numbers(health, state):
    """Sick is bad at once; what cannot be told is not promoted."""
    assert judge(tally((0, 1000, 0, 5000)), DEMANDS, Verdict(health, "web1", "why"), END).state is state


def test_numbers_that_are_gone_are_asked_about():
    """After the third reading in a row that came to nothing."""
    found = tally((0, 1000, 0, 5000))
    for state in (State.LOOKING, State.LOOKING, State.BLIND):
        found = found.blinded("it answered 503")
        assert judge(found, DEMANDS, WELL, END).state is state


LOOK = st.tuples(st.integers(0, 30), st.integers(0, 300), st.integers(0, 30), st.integers(0, 900))


@given(looks=st.lists(LOOK, min_size=1, max_size=12), seconds=st.integers(0, 1200))
def test_nothing_is_good_before_its_time_or_without_what_was_demanded(looks, seconds):
    """Whatever was counted."""
    found, now = tally(*looks), BEGAN + timedelta(seconds=seconds)
    if judge(found, DEMANDS, WELL, now).state is State.GOOD:
        errors, requests = found.canary
        assert seconds >= 600
        assert requests >= 598
        assert errors <= 0.005 * requests


@given(looks=st.lists(LOOK, min_size=1, max_size=12))
def test_a_tally_survives_being_written_down(looks):
    """As JSON, in the middle of everything."""
    found = tally(*looks, p95s=(0.2, 0.1)).blinded("why")
    read = Tally.read(found.document())
    assert read.document() == found.document()
    assert judge(read, DEMANDS, WELL, END) == judge(found, DEMANDS, WELL, END)
