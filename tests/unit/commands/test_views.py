import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from commands.views import blocks, card, details, failure, history, request, status, thread
from commands.views.risks import risks
from commands.views.troubles import TROUBLES, likely
from deployers.ports import Difference, Finding
from storage.models import Deployment, Status, StepState
from storage.reports import EnvironmentStatus, Facts
from tests.builders import NOW, a_step, an_approval
from tests.golden.cards import CARDS, FAILURE, PLAN, SEEN, deployment

NASTY = [
    "<!channel>",
    "<@U0ANA>",
    "`",
    "```",
    "&amp;",
    "*_~",
    "\u202e",
    "\x00",
    "\n",
    "x" * 300,
    "<https://x|y>",
    "ä€😀",
]
foreign = st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=40)), max_size=12).map("".join)
MENTION = re.compile(r"<[!@#][^>]*>|<https?:[^>]*>")


def demand_limits(message):
    assert 0 < len(message) <= 50
    assert blocks.weight(message) <= blocks.MOST_TOGETHER
    for block in message:
        if block["type"] == "section":
            assert "text" in block or block["fields"]
            assert len(block.get("text", {}).get("text", "")) <= 3_000
            assert len(block.get("fields", [])) <= 10
            assert all(0 < len(it["text"]) <= 2_000 for it in block.get("fields", []))
        if block["type"] == "header":
            assert len(block["text"]["text"]) <= 150
        if block["type"] == "context":
            assert 0 < len(block["elements"]) <= 10
        if block["type"] == "actions":
            assert 0 < len(block["elements"]) <= 25
            assert all(len(it["text"]["text"]) <= 75 and len(it["value"]) <= 2_000 for it in block["elements"])


def pings(view):
    found = MENTION.findall(str(view))
    return [it for it in found if not it.startswith("<!date^") and it not in ("<@U0ANA>", "<@U0BEN>", "<@U0LEA>")]


@st.composite
def worlds(draw):
    said = draw(st.lists(foreign, min_size=8, max_size=8))
    made = deployment(
        draw(st.sampled_from(list(Status))), environment=said[0] or "e", reason=said[1], requested_name=said[2]
    )
    made.ref, made.replaces_ref, made.requested_by = (
        said[3] or "r",
        said[4],
        draw(st.sampled_from(["U0ANA", "cli:x", "?"])),
    )
    made.failure = draw(
        st.sampled_from([None, {**FAILURE, "message": said[5], "output": said[6] * 50, "step": said[7]}])
    )
    made.started_at = draw(st.sampled_from([None, NOW]))
    count = draw(st.integers(0, 60))
    names = [f"{said[0][:20]}{number}" for number in range(count)]
    plan = {**PLAN, "steps": [{"do": "activate", "targets": names}], "migrations": [said[1]] * count}
    seen = {
        **SEEN,
        "commits": [{"sha": "a" * 40, "subject": said[2], "author": said[3]}] * count,
        "risks": [said[4]] * count,
        "preflight": [{"where": said[5], "what": said[6], "good": False, "detail": said[7]}] * count,
        "way_back": said[1] or None,
    }
    steps = tuple(
        _record(number, name, draw(st.sampled_from(list(StepState))), said[6]) for number, name in enumerate(names)
    )
    given_by = (an_approval(12),) * draw(st.integers(0, 12))
    return Facts(made, plan, seen, given_by, steps, child_steps=steps[:3], typical_seconds=3.0)


def _record(number, name, state, output):
    record = a_step(12, 0, target=name)
    record.id, record.state, record.output, record.finished_at = number, state, output, NOW + timedelta(seconds=3)
    return record


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds())
def test_whatever_the_facts_no_view_breaks_slacks_limits_or_pings_anybody(seen):
    running = EnvironmentStatus(
        seen.deployment.environment, seen.deployment, seen.deployment, (seen.deployment,) * 9, None, ()
    )
    for message in (
        card.announcement(seen),
        failure.failed(seen)[1],
        details.details(seen)[1],
        history.shown([seen.deployment] * 15, seen.deployment.environment)[1],
        status.shown([(running, seen)] * 20)[1],
    ):
        demand_limits(message)
        assert pings([it for it in message if it["type"] in ("section", "context")]) == []
    assert pings(thread.succeeded_line(seen)) == []
    assert pings(failure.text(seen)) == []


@example("```&amp;0000000000000000000000000000000000000000000000000000<!channel>", 79)
@given(foreign, st.integers(40, 400))
def test_a_cut_text_keeps_its_limit_and_breaks_no_entity(text, limit):
    cut = blocks.cut(blocks.escape(text), limit)
    assert len(cut) <= limit
    assert re.search(r"&(?!amp;|lt;|gt;)", cut) is None


@given(foreign)
def test_foreign_text_cannot_leave_its_code(text):
    assert blocks.code(text).count("`") == 2
    assert blocks.fence(text).count("`") == 6


@given(foreign, st.integers(10, 200))
def test_a_fence_keeps_the_end_and_its_limit(text, limit):
    inside = blocks.fence(text, limit)[4:-4]
    assert len(inside) <= max(limit, 1)
    assert re.search(r"&(?!amp;|lt;|gt;)", inside) is None


def test_a_button_value_is_never_cut():
    with pytest.raises(ValueError, match="2000"):
        blocks.button("Approve", action="deployment.approve", value="x" * 2_001)


def test_a_message_that_is_too_long_says_so_and_keeps_its_buttons():
    row = blocks.actions(blocks.button("Approve", action="deployment.approve", value="1:h"))
    message = blocks.message(*[blocks.section("x" * 2_900)] * 9, row)
    assert row in message
    assert "left out" in str(message[-1])
    demand_limits(message)


def test_elapsed_time_is_told_as_far_as_the_rows_do_or_as_the_clock_says():
    seen = CARDS["running"]()
    assert "unning for 1 min, usually 1 min 35 s" in str(card.announcement(seen))
    assert "unning for 5 min, usually 1 min 35 s" in str(card.announcement(seen, now=NOW + timedelta(minutes=6)))


def fleet(status, *, targets=50, commits=200):
    """Return a deployment to a large fleet with many commits, each as wordy as it may be."""
    names = [f"web{number}-{'x' * 40}" for number in range(targets)]
    plan = {**PLAN, "steps": [{"do": "activate", "targets": names}], "migrations": ["m/" + "y" * 90] * 40}
    commit = {"sha": "a" * 40, "subject": "Change everything " * 20 + "(#12345)", "author": "Somebody " * 10}
    warned = [{"where": name, "what": "slow", "good": False, "detail": "z" * 300} for name in names]
    seen = {**SEEN, "commits": [commit] * commits, "commits_count": commits, "risks": ["risk " * 60] * 20}
    records = tuple(_record(number, name, StepState.FAILED, "out\n" * 200) for number, name in enumerate(names))
    made = deployment(status, reason="why " * 300, started_at=NOW, failure={**FAILURE, "output": "line\n" * 900})
    return Facts(made, plan, {**seen, "preflight": warned}, (an_approval(12),) * 30, records, child_steps=records)


@pytest.mark.parametrize("status", list(Status))
def test_a_card_of_fifty_targets_and_two_hundred_commits_folds_and_says_what_it_left_out(status):
    seen = fleet(status)
    for message in (card.announcement(seen), failure.failed(seen)[1]):
        demand_limits(message)
    shown = str(card.announcement(seen))
    if status in (Status.AWAITING_APPROVAL, Status.QUEUED):
        assert "and 190 more" in shown
    if status in (Status.RUNNING, Status.FAILED):
        assert "and 40 more targets: 40 in trouble" in shown


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(list(Status)), st.integers(0, 60), st.integers(0, 250))
def test_however_large_the_fleet_every_button_stays_on_the_card(status, targets, commits):
    whole, small = fleet(status, targets=targets, commits=commits), fleet(status, targets=1, commits=1)
    rows = [it for it in card.announcement(whole) if it["type"] == "actions"]
    assert rows == [it for it in card.announcement(small) if it["type"] == "actions"]


def test_no_risks_are_said_explicitly():
    assert "no risks found" in str(request.warnings({"risks": [], "preflight": []}))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"migrations": ("m/1",)}, "the database changes (1 migration)"),
        ({"behind_count": 2}, "2 commits that run now disappear"),
        ({"touched": ("composer.lock",)}, "dependencies change"),
        ({"touched": ("config/app.php",)}, "configuration changes"),
        ({"touched": (".github/workflows/ci.yml",)}, "the pipeline itself changes: .github/workflows/ci.yml"),
        ({"ahead_count": 51}, "51 commits at once"),
        ({"insertions": 1_999, "deletions": 2}, "2001 changed lines"),
    ],
)
def test_each_risk_is_found(change, told):
    calm = Difference((), 1, (), 0, ())
    assert risks(calm, way_back="v2.2") == []
    assert risks(replace(calm, **change), way_back="v2.2") == [told]


def test_no_way_back_and_bad_findings_are_risks():
    bad = Finding("web1", "disk nearly full", good=False, detail="2 %", blocking=False)
    told = risks(Difference((), 1, (), 0, ()), (bad,), way_back=None)
    assert told == ["no way back: no earlier release served well here", "web1: disk nearly full (2 %)"]


@pytest.mark.parametrize(
    ("code", "step", "said", "cause"),
    [
        ("command_failed", "migrate", "SQLSTATE: Table 'names' already exists", "ran half way"),
        ("command_failed", "migrate", "Syntax error", "A migration failed"),
        ("command_failed", "build", "Your requirements could not be resolved", "Dependencies"),
        ("command_failed", "prepare", "git@github.com: Permission denied (publickey)", "may not read the repository"),
        ("command_failed", "build", "No space left on device", "disk"),
        ("unhealthy", "verify", "web2 is not healthy: answered 503", "is sick"),
        ("unhealthy", "verify", "`current` there is 123, not 456", "old release"),
        ("unreachable", "prepare", "timed out", "down"),
        ("something", "", "", "no likely cause"),
    ],
)
def test_the_troubleshooting_table_names_the_likely_cause(code, step, said, cause):
    assert cause in likely(code, step, said).cause


def test_every_row_of_the_troubleshooting_table_says_what_to_do():
    assert all(row.do.endswith(".") and row.cause.endswith(".") for row in TROUBLES)


def test_a_person_from_the_command_line_is_named_as_such():
    made = Deployment.model_validate(deployment(Status.SUCCEEDED, requested_by="cli:omar", requested_name=""))
    assert "omar (command line)" in card.headline(made)
