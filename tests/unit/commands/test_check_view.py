"""The card of a check holds Slack's limits whatever was found, pings nobody, and says what matters first."""

import re
from collections.abc import Iterator
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.announcer import plain
from bot.sandbox.slack import limits
from commands.views import blocks
from commands.views.check import Check, announcement
from deployers.findings import Found, State
from storage.models import ChecklistPoint, ChecklistRun
from tests.builders import NOW
from tests.golden import checks
from tests.unit.commands.test_views import foreign

PING = re.compile(r"<(?!!date\^)[!@#][^>]*>|<https?:[^>]*>")


def a_run(**given) -> ChecklistRun:
    values = {"id": 7, "key": "a", "checklist": "daily", "channel": "c", "due_at": NOW, "wanted_at": NOW}
    return ChecklistRun(**{**values, "since": NOW, **given})


findings = st.builds(
    Found,
    st.sampled_from(["deployments", "errors", "disk"]),
    foreign,
    foreign,
    st.sampled_from(State),
    foreign,
    foreign,
    st.lists(foreign, max_size=8).map(tuple),
).map(lambda it: Found.read(it.document()))
points = st.builds(
    ChecklistPoint,
    id=st.integers(1, 10**9),
    checklist=st.just("daily"),
    text=foreign,
    owner=foreign,
    raised_at=st.sampled_from([NOW, NOW - timedelta(days=7)]),
    ticked_at=st.sampled_from([None, NOW]),
    ticked_name=foreign,
)


@settings(max_examples=30)
@given(
    found=st.lists(findings, max_size=50),
    raised=st.lists(points, max_size=45, unique_by=lambda it: it.id),
    title=foreign,
    missed=st.integers(0, 10**6),
)
def test_whatever_was_found_the_card_holds_slacks_limits_and_pings_nobody(found, raised, title, missed):
    run = a_run(missed=["2026-11-23T09:00"] * min(missed, 7), missed_count=missed)
    card = announcement(Check(run, title, tuple(found), tuple(raised), "Europe/Berlin"))
    limits.message("a check", list(card))
    assert blocks.weight(card) <= blocks.MOST_TOGETHER
    assert not PING.search(" ".join(written(card)))


def written(value) -> Iterator[str]:
    """Yield every text in which Slack looks for mentions and links."""
    if isinstance(value, dict) and value.get("type") == "mrkdwn":
        yield value["text"]
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from written(each)


def words(*found: Found, **given) -> str:
    return plain(announcement(Check(a_run(**given), "Morning check", found)))


def test_what_is_bad_comes_before_what_wants_attention_and_what_is_unknown():
    text = words(*checks.UNKNOWN[:1], *checks.ATTENTION[1:2], *checks.BAD[1:2], *checks.GOOD[:1])
    assert text.index("Queue") < text.index("Log errors") < text.index("cannot be reached") < text.index("Deployments")


def test_unknown_is_never_well():
    assert "All is well" in words(*checks.GOOD)
    assert "All is well" not in words(*checks.GOOD, *checks.UNKNOWN[:1])
    assert "1\u00a0unknown" in words(*checks.GOOD, *checks.UNKNOWN[:1])


def test_what_was_not_looked_at_is_neither_good_nor_bad():
    text = words(*checks.IDLE)
    assert "All is well" not in text
    assert "Not looked at: Certificate of staging and production (`url` is not https)" in text


def test_many_things_that_are_not_looked_at_for_one_reason_are_told_together():
    away = [checks.found(probe, State.IDLE, "it has no hosts", "legacy") for probe in ("queue", "disk", "versions")]
    assert "Not looked at: Queue, Disk, Versions of legacy (it has no hosts)." in words(*away)


def test_a_host_that_is_away_is_told_once_for_all_that_it_hides():
    assert words(*checks.UNKNOWN).count("it cannot be reached") == 1


def test_a_check_that_is_hardly_late_does_not_say_so():
    assert "late" not in words(*checks.GOOD, wanted_at=NOW + timedelta(seconds=90))
    assert "5 min late" in words(*checks.GOOD, wanted_at=NOW + timedelta(minutes=5))
