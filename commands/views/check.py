"""The card of a check: what is wrong first, with what to do; then what is well; then what people tick."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from commands.replies import Block
from commands.views.blocks import divider, escape, fence, header, message, plain, section, small
from commands.views.words import count, lasting, when, who
from deployers.findings import ORDER, Found, State
from storage.models import ChecklistPoint, ChecklistRun

MOST_POINTS = 40
OPTION = 75
LATE = 120
"""Seconds after which a check by the clock counts as late."""
TICK = "checklist.tick"
MARKS: dict[State, str] = {
    State.BAD: ":red_circle:",
    State.ATTENTION: ":large_yellow_circle:",
    State.UNKNOWN: ":white_circle:",
    State.GOOD: ":large_green_circle:",
}
_COUNTED: dict[State, str] = {
    State.BAD: "bad",
    State.ATTENTION: "to\u00a0look\u00a0at",
    State.UNKNOWN: "unknown",
}
_NEWS = frozenset({"deployments", "errors"})
"""Probes that say what is new since the check before."""
_TABLES = frozenset({"deployments", "week"})
"""Probes whose lines are worth reading also when all is well; the lines of others quote hosts."""


@dataclass(frozen=True, slots=True)
class Check:
    """Everything that the card of a check shows."""

    run: ChecklistRun
    title: str
    findings: tuple[Found, ...]
    points: tuple[ChecklistPoint, ...] = ()
    zone: str = "UTC"
    """The zone in which days are named."""


def announcement(seen: Check) -> tuple[Block, ...]:
    """Return the whole card."""
    told = [it for it in seen.findings if it.state is not State.IDLE]
    wrong = sorted((it for it in told if it.state is not State.GOOD), key=lambda it: ORDER.index(it.state))
    well = [it for it in told if it.state is State.GOOD]
    return message(
        header(_head(seen)),
        section(_verdict(told)) if told else None,
        _why_now(seen),
        *(section(each) for each in _problems(wrong)),
        *(section(each) for each in _well(well)),
        *_tasks(seen),
        _end(seen),
    )


def _head(seen: Check) -> str:
    day = seen.run.due_at.astimezone(ZoneInfo(seen.zone))
    where = f" of {seen.run.environment}" if seen.run.environment else ""
    return f"{seen.title}{where}, {day:%a} {day.day} {day:%b}"


def _verdict(told: Sequence[Found]) -> str:
    counts = {state: sum(it.state is state for it in told) for state in _COUNTED}
    # Hard spaces keep a mark and its words on one line.
    wrong = [f"{MARKS[it]}\u00a0{number}\u00a0{_COUNTED[it]}" for it, number in counts.items() if number]
    return "  ".join(wrong) or f"{MARKS[State.GOOD]} All is well"


def _why_now(seen: Check) -> Block | None:
    run = seen.run
    if run.asked_by:
        return small(f"Asked for by {who(run.asked_by, run.asked_name)}.")
    late = (run.wanted_at - run.due_at).total_seconds()
    lines = [f":hourglass: {lasting(late)} late: it was due {when(run.due_at)}, while I was not running."]
    if run.missed_count:
        named = ", ".join(_slot(each) for each in run.missed)
        more = run.missed_count - len(run.missed)
        earlier = f"{count(more, 'earlier one')}, " if more else ""
        lines.append(f"I missed {count(run.missed_count, 'check')} before it: {earlier}{named}.")
    shown = lines if late >= LATE else lines[1:]
    return small(*shown) if shown else None


def _slot(local: str) -> str:
    at = datetime.fromisoformat(local)
    return f"{at:%a} {at.day} {at:%b} {at:%H:%M}"


# What is wrong


def _problems(wrong: Sequence[Found]) -> list[str]:
    """Return a paragraph for each problem; what cannot be told for the same reason is told once."""
    groups: dict[tuple[str, ...], list[Found]] = {}
    for it in wrong:
        alone = (it.probe, it.title, it.environment, it.state)
        same = (it.said, it.advice)
        groups.setdefault(same if it.state is State.UNKNOWN else alone, []).append(it)
    return [_problem(group) for group in groups.values()]


def _problem(group: Sequence[Found]) -> str:
    first = group[0]
    titles = ", ".join(dict.fromkeys(escape(it.title) for it in group))
    where = " and ".join(dict.fromkeys(escape(it.environment) for it in group if it.environment))
    lines = [" · ".join(filter(None, (f"{MARKS[first.state]} *{titles}*", where, escape(first.said))))]
    lines += [_quoted(first)] if first.lines else []
    lines += [f"→ {escape(first.advice)}"] if first.advice else []
    return "\n".join(lines)


def _quoted(found: Found) -> str:
    if found.probe in _TABLES:
        return "\n".join(f"• {escape(line)}" for line in found.lines)
    return fence("\n".join(found.lines), 1_200)


# What is well


def _well(well: Sequence[Found]) -> list[str]:
    lines: list[str] = []
    for title in dict.fromkeys(it.title for it in well):
        same = [it for it in well if it.title == title]
        lines.append(f"{MARKS[State.GOOD]} *{escape(title)}* · {_briefly(same)}")
        lines += [f"• {escape(line)}" for it in same if it.probe in _TABLES for line in it.lines]
    return ["\n".join(lines[at : at + 12]) for at in range(0, len(lines), 12)]


def _briefly(found: Sequence[Found]) -> str:
    """Return what is said of each environment; what is the same of several is said once."""
    places: dict[str, list[str]] = {}
    for it in found:
        places.setdefault(it.said, []).append(it.environment)
    named = ((" and ".join(filter(None, where)), said) for said, where in places.items())
    return "; ".join(f"{escape(where)}: {escape(said)}" if where else escape(said) for where, said in named)


# What people tick


def _tasks(seen: Check) -> list[Block]:
    if not seen.points:
        return []
    left = sum(it.ticked_at is None for it in seen.points)
    before = sum(it.ticked_at is None and it.raised_at < seen.run.wanted_at for it in seen.points)
    carried = f", {before} still open from before" if before else ""
    state = f"{left} left{carried}" if left else "all done"
    return [divider(), section(f"*For people* · {state}"), *(_box(seen, it) for it in seen.points[:MOST_POINTS])]


def _box(seen: Check, point: ChecklistPoint) -> Block:
    """Return a point with its box; its block's id changes with the card, or clients would keep their own tick."""
    option: Block = {"text": plain(point.text, OPTION), "value": "done"}
    if about := _about(seen, point):
        option["description"] = plain(about, OPTION)
    box: Block = {"type": "checkboxes", "action_id": TICK, "options": [option]}
    if point.ticked_at:
        box["initial_options"] = [option]
    return {"type": "actions", "block_id": box_id(seen.run, point), "elements": [box]}


def box_id(run: ChecklistRun, point: ChecklistPoint) -> str:
    """Return which box on which card it is, and in which state of the card."""
    return f"point:{run.number}:{point.number}:{run.version}"


def _about(seen: Check, point: ChecklistPoint) -> str:
    if point.ticked_at:
        at = point.ticked_at.astimezone(ZoneInfo(seen.zone))
        return f"{point.ticked_name or point.ticked_by}, {at:%a} {at.day} {at:%b} {at:%H:%M}"
    since = point.raised_at.astimezone(ZoneInfo(seen.zone))
    open_since = f"open since {since:%a} {since.day} {since:%b}" if point.raised_at < seen.run.wanted_at else ""
    return " · ".join(filter(None, (point.owner, open_since)))


# The small print


def _end(seen: Check) -> Block | None:
    news = any(it.probe in _NEWS for it in seen.findings)
    since = f"Deployments and errors since {when(seen.run.since)}." if news and seen.run.since else ""
    idle = "; ".join(_idle([it for it in seen.findings if it.state is State.IDLE]))
    lines = [since, f"Not looked at: {idle}." if idle else ""]
    return small(*lines) if any(lines) else None


def _idle(found: Sequence[Found]) -> list[str]:
    """Return what was not looked at: each reason once, with all that it is the reason for."""
    places: dict[tuple[str, str], list[str]] = {}
    for it in found:
        places.setdefault((it.title, it.said), []).append(it.environment)
    titles: dict[tuple[str, str], list[str]] = {}
    for (title, why), where in places.items():
        titles.setdefault((" and ".join(where), why), []).append(title)
    return [f"{escape(', '.join(what))} of {escape(where)} ({escape(why)})" for (where, why), what in titles.items()]
