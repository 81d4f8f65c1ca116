"""The card shows the jobs of a workflow run while it goes on, and nothing that could ping or link by itself."""

from datetime import UTC, datetime

from bot.announcer import plain
from commands.views.card import announcement
from commands.views.jobs import jobs
from storage.models import Status, StepRecord, StepState
from tests.golden.cards import facts

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)
TOLD = """\
https://github.com/a/b/actions/runs/7
waits
✓ build: success in 4 s
▸ ship <!channel>: `Ship`
· look: has not begun
"""


def step(output, state=StepState.INTENDED, kind="run"):
    return StepRecord(
        deployment_id=1,
        number=0,
        target="github",
        kind=kind,
        operation="d1.0",
        state=state,
        output=output,
        started_at=AT,
    )


def test_a_run_that_goes_on_is_shown_job_by_job():
    (shown,) = jobs([step(TOLD)])
    assert shown["text"]["text"].splitlines() == [
        "<https://github.com/a/b/actions/runs/7|The run on GitHub>",
        "waits",
        ":white_check_mark: build: success in 4 s",
        ":arrow_forward: ship &lt;!channel&gt;: `Ship`",
        ":white_circle: look: has not begun",
    ]


def test_what_ended_or_is_no_run_is_not_shown():
    assert jobs([step(TOLD, StepState.SUCCEEDED), step(TOLD, kind="activate"), step("")]) == []


def test_many_jobs_are_counted():
    (shown,) = jobs([step("\n".join(f"· job {number}: has not begun" for number in range(30)))])
    assert shown["text"]["text"].endswith("… and 10 more")


def test_the_card_of_a_deployment_at_work_shows_them():
    card = announcement(facts(Status.RUNNING, steps=(step(TOLD),)), now=None)
    assert ":arrow_forward: ship" in plain(card)
