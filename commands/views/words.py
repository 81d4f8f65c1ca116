"""The words that cards share: icons, people, times, durations."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from commands.views.blocks import code, escape, line
from storage.models import Deployment, Kind, Status

S = Status
ICONS: dict[Status, str] = {
    S.REQUESTED: ":hourglass:",
    S.AWAITING_APPROVAL: ":raised_hand:",
    S.QUEUED: ":hourglass:",
    S.PREPARING: ":package:",
    S.RUNNING: ":rocket:",
    S.VERIFYING: ":mag:",
    S.HOLDING: ":eyes:",
    S.ROLLING_BACK: ":rewind:",
    S.INCOMPLETE: ":rotating_light:",
    S.UNKNOWN: ":question:",
    S.SUCCEEDED: ":white_check_mark:",
    S.FAILED: ":x:",
    S.ROLLED_BACK: ":leftwards_arrow_with_hook:",
    S.REJECTED: ":no_entry:",
    S.EXPIRED: ":alarm_clock:",
    S.CANCELLED: ":black_square_for_stop:",
    S.REFUSED: ":no_entry_sign:",
    S.SUPERSEDED: ":fast_forward:",
}
STEPS: dict[str, tuple[str, str]] = {
    "prepare": ("fetch the code", "fetching the code"),
    "build": ("install dependencies", "installing dependencies"),
    "backup": ("back up", "backing up"),
    "maintenance_on": ("maintenance on", "switching maintenance on"),
    "migrate": ("migrate the database", "migrating the database"),
    "migrate_back": ("take migrations back", "taking migrations back"),
    "optimize": ("warm caches", "warming caches"),
    "candidate": ("start a candidate", "starting the candidate"),
    "candidate_check": ("check the candidate", "checking the candidate"),
    "candidate_stop": ("stop the candidate", "stopping the candidate"),
    "colour_start": ("start the other colour", "starting the other colour"),
    "colour_stop": ("stop the other colour", "stopping the other colour"),
    "shift": ("send visitors", "sending visitors"),
    "take_out": ("take out of the balancer", "taking hosts out of the balancer"),
    "drain": ("drain", "waiting until nobody is left"),
    "put_in": ("put into the balancer", "putting hosts into the balancer"),
    "compare": ("compare", "comparing the two sides"),
    "pause": ("pause", "pausing"),
    "restore": ("restore", "restoring"),
    "swap_database": ("swap in the database", "swapping in the database"),
    "workers_stop": ("stop workers", "stopping queue workers"),
    "workers_start": ("start workers", "starting queue workers"),
    "activate": ("activate", "activating"),
    "run": ("workflow run", "running the workflow"),
    "restart": ("restart services", "restarting services"),
    "maintenance_off": ("maintenance off", "switching maintenance off"),
    "verify": ("verify", "verifying"),
    "prune": ("delete old releases", "deleting old releases"),
}
_BALANCING = frozenset({"shift", "take_out", "put_in", "drain"})
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,20}")


def goes_to(plan: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the targets of a plan; what only stands in front of them is none."""
    steps = (step for step in plan.get("steps", []) if step["do"] not in _BALANCING)
    return frozenset(target for step in steps for target in step["targets"])


def noun(step: str) -> str:
    """Return what a step is called."""
    return STEPS.get(step, (step.replace("_", " "), ""))[0]


def doing(step: str) -> str:
    """Return what happens while a step runs."""
    return STEPS.get(step, ("", step.replace("_", " ")))[1]


def who(person: str, name: str = "") -> str:
    """Return somebody as a mention where Slack knows them, else by name."""
    if person == "shipmate":
        return "Shipmate"
    if _SLACK_ID.fullmatch(person):
        return f"<@{person}>"
    if person.startswith("cli:"):
        return f"{line(name or person.removeprefix('cli:'), 60)} (command line)"
    return line(name or person or "somebody", 60)


def name_of(person: str, name: str = "") -> str:
    """Return somebody by name, where a mention would be too loud or could not be read: in lists, in a terminal."""
    if person == "shipmate":
        return "Shipmate"
    if person.startswith("cli:"):
        return who(person, name)
    return line(name, 60) if name else who(person)


def short(sha: str | None) -> str:
    """Return a SHA as people quote it."""
    return (sha or "")[:7]


def release(ref: str, sha: str | None) -> str:
    """Return a revision as people want to see it."""
    return code(short(sha) if ref == sha else ref, 80)


def when(at: datetime | None) -> str:
    """Return an instant in the reader's own zone, with UTC for those whose program cannot."""
    if at is None:
        return ""
    utc = at.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{{date_short_pretty}} {{time}}|{utc:%Y-%m-%d %H:%M} UTC>"


def clock(at: datetime) -> str:
    """Return the time of day in the reader's own zone, for what happened close to what is shown beside it."""
    utc = at.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{{time}}|{utc:%H:%M} UTC>"


def ago(passed: timedelta) -> str:
    """Return how long ago something was, roughly."""
    seconds = passed.total_seconds()
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{count(int(seconds // size), word)} ago"
    return "just now"


def lasting(seconds: float | None) -> str:
    """Return a duration in the words one would say."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def title(deployment: Deployment) -> str:
    """Return `#12 v2.3 → production`, the name of a deployment in text."""
    arrow = "←" if deployment.kind is Kind.ROLLBACK else "→"
    return f"#{deployment.id} {release(deployment.ref, deployment.sha)} {arrow} *{escape(deployment.environment)}*"


def state(deployment: Deployment) -> str:
    """Return a deployment's status in words."""
    return deployment.status.value.replace("_", " ")


def after(behind: Deployment | None) -> str:
    """Return what a deployment begins after, as the end of a sentence; nothing when it begins at once."""
    return f" after {title(behind)}" if behind else ""


def stopped_by(deployment: Deployment) -> str:
    """Return who stopped a deployment while it ran; nothing when it came to rest otherwise, or does not rest yet."""
    by_somebody = (deployment.failure or {}).get("code") == "aborted"
    return who(deployment.aborted_by) if deployment.aborted_by and by_somebody else ""


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{number} {one if number == 1 else many or one + 's'}"
