"""What an application's counters say, and what was added to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployers.comparing.exposition import Counters, Selector, Unreadable, counters
from deployers.comparing.times import ENDLESS, merged, p95
from deployers.comparing.tuning import Endpoint

ASKED = Endpoint(requests="hits_total", errors='hits_total{code=~"5.."}', seconds='took_seconds{route!="/health"}')
TEXT = r"""
# HELP hits_total Requests.
# TYPE hits_total counter
hits_total{code="200",path="a \"quoted\" one, with a comma"} 90
hits_total{code="500"} 3 1764560000000
hits_total{code="503",} 2
took_seconds_bucket{route="/",le="0.1"} 50
took_seconds_bucket{route="/",le="0.5"} 90
took_seconds_bucket{route="/",le="+Inf"} 95
took_seconds_bucket{route="/health",le="0.1"} 1000
took_seconds_sum 12.5
process_start_time_seconds 1.7645e9
nan_total NaN
this is no line at all
"""


def test_counters_are_summed_over_the_series_that_are_meant():
    """Labels may be quoted, in any order, and match by regular expressions."""
    told = counters(TEXT, ASKED)
    assert (told.requests, told.errors, told.began) == (95, 5, 1.7645e9)
    assert told.times == ((0.1, 50), (0.5, 40), (ENDLESS, 5))


def test_no_series_of_errors_is_no_error_but_requests_have_to_be_there():
    """A name that is mistyped is not taken for a canary without traffic."""
    assert counters("hits_total 4", ASKED).errors == 0
    with pytest.raises(Unreadable, match="hits_total"):
        counters("other_total 4", ASKED)


@pytest.mark.parametrize("text", ["", "{x}", "a b", 'a{b="c}', 'a{b~"c"}', 'a{b=~"("}', "a{b=c}"])
def test_what_is_no_selector_is_refused(text):
    """When the configuration is read, not when a canary runs."""
    with pytest.raises((ValueError, Exception), match=r".+"):
        Selector.read(text)


@pytest.mark.parametrize(
    "now",
    [Counters(7, 1, ((0.1, 7),), began=2.0), Counters(7, 1, ((0.1, 7),), began=1.0)],
    ids=["says so", "stands lower"],
)
def test_a_process_that_began_anew_has_added_everything_that_it_stands_at(now):
    """A reset is never a negative number of requests."""
    assert now.since(Counters(500, 20, ((0.1, 500),), began=1.0)) == now


def test_the_first_reading_adds_nothing():
    """What happened before the canary says nothing of it."""
    assert Counters(500, 20).since(None) == Counters(0, 0)


@given(steps=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.booleans()), max_size=20))
def test_what_is_added_is_never_negative_and_never_more_than_happened(steps):
    """Whatever a process does between two readings, restarts among it."""
    stood, added, happened = Counters(0, 0), 0.0, 0
    for well, bad, restarts in steps:
        base = Counters(0, 0, began=stood.began + 1) if restarts else stood
        now = Counters(base.requests + well + bad, base.errors + bad, began=base.began)
        since = now.since(stood)
        assert min(since.requests, since.errors) >= 0
        added, happened, stood = added + since.requests, happened + well + bad, now
    assert added == happened


@given(times=st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 1.0, ENDLESS]), st.integers(0, 100)), max_size=8))
def test_the_95th_percentile_lies_where_95_of_100_requests_are_done(times):
    """And within the bounds that are known."""
    together = merged(times)
    total, found = sum(count for _, count in together), p95(together)
    if not total:
        assert found is None
        return
    assert found is not None
    assert 0 <= found <= 1.0
    if found < max(bound for bound, _ in together):
        bound = min(bound for bound, _ in together if bound >= found)
        if bound < ENDLESS and found not in dict(together):
            assert sum(count for each, count in together if each <= bound) >= 0.95 * total - 1e-6


def test_counters_survive_being_written_down():
    """As JSON."""
    told = counters(TEXT, ASKED)
    assert Counters.restored(told.document()) == told
