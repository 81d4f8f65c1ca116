"""Cards of checks in all their colours; from made-up facts that never change."""

from datetime import timedelta
from typing import Any

from commands.replies import Block
from commands.views.check import Check, announcement
from deployers.checklists import HOUR, KINDS
from deployers.findings import Found, State
from storage.models import ChecklistPoint, ChecklistRun, RunState
from tests.builders import NOW

DUE = NOW - timedelta(hours=1)
"""Nine o'clock in Berlin."""


def checks() -> dict[str, Any]:
    """Return every card by the name of its file."""
    return {f"check_{name}": list(card) for name, card in _cards().items()}


def _cards() -> dict[str, tuple[Block, ...]]:
    return {
        "good": _morning(GOOD),
        "attention": _morning(ATTENTION),
        "bad": _morning(BAD),
        "unknown": _morning(UNKNOWN),
        "all_colours": _morning((*BAD[:2], *ATTENTION[:2], *UNKNOWN[:3], *GOOD[3:], *IDLE)),
        "late": _morning(GOOD, wanted_at=DUE + timedelta(hours=3, minutes=20)),
        "after_days": _morning(
            GOOD,
            wanted_at=DUE + timedelta(minutes=6),
            missed=["2026-11-20T09:00", "2026-11-23T09:00"],
            missed_count=2,
        ),
        "after_weeks": _morning(GOOD, missed=["2026-11-20T09:00", "2026-11-23T09:00"], missed_count=12),
        "asked": _morning(GOOD[:4], asked_by="U0ANA", asked_name="ana", schedule="", environment="production"),
        "hostile": _morning(HOSTILE),
        "weekly": _weekly(POINTS),
        "weekly_done": _weekly(DONE),
    }


def found(probe: str, state: State, said: str, place: str = "production", *lines: str) -> Found:
    """Return a finding with the probe's own advice."""
    kind = KINDS[probe]
    advice = {State.GOOD: "", State.IDLE: "", State.UNKNOWN: "See whether it is up: `shipmate check`."}
    return Found(probe, kind.title, place, state, said, advice.get(state, kind.advice), lines)


G, A, B, U, I = State.GOOD, State.ATTENTION, State.BAD, State.UNKNOWN, State.IDLE  # noqa: E741 - one letter a state
LOG = (
    "web1: 2026-11-24 07:12:09 ERROR call 4790: the carrier hung up after 8 s (×3)",
    "web1: 2026-11-24 04:31:50 ERROR invoice 2207 has no address: cus_91ab3c0d",
)
GOOD = (
    found("deployments", G, "2 succeeded", "", "#12 v2.3 → production succeeded, by ana"),
    found("errors", G, "no error lines", "staging"),
    found("errors", G, "no error lines on both hosts"),
    found("queue", G, "“Horizon is running.” on both hosts"),
    found("health", G, "well within 61 ms", "staging"),
    found("health", G, "well within 85 ms"),
    found("disk", G, "41 % full", "staging"),
    found("disk", G, "at most 41 % full"),
    found("certificate", G, "good for 63 days, until 2027-01-26"),
    found("backup", G, "the newest is 7 hours old: app-2026-11-24.sql.gz on web1"),
    found("versions", G, "v2.2 (858d976)", "staging"),
    found("versions", G, "v2.3 (76322e3)"),
)
ATTENTION = (
    found(
        "deployments",
        A,
        "1 succeeded, 1 rolled back",
        "",
        "#13 v2.4 → production rolled back, by ana",
        "#12 v2.3 → production succeeded, by ana",
    ),
    found("errors", A, "web1: 4 error lines", "production", *LOG),
    found("disk", A, "web2: 84 % full, 11 GiB left"),
    found("certificate", A, "good for 12 days, until 2026-12-06"),
    found("backup", A, "the newest is 31 hours old: app-2026-11-23.sql.gz on web1"),
    *GOOD[4:6],
)
BAD = (
    found("deployments", B, "1 unfinished", "", "#14 v2.5 → production needs somebody"),
    found("queue", B, "web1: “Horizon is inactive.” (exit code 2)"),
    found("health", B, "web2: sick, /api/health answered 503"),
    found("disk", B, "web1: 97 % full, 2 GiB left"),
    found("certificate", B, "browsers refuse it: certificate has expired"),
    found("backup", B, "there is none in /var/backups/app"),
    found("versions", B, "web2: 858d976; v2.3 (76322e3) was deployed last"),
    *GOOD[1:3],
)
AWAY = "web2: it cannot be reached (no route to host)"
UNKNOWN = (
    *(found(probe, U, AWAY) for probe in ("errors", "queue", "disk", "versions")),
    found("queue", U, "no answer within 10 s", "staging"),
    found("errors", U, "there is no log at storage/logs/laravel.log", "staging"),
    found("backup", U, "web1: it prints without an end, so I stopped reading"),
    *GOOD[4:6],
)
IDLE = (
    found("certificate", I, "`url` is not https", "staging"),
    found("certificate", I, "`url` is not https"),
    found("backup", I, "no `backup` is configured", "staging"),
)
HOSTILE = (
    found("errors", A, "<!channel> & co: 1 error line", "production", "ERROR ``` <@U0LEA> <!here> \u202e` ${x}"),
    found("queue", B, "“<https://evil.example|click>” (exit code 1)"),
)
WEEK = (
    found(
        "week",
        A,
        "6 deployments, 1 failed, 1 rolled back; done 4 minutes after the request (median)",
        "",
        "Week before: 4 deployments, 0 failed, 0 rolled back; done 6 minutes after the request (median)",
    ),
    found("availability", G, "100 % available, 95 of 100 answers within 85 ms", "staging"),
    found("availability", A, "99.7 % available, 95 of 100 answers within 210 ms (week before: 99.98 %, 180 ms)"),
    *GOOD[8:10],
    found("locks", G, "none", ""),
)


def _point(number: int, text: str, owner: str = "", *, days: int = 0, by: str = "") -> ChecklistPoint:
    return ChecklistPoint(
        id=number,
        checklist="weekly",
        text=text,
        owner=owner,
        raised_at=DUE - timedelta(days=days),
        ticked_by=f"U0{by.upper()}" if by else None,
        ticked_name=by,
        ticked_at=DUE + timedelta(seconds=2.5 * HOUR) if by else None,
    )


POINTS = (
    _point(3, "Audit the dependencies for known weaknesses", "@devops", days=7),
    _point(6, "Review the pull requests that wait", by="ana"),
    _point(7, "Plan this week's deployments", "@release-managers"),
    _point(8, "Tell the team what changes"),
)
DONE = tuple(
    _point(number, text, by="ben") for number, text in ((6, "Review the pull requests"), (7, "Plan <the> week"))
)


def _run(**given: Any) -> ChecklistRun:
    values = {"id": 7, "key": "slot", "checklist": "daily", "schedule": "morning", "channel": "deployments"}
    about = {"due_at": DUE, "wanted_at": DUE, "done_at": DUE, "since": DUE - timedelta(days=1), "version": 2}
    return ChecklistRun(**{**values, **about, "state": RunState.DONE, **given})


def _morning(findings: tuple[Found, ...], **given: Any) -> tuple[Block, ...]:
    return announcement(Check(_run(**given), "Morning check", findings, zone="Europe/Berlin"))


def _weekly(points: tuple[ChecklistPoint, ...]) -> tuple[Block, ...]:
    run = _run(checklist="weekly", schedule="week", points=[it.number for it in points])
    return announcement(Check(run, "Weekly check", WEEK, points, "Europe/Berlin"))
