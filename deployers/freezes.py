"""The calendar of weekly freezes, pure: when one began, when it ends."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from deployers.environment import Freeze

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Window:
    """One freeze as it falls on the calendar, in the zone of the app."""

    since: datetime
    until: datetime
    reason: str = ""


def frozen(freezes: Iterable[Freeze], now: datetime, zone: str) -> Window | None:
    """Return the freeze that holds now, the one that ends last if there are several.

    Raises:
        ValueError: a freeze cannot be read.
    """
    holding = [window for freeze in freezes for window in _near(freeze, now, ZoneInfo(zone)) if _holds(window, now)]
    return max(holding, key=lambda window: window.until.astimezone(UTC), default=None)


def begins_within(freezes: Iterable[Freeze], now: datetime, lasts: timedelta, zone: str) -> Window | None:
    """Return the first freeze that begins while something that takes so long is under way."""
    if not lasts:
        return None
    until = now + lasts
    coming = [
        window
        for freeze in freezes
        for window in _near(freeze, until, ZoneInfo(zone))
        if now.astimezone(UTC) < window.since.astimezone(UTC) < until.astimezone(UTC)
    ]
    return min(coming, key=lambda window: window.since.astimezone(UTC), default=None)


def check(freeze: Freeze) -> None:
    """Raise ValueError if the freeze cannot be read, in words for the one who wrote it."""
    for day in freeze.days:
        _weekday(day)
    _clock(freeze.start)
    _until(freeze.until)


def _holds(window: Window, now: datetime) -> bool:
    return window.since.astimezone(UTC) <= now.astimezone(UTC) < window.until.astimezone(UTC)


def _near(freeze: Freeze, now: datetime, zone: ZoneInfo) -> Iterable[Window]:
    today = now.astimezone(zone).date()
    weekdays = {_weekday(day) for day in freeze.days}
    for back in range(9):
        day = today - timedelta(days=back)
        if day.weekday() in weekdays:
            yield _window(freeze, day, zone)


def _window(freeze: Freeze, day: date, zone: ZoneInfo) -> Window:
    begins = datetime.combine(day, _clock(freeze.start))
    weekday, at = _until(freeze.until)
    ends = datetime.combine(day, at)
    if weekday is not None:
        ends += timedelta(days=(weekday - day.weekday()) % 7)
    if ends <= begins:
        ends += timedelta(days=1 if weekday is None else 7)
    return Window(begins.replace(tzinfo=zone), ends.replace(tzinfo=zone), freeze.reason)


def _until(text: str) -> tuple[int | None, time]:
    *day, clock = text.split()
    if len(day) > 1:
        raise ValueError(f"`{text}` is not the end of a freeze; write `18:00` or `mon 07:00`")
    return (_weekday(day[0]) if day else None), _clock(clock)


def _weekday(text: str) -> int:
    if (short := text.strip().casefold()[:3]) not in DAYS:
        raise ValueError(f"`{text}` is not a day; write one of {', '.join(DAYS)}")
    return DAYS.index(short)


def _clock(text: str) -> time:
    if not (found := _TIME.fullmatch(text.strip())):
        raise ValueError(f"`{text}` is not a time of day; write it as `16:00`")
    return time(int(found[1]), int(found[2]))
