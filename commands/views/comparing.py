"""A canary beside the stable side: the numbers of both, a small chart, and what is waited for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from commands.replies import Block
from commands.views.blocks import confirm, fence, line, section
from commands.views.choices import named
from commands.views.words import clock, lasting, who
from deployers.comparing.tally import Tally
from deployers.comparing.verdict import State
from storage.models import Deployment

BARS = "▁▂▃▄▅▆▇█"
_BUCKETS = 24
_HEAD: Mapping[State, str] = {
    State.LOOKING: ":bar_chart: *{share} % get it, compared with the others*",
    State.GOOD: ":white_check_mark: *{share} % have it, and it is no worse*",
    State.BAD: ":x: *{share} % have it, and it is worse*",
    State.THIN: ":hourglass: *Not enough traffic to judge it at {share} %*",
    State.UNSURE: ":grey_question: *{share} % have it, and the numbers do not say that all is well*",
    State.BLIND: ":grey_question: *{share} % have it, and its numbers cannot be told*",
}


def comparing(facts: Mapping[str, Any], now: datetime | None) -> list[Block]:
    """Return both sides as numbers and as a chart, and what it waits for."""
    tally, state = Tally.read(facts["tally"]), State(facts["state"])
    head = _HEAD[state].format(share=facts["share"])
    return [section(f"{head}\n{fence(table(tally), 1_500)}\n{waits(facts, tally, now)}")]


def table(tally: Tally) -> str:
    """Return requests, errors and response times of both sides, with their errors over time."""
    highest = max([share for side in (0, 2) for share in _shares(tally, side)], default=0.0)
    p95s = tally.p95s or (None, None)
    rows = [_row("canary", tally.canary, p95s[0]), _row("stable", tally.stable, p95s[1])]
    # Beneath, so that a line fits a phone.
    charts = [f"{name} {bars(_shares(tally, at), highest)}" for name, at in (("canary", 0), ("stable", 2))]
    over_time = ["errors over time", *charts] if tally.trail else []
    return "\n".join([f"{'':<7}{'requests':>9}{'errors':>8}{'p95':>9}", *rows, *over_time])


def bars(shares: Sequence[float], highest: float) -> str:
    """Return shares as a row of bars; the highest of both sides fills the line."""
    if not highest:
        return BARS[0] * len(shares)
    return "".join(BARS[min(len(BARS) - 1, int(share / highest * (len(BARS) - 1) + 0.5))] for share in shares)


def waits(facts: Mapping[str, Any], tally: Tally, now: datetime | None) -> str:
    """Return what it waits for, in words."""
    state, requests = State(facts["state"]), f"{tally.canary[1]:,} of {facts['wanted']:,} requests"
    rate = f"{facts['success_rate']:g} %"
    hand = facts["by_hand"]
    if state.asks or hand:
        why = [f"It waits for somebody: {line(facts['why'], 600)}."] if state.asks else [f"{requests} counted."]
        if hand == "gone":
            why.append("Its numbers could not be told for a while, so it goes no further by itself.")
        elif hand:
            why.append(f"It was held by {who(hand)}, so it goes no further by itself.")
        return " ".join(why)
    ends = datetime.fromisoformat(facts["ends"])
    left = f" ({lasting((ends - now).total_seconds())} left)" if now and now < ends else ""
    return f"{requests} that it takes to show {rate} · judged at {clock(ends)}{left}"


def promoting(deployment: Deployment, share: int) -> Block:
    """Return the question that promoting asks once more."""
    text = f"{named(deployment)} goes further than the {share} % that have it, whatever the numbers say."
    return confirm(f"Promote on {deployment.environment}?", text, yes="Promote now", no="No, wait", danger=False)


def aborting(deployment: Deployment, share: int) -> Block:
    """Return the question that aborting asks once more."""
    text = f"The {share} % of {deployment.environment} that have {named(deployment)} get the old release again."
    return confirm("Abort this canary?", text, yes="Abort", no="No, go on")


def _row(name: str, side: tuple[int, int], p95: float | None) -> str:
    errors, requests = side
    share = f"{100 * errors / requests:.2f} %" if requests else "–"
    took = "–" if p95 is None else f"{1000 * p95:,.0f} ms"
    return f"{name:<7}{requests:>9,}{share:>8}{took:>9}"


def _shares(tally: Tally, at: int) -> list[float]:
    return [look[at] / look[at + 1] if look[at + 1] else 0.0 for look in tally.trail[-_BUCKETS:]]
