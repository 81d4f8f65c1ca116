"""Sequential tests as betting scores: their expectation never rises while the canary is no worse than it may be."""

from math import comb, exp, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployers.comparing.sequential import (
    SHOWN,
    STOP,
    Contrast,
    evidence_above,
    evidence_below,
    needed_below,
)

SIDE = st.integers(0, 25)


def binomial(of: int, chance: float) -> list[float]:
    """Return how probable each number of errors is."""
    return [comb(of, k) * chance**k * (1 - chance) ** (of - k) for k in range(of + 1)]


def hypergeometric(ours: int, theirs: int, together: int, odds: float) -> dict[int, float]:
    """Return how probable each number of errors on the canary is, given how many both sides had."""
    possible = range(max(0, together - theirs), min(ours, together) + 1)
    weights = {k: comb(ours, k) * comb(theirs, together - k) * odds**k for k in possible}
    return {k: weight / sum(weights.values()) for k, weight in weights.items()}


@given(
    ours=SIDE,
    theirs=SIDE,
    together=st.integers(0, 50),
    tolerated=st.sampled_from([1.0, 1.25, 2.0]),
    share=st.floats(0.05, 1.0),
    before=st.tuples(SIDE, SIDE),
)
def test_the_evidence_is_not_expected_to_rise_while_the_canary_is_no_worse(
    ours, theirs, together, tolerated, share, before
):
    """For every ratio of the odds up to the tolerated one, whatever was seen before: exactly, by enumeration."""
    together = min(together, ours + theirs)
    bad = min(before[0], 3)
    so_far = Contrast(tolerated).after((bad, before[0]), (0, before[1]))
    expected = sum(
        chance * exp(so_far.after((k, ours), (together - k, theirs)).evidence)
        for k, chance in hypergeometric(ours, theirs, together, tolerated * share).items()
    )
    assert expected <= exp(so_far.evidence) * (1 + 1e-9)


@given(ours=SIDE, theirs=SIDE, together=st.integers(0, 50), tolerated=st.sampled_from([1.0, 1.25]))
def test_at_the_border_the_evidence_is_expected_to_stay_as_it_is(ours, theirs, together, tolerated):
    """A martingale: nothing of the allowed false alarms is given away in one look."""
    together = min(together, ours + theirs)
    expected = sum(
        chance * exp(Contrast(tolerated).after((k, ours), (together - k, theirs)).evidence)
        for k, chance in hypergeometric(ours, theirs, together, tolerated).items()
    )
    assert expected == pytest.approx(1.0, rel=1e-9)


@given(of=st.integers(0, 60), chance=st.floats(0.001, 0.6), share=st.floats(0.05, 1.0))
def test_the_test_of_one_rate_is_not_expected_to_rise_below_it(of, chance, share):
    """Neither upwards for a smaller chance, nor downwards for a greater one."""
    above = sum(p * exp(evidence_above(k, of, chance)) for k, p in enumerate(binomial(of, chance * share)))
    below = sum(p * exp(evidence_below(k, of, chance * share)) for k, p in enumerate(binomial(of, chance)))
    assert above <= 1 + 1e-9
    assert below <= 1 + 1e-9


@given(ours=st.integers(1, 500), theirs=st.integers(1, 5000), data=st.data())
def test_more_errors_on_the_canary_are_more_evidence_against_it(ours, theirs, data):
    """With as many errors in all."""
    together = data.draw(st.integers(1, ours))
    bad = data.draw(st.integers(max(1, together - theirs), together)) if together > theirs else together
    fewer = Contrast(1.25).after((bad - 1, ours), (min(theirs, together - bad + 1), theirs)).evidence
    assert Contrast(1.25).after((bad, ours), (together - bad, theirs)).evidence >= fewer - 1e-9


def test_a_look_without_errors_or_without_one_of_the_sides_says_nothing():
    """Neither for nor against."""
    assert Contrast(1.25).after((0, 500), (0, 5000)).evidence == 0
    assert Contrast(1.25).after((0, 0), (7, 5000)).evidence == pytest.approx(0, abs=1e-9)
    assert Contrast(1.25).after((7, 100), (0, 0)).evidence == pytest.approx(0, abs=1e-9)


def test_a_canary_that_answers_nothing_is_certainly_bad_within_a_dozen_requests():
    """The stable side answers."""
    assert Contrast(1.25).after((12, 12), (0, 108)).evidence >= STOP


def test_millions_of_requests_are_counted_without_overflow():
    """A look at a great deal of traffic costs no more than a look at little."""
    evidence = Contrast(1.25).after((400_000, 1_000_000), (20_000, 9_000_000)).evidence
    assert STOP < evidence < inf


@pytest.mark.parametrize("bad", [0, 1, 5, 20])
def test_what_is_needed_is_just_enough(bad):
    """For the success rate that is looked at all the time."""
    enough = needed_below(bad, 0.005)
    assert evidence_below(bad, enough, 0.005) >= SHOWN > evidence_below(bad, enough - 1, 0.005)
