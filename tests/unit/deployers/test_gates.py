from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployers import rollback
from deployers.environment import Freeze
from deployers.freezes import DAYS, check, frozen
from deployers.gates import Allowed, Refused, Snapshot, every, judge, still
from deployers.ports import Finding
from deployers.rollback import Way

BERLIN = "Europe/Berlin"
NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
ASKED = Snapshot(
    "production", "v2.3", "c" * 40, "rolling", NOON, zone=BERLIN, strategies=("rolling",), approvals_needed=2
)
WEEKEND = Freeze(("fri",), "16:00", "mon 07:00", "weekend")
BAD = Finding("web1", "the disk is full", good=False)

times = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 the zone is added
clocks = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))
freezes = st.builds(
    Freeze,
    st.lists(st.sampled_from(DAYS), min_size=1, max_size=3, unique=True).map(tuple),
    clocks,
    st.one_of(clocks, st.builds(lambda day, clock: f"{day} {clock}", st.sampled_from(DAYS), clocks)),
)
SHUT = {
    "strategy": {"strategy": "canary"},
    "frozen": {"freezes": (Freeze(("tue",), "11:00", "13:00"),)},
    "after": {"after": "staging"},
    "checks_unknown": {"required_checks": ("tests",)},
    "checks_red": {"required_checks": ("tests",), "checks": {"tests": "failure"}},
    "preflight": {"findings": (BAD,)},
}


def test_nothing_in_the_way_allows_it_with_the_approvals_it_needs():
    assert judge(ASKED) == Allowed(2)
    assert still(replace(ASKED, approvals_standing=2)) == Allowed(2)


@pytest.mark.parametrize("code", SHUT)
def test_each_gate_alone_refuses_under_its_own_code_and_says_why(code):
    verdict = judge(replace(ASKED, **SHUT[code]))
    assert isinstance(verdict, Refused)
    assert (verdict.code, bool(verdict.why), verdict.next.startswith("/deploy ")) == (code, True, True)


@pytest.mark.parametrize("code", SHUT)
def test_a_rollback_is_stopped_by_no_gate(code):
    asked = replace(ASKED, kind="rollback", approvals_standing=0, **SHUT[code])
    assert judge(asked) == still(asked) == Allowed(0)


def test_the_second_look_leaves_the_preflight_to_the_steps():
    assert still(replace(ASKED, findings=(BAD,))) == Allowed(2)


def test_an_approval_by_somebody_who_lost_the_role_does_not_stand():
    verdict = still(replace(ASKED, approvals_standing=1))
    assert isinstance(verdict, Refused)
    assert verdict.code == "approval_revoked"


@pytest.mark.parametrize("said", ["pending", "unknown", "failure", "", "SUCCESS", "neutral"])
def test_only_success_is_green(said):
    assert isinstance(judge(replace(ASKED, required_checks=("tests",), checks={"tests": said})), Refused)


def test_a_finding_that_does_not_block_is_no_gate():
    assert judge(replace(ASKED, findings=(replace(BAD, blocking=False),))) == Allowed(2)


@pytest.mark.parametrize(
    ("local", "holds"),
    [
        ("2026-11-27 15:59", False),
        ("2026-11-27 16:00", True),
        ("2026-11-29 23:00", True),
        ("2026-11-30 06:59", True),
        ("2026-11-30 07:00", False),
        ("2026-11-24 12:00", False),
    ],
)
def test_a_weekend_freeze_holds_from_its_first_minute_to_its_last(local, holds):
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(BERLIN))
    assert (frozen((WEEKEND,), at, BERLIN) is not None) is holds


def test_a_freeze_over_midnight_ends_the_next_day():
    nightly = Freeze(("mon",), "22:00", "06:00")
    window = frozen((nightly,), datetime(2026, 11, 24, 4, 0, tzinfo=UTC), BERLIN)
    assert window is not None
    assert (window.since.day, window.until.day, window.until.hour) == (23, 24, 6)


def test_a_freeze_keeps_its_wall_clock_over_the_end_of_summer_time():
    at = datetime(2026, 10, 26, 5, 30, tzinfo=UTC)
    assert frozen((WEEKEND,), at, BERLIN) is not None
    assert frozen((WEEKEND,), at + timedelta(minutes=30), BERLIN) is None


def test_of_two_freezes_the_one_that_ends_last_is_told():
    short = Freeze(("fri",), "16:00", "18:00", "evening")
    window = frozen((WEEKEND, short), datetime(2026, 11, 27, 15, 30, tzinfo=UTC), BERLIN)
    assert window is not None
    assert window.reason == "weekend"


@given(freeze=freezes, at=times)
def test_a_window_that_holds_contains_now_and_lasts_at_most_a_week(freeze, at):
    window = frozen((freeze,), at, BERLIN)
    if window:
        assert window.since <= at < window.until
        assert window.until.astimezone(UTC) - window.since.astimezone(UTC) <= timedelta(days=7, hours=1)
        assert DAYS[window.since.weekday()] in freeze.days


@given(freeze=freezes, at=times)
def test_every_freeze_begins_on_each_of_its_days(freeze, at):
    for day in range(7):
        begins = (at + timedelta(days=day)).astimezone(ZoneInfo(BERLIN))
        hour, minute = map(int, freeze.start.split(":"))
        begins = begins.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if DAYS[begins.weekday()] in freeze.days:
            assert frozen((freeze,), begins, BERLIN) is not None


@pytest.mark.parametrize(
    "freeze",
    [
        Freeze(("friday!",), "4pm", "mon 07:00"),
        Freeze(("xyz",), "16:00", "18:00"),
        Freeze(("fri",), "16:00", "a b 07:00"),
    ],
)
def test_a_freeze_that_cannot_be_read_is_an_error_never_an_open_gate(freeze):
    with pytest.raises(ValueError, match="is not"):
        check(freeze)


@pytest.mark.parametrize(
    ("migrations", "known", "policy", "asks", "says"),
    [
        ((), True, "ask", False, ""),
        (("007",), True, "ask", True, "going back does not undo it"),
        (("007", "008"), True, "compatible", False, "declared compatible"),
        ((), False, "ask", True, "could not read"),
    ],
)
def test_going_over_a_migration_is_said_plainly(migrations, known, policy, asks, says):
    way = Way("production", "v2.3", "v2.2", migrations, known=known, policy=policy)
    assert way.asks is asks
    assert says in rollback.caution(way)
    assert rollback.label("production", "v2.2") == "Roll back production to v2.2"


def test_the_migrations_of_several_plans_are_told_once_and_in_order():
    plans = [{"migrations": ["b", "a"]}, {}, {"migrations": ["a", "c"]}]
    assert rollback.between(plans) == ("b", "a", "c")


def test_a_migration_that_leaves_old_code_behind_is_refused_where_nobody_would_be_asked():
    left = replace(ASKED, left_behind=("web2", "web3"))
    verdict = judge(replace(left, approvals_needed=0))
    assert isinstance(verdict, Refused)
    assert verdict.code == "migration"
    assert "web2, web3" in verdict.why
    assert judge(replace(left, approvals_needed=1)) == Allowed(1)


@pytest.mark.parametrize("code", SHUT)
def test_every_gate_is_told_and_the_first_that_is_shut_is_the_verdict(code):
    asked = replace(ASKED, **SHUT[code])
    told = list(every(asked))
    assert [it.refused for it in told if it.refused] == [judge(asked)]
    assert len({it.name for it in told}) == len(told)
    assert all(it.told for it in told)


def test_a_gate_that_nothing_could_shut_is_told_as_absent():
    there = {it.name: it.there for it in every(ASKED)}
    assert there == {name: name in ("Strategy", "Age") for name in there}


def test_a_canary_is_not_compared_with_hosts_that_something_was_left_on():
    verdict = judge(replace(ASKED, strategy="canary", strategies=("canary", "rolling"), strays=("web1", "web2")))
    assert isinstance(verdict, Refused)
    assert verdict.code == "mixed"
    assert "web1, web2 still serve" in verdict.why
    assert verdict.next.endswith("--strategy rolling")
    alone = judge(replace(ASKED, strategy="canary", strategies=("canary",), strays=("web1",)))
    assert isinstance(alone, Refused)
    assert alone.next == f"/rollback latest {ASKED.environment}"
