"""The gate for what takes long: a canary that would still be under way when a freeze begins."""

from deployers.freezes import begins_within
from deployers.gate import Gate
from deployers.snapshot import Refused, Snapshot


def _outlives(asked: Snapshot) -> Refused | None:
    """Refuse before it begins what would hang between two releases while nobody may touch them."""
    window = begins_within(asked.freezes, asked.now, asked.lasts, asked.zone)
    if window is None:
        return None
    reason = f" ({window.reason})" if window.reason else ""
    takes = _long(asked.lasts.total_seconds())
    return Refused(
        "outlives",
        f"A canary on {asked.environment} takes {takes}, and a freeze begins {window.since:%a %d %b %H:%M}{reason}, so"
        " it could be half way when nothing may be deployed any more."
        f" Begin it {takes} earlier or after {window.until:%a %d %b %H:%M}, or choose a strategy that is done sooner.",
        since=window.since,
        who=asked.who,
        next=f"/deploy {asked.environment} {asked.ref} --strategy rolling",
    )


def _long(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    hours, rest = divmod(minutes, 60)
    return " ".join(filter(None, (f"{hours} h" if hours else "", f"{rest} min" if rest else "")))


LASTING = Gate(
    "Duration",
    _outlives,
    lambda it: bool(it.lasts and it.freezes),
    lambda it: f"It takes {_long(it.lasts.total_seconds())}, and no freeze begins before it is over.",
    "It is done before long.",
)
