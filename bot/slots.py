"""When a schedule is due: standard cron lines on the wall clock of a zone, each local time once; pure.

A local time that does not exist (the clock jumps over it in spring) is due at the first moment after the gap; one that
comes twice (in autumn) is due the first time. Days and weekdays mean either, as in cron, when both are restricted.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

FURTHEST = timedelta(days=400)
"""So far back is looked for what was missed."""
FAR = timedelta(days=366 * 8 + 1)
"""Within so long any cron line that can happen does: the 29th of February is eight years away at most."""
LISTED = 7
"""So many missed slots are named; the others are counted."""
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class Slot:
    """One time at which a schedule is due."""

    local: str
    """What the clock on the wall says: `2026-11-24T09:00`."""
    at: datetime
    """The instant, in UTC."""


@dataclass(frozen=True, slots=True)
class Due:
    """A slot to take now, and the ones before it that nobody took."""

    slot: Slot
    missed: tuple[str, ...] = ()
    """The newest of them, oldest first."""
    missed_count: int = 0


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron line, read."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    either: bool
    """Whether days and weekdays are both restricted, so that one of them is enough."""

    def includes(self, day: date) -> bool:
        """Say whether the line means this day."""
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (by_day or by_weekday) if self.either else (by_day and by_weekday)


@cache
def read(line: str) -> Cron:
    """Return a cron line that the settings have accepted."""
    minute, hour, day, month, weekday = line.lower().split()
    return Cron(
        minutes=tuple(sorted(_numbers(minute, 0, 59))),
        hours=tuple(sorted(_numbers(hour, 0, 23))),
        days=_numbers(day, 1, 31),
        months=_numbers(month, 1, 12, _MONTHS),
        weekdays=frozenset(number % 7 for number in _numbers(weekday, 0, 7, _DAYS)),
        either=not (day.startswith("*") or weekday.startswith("*")),
    )


def _numbers(text: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    return frozenset(number for part in text.split(",") for number in _part(part, low, high, names))


def _part(part: str, low: int, high: int, names: tuple[str, ...]) -> range | list[int]:
    span, _, step = part.partition("/")
    pace = int(step or 1)
    if span == "*":
        # A week has seven days, although Sunday has two numbers.
        return range(low, high + (high != 7), pace)
    first, dash, last = span.partition("-")
    begin = _number(first, names)
    end = _number(last, names) if dash else high if step else begin
    if begin <= end:
        return range(begin, end + 1, pace)
    # Only weekdays may go round: `fri-mon`.
    return [number % 7 for number in range(begin, end + 8, pace)]


def _number(text: str, names: tuple[str, ...]) -> int:
    return names.index(text) if text in names else int(text)


def slots(line: str, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[Slot]:
    """Yield every slot after one instant and up to another, in order; of several at one instant only the last."""
    waiting: Slot | None = None
    for slot in _all(read(line), zone, after, until):
        if waiting is not None and waiting.at != slot.at:
            yield waiting
        waiting = slot
    if waiting is not None:
        yield waiting


def _all(cron: Cron, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[Slot]:
    day, last = after.astimezone(zone).date() - timedelta(days=1), until.astimezone(zone).date()
    while day <= last:
        if cron.includes(day):
            for hour in cron.hours:
                for minute in cron.minutes:
                    wall = datetime.combine(day, time(hour, minute))
                    at = instant(wall, zone)
                    if after < at <= until:
                        yield Slot(wall.isoformat(timespec="minutes"), at)
        day += timedelta(days=1)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when the clock on the wall says this for the first time, or jumps over it."""
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == wall:
        return at
    # Before the jump the old offset holds; the first minute of the new one is the end of the gap.
    moment = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    offset = at.astimezone(zone).utcoffset()
    while moment.astimezone(zone).utcoffset() != offset:
        moment += timedelta(minutes=1)
    return moment


def following(line: str, zone: ZoneInfo, after: datetime) -> Slot | None:
    """Return the next slot, or None for a line that never happens, such as the 30th of February."""
    until = after + timedelta(days=8)
    while until < after + 2 * FAR:
        found = next(slots(line, zone, after, until), None)
        if found or until >= after + FAR:
            return found
        until += timedelta(days=366)
    return None


def due(line: str, zone: ZoneInfo, last: datetime, now: datetime) -> Due | None:
    """Return the slot to take now: the newest since the last one taken, if it is not too late for it.

    It is on the day that it was due, and for as long as it is nearer than the next one; after that the next one says
    what was missed.
    """
    newest: deque[Slot] = deque(maxlen=LISTED + 1)
    count = 0
    for slot in slots(line, zone, max(last, now - FURTHEST), now):
        newest.append(slot)
        count += 1
    if not newest:
        return None
    slot = newest.pop()
    if not _in_time(line, zone, slot, now):
        return None
    return Due(slot, tuple(each.local for each in newest), count - 1)


def _in_time(line: str, zone: ZoneInfo, slot: Slot, now: datetime) -> bool:
    if slot.local[:10] == now.astimezone(zone).date().isoformat():
        return True
    after = following(line, zone, now)
    return after is None or now - slot.at <= after.at - now
