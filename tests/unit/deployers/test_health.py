"""When is a release well, sick, or not to be judged?"""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from deployers.health import Judgement, Look, Sample, judge
from tests.unit.deployers.worlds import HEALTH, NOON


def looks(*words: Look, where: str = "web1", every: float = 1, seconds: float = 0.1) -> list[Sample]:
    """Return samples of one place, a look every second."""
    return [Sample(where, NOON + timedelta(seconds=n * every), look, "why", seconds) for n, look in enumerate(words)]


W, S, B = Look.WELL, Look.SICK, Look.BLIND


def test_three_bad_looks_in_a_row_are_sick():
    assert judge(looks(W, S, S, S), HEALTH, hold=timedelta(0)).judgement is Judgement.SICK


def test_two_bad_looks_are_not_yet_sick():
    assert judge(looks(W, W, S, S), HEALTH, hold=timedelta(0)).judgement is Judgement.LOOKING


def test_three_good_looks_are_well_when_nothing_has_to_be_held():
    assert judge(looks(W, W, W), HEALTH, hold=timedelta(0)).judgement is Judgement.WELL


def test_a_release_is_not_well_before_it_was_watched_for_the_whole_window():
    assert judge(looks(*[W] * 10), HEALTH, hold=timedelta(seconds=10)).judgement is Judgement.LOOKING
    assert judge(looks(*[W] * 11), HEALTH, hold=timedelta(seconds=10)).judgement is Judgement.WELL


def test_one_sick_place_outweighs_all_others():
    samples = looks(W, W, W) + looks(S, S, S, where="web2")
    verdict = judge(samples, HEALTH, hold=timedelta(0))
    assert (verdict.judgement, verdict.where) == (Judgement.SICK, "web2")


def test_not_being_able_to_ask_is_inconclusive_and_never_well():
    assert judge(looks(*[B] * 6), HEALTH, hold=timedelta(0)).judgement is Judgement.INCONCLUSIVE


def test_scattered_bad_looks_over_the_allowed_rate_are_sick():
    assert judge(looks(W, S, W, S, W, W, W), HEALTH, hold=timedelta(0)).judgement is Judgement.SICK


def test_a_slow_release_is_sick():
    verdict = judge(looks(W, W, W, seconds=1.5), HEALTH, hold=timedelta(0))
    assert (verdict.judgement, "95th" in verdict.why) == (Judgement.SICK, True)


@given(st.lists(st.sampled_from(Look), min_size=1, max_size=40))
def test_a_release_whose_newest_look_was_not_good_is_never_well(words):
    verdict = judge(looks(*words), HEALTH, hold=timedelta(0))
    if words[-1] is not Look.WELL:
        assert verdict.judgement is not Judgement.WELL


@given(st.lists(st.sampled_from(Look), min_size=1, max_size=10), st.sampled_from(Look))
def test_samples_survive_being_written_down(words, look):
    for sample in looks(*words, look):
        assert Sample.read(sample.document()) == sample
