"""Whose fault trouble is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployers import blame, emergency
from deployers.environment import Approvals, Component, Emergency, Freeze, Health, RollbackPolicy
from deployers.health import Judgement, Look, Sample, Verdict, judge
from tests.unit.deployers.worlds import environment

HEALTH = Health(components=(Component("redis", "/api/health/redis"),), interval=timedelta(seconds=2))
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("why", "trigger"),
    [
        ("/api/health answered 503", "health"),
        ("/api/health: no answer within 5 s", "health"),
        ("/api/health/redis answered 503", "component"),
        ("/api/health/redis: connection refused", "component"),
        ("/api/version names 'abc', not def", "health"),
        ("its 95th percentile is 2.00 s", "health"),
    ],
)
def test_what_was_wrong_says_which_trigger_it_is(why, trigger):
    assert blame.trigger(Verdict(Judgement.SICK, "web1", why), HEALTH) == trigger


def test_too_many_bad_looks_over_all_are_the_error_rate():
    looks = [Look.SICK, Look.WELL, Look.SICK, *[Look.WELL] * 5]
    samples = [Sample("web1", NOON + timedelta(seconds=n), look, "503") for n, look in enumerate(looks)]
    verdict = judge(samples, HEALTH, hold=timedelta(seconds=7))
    assert verdict.judgement is Judgement.SICK
    assert blame.trigger(verdict, HEALTH) == "error_rate"


def test_where_nothing_is_automatic_nothing_acts_and_what_is_no_look_acts_whatever_is_listed():
    assert not blame.acts(RollbackPolicy(automatic=False), "health")
    assert not blame.acts(RollbackPolicy(automatic=False), "")
    assert blame.acts(RollbackPolicy(on=()), "")
    assert not blame.acts(RollbackPolicy(on=("health",)), "component")


@given(st.lists(st.sampled_from(["well", "sick", "blind"]), max_size=20))
def test_only_an_unbroken_row_at_the_end_counts(looks):
    count = blame.in_a_row(looks, "sick")
    assert looks[len(looks) - count :] == ["sick"] * count
    assert count == len(looks) or looks[-count - 1] != "sick"


@given(st.integers(1, 600), st.booleans())
def test_a_served_release_is_looked_at_seldom_and_at_its_own_pace_once_something_was_bad(seconds, suspicious):
    health = replace(HEALTH, interval=timedelta(seconds=seconds))
    pace = blame.pace(health, suspicious=suspicious)
    assert pace >= seconds
    assert suspicious is False or pace == seconds
    assert pace <= max(30, seconds)


STRICT = replace(
    environment(2),
    approvals=Approvals(required=2),
    required_checks=("tests",),
    after="staging",
    freezes=(Freeze(("fri",), "16:00", "mon 07:00"),),
)


def test_outside_an_emergency_everything_is_judged_as_usual():
    where = replace(STRICT, emergency=Emergency(skip_approvals=True, skip_order=True, skip_freezes=True))
    assert emergency.judged(where, "rolling") is where
    assert emergency.skipped(where, "rolling", tests=False) == ""


@given(st.builds(Emergency, skip_approvals=st.booleans(), skip_freezes=st.booleans(), skip_order=st.booleans()))
def test_an_emergency_goes_past_exactly_what_is_configured(allowed):
    judged = emergency.judged(replace(STRICT, emergency=allowed), "emergency")
    assert (judged.approvals.required == 0) is allowed.skip_approvals
    assert (judged.freezes == ()) is allowed.skip_freezes
    assert (judged.after == "") is allowed.skip_order
    told = emergency.skipped(replace(STRICT, emergency=allowed), "emergency", tests=False)
    assert ("approval" in told, "freezes" in told, "staging" in told) == (
        allowed.skip_approvals,
        allowed.skip_freezes,
        allowed.skip_order,
    )


def test_without_a_word_about_it_an_emergency_goes_past_nothing():
    assert emergency.judged(STRICT, "emergency") == STRICT
