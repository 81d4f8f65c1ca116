"""What success rates are shown: exact binomial bounds."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployers.comparing.proportions import at_most, needed, shown, success_at_least

RATES = st.sampled_from([0.9, 0.95, 0.99, 0.995, 0.999])


def test_99_5_per_cent_takes_598_clean_requests():
    """One fewer is not enough."""
    assert needed(0, 0.995) == 598
    assert shown(0, 598, 0.995)
    assert not shown(0, 597, 0.995)


@pytest.mark.parametrize(("errors", "requests"), [(0, 598), (1, 947), (2, 1258), (3, 1549)])
def test_each_error_takes_more_requests(errors, requests):
    """The figures of the exact binomial test."""
    assert needed(errors, 0.995) == requests


def test_a_success_rate_of_one_is_shown_by_no_number_of_requests():
    """Somebody who asks for it is told so."""
    with pytest.raises(ValueError, match="no number of requests"):
        needed(0, 1.0)


def test_without_a_request_nothing_is_shown():
    """Not even a low rate."""
    assert not shown(0, 0, 0.5)
    assert success_at_least(0, 0) == 0


@given(requests=st.integers(1, 300), errors=st.integers(0, 300), chance=st.floats(0.001, 0.999))
def test_the_probability_of_few_errors_is_the_sum_of_the_binomial_terms(requests, errors, chance):
    """Compared with the sum as it is written; where many are to be expected it counts as certain."""
    errors = min(errors, requests)
    told = at_most(errors, requests, chance)
    if errors >= requests * chance:
        assert told == 1.0
    else:
        exact = sum(comb(requests, k) * chance**k * (1 - chance) ** (requests - k) for k in range(errors + 1))
        assert told == pytest.approx(exact, rel=1e-9, abs=1e-300)


@given(errors=st.integers(0, 40), rate=RATES)
def test_what_is_needed_is_just_enough(errors, rate):
    """It shows the rate, and one request fewer does not."""
    enough = needed(errors, rate)
    assert shown(errors, enough, rate)
    assert not shown(errors, enough - 1, rate)


@given(errors=st.integers(0, 40), requests=st.integers(41, 5000), rate=RATES)
def test_a_rate_is_shown_where_the_bound_reaches_it(errors, requests, rate):
    """Two ways to say the same: the test, and Clopper and Pearson's bound."""
    bound = success_at_least(errors, requests)
    if abs(bound - rate) > 1e-9:
        assert shown(errors, requests, rate) == (bound > rate)


@given(errors=st.integers(0, 50), requests=st.integers(51, 5000))
def test_more_requests_show_more_and_more_errors_less(errors, requests):
    """The bound rises with clean requests and falls with errors."""
    bound = success_at_least(errors, requests)
    assert success_at_least(errors, requests + 1) >= bound
    assert success_at_least(errors + 1, requests) <= bound
