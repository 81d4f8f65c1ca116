"""How single values are written in shipmate.toml: durations, shares, cron lines, addresses, git URLs."""

import re
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import PlainValidator

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CRON = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, DAYS),
)


def duration(value: Any) -> timedelta:
    """Return how long `"2s"`, `"30m"` or `"1h30m"` is."""
    if not isinstance(value, str) or not re.fullmatch(r"(?:[0-9]{1,6}(?:\.[0-9]+)?(?:ms|[smhd]))+", value):
        raise ValueError(
            f'{shown(value)} is not a duration. Write a number with its unit, such as `"2s"`, `"30m"` or `"1h"`'
        )
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhd])", value)
    return timedelta(seconds=sum(float(number) * UNITS[unit] for number, unit in parts))


def positive(value: Any) -> timedelta:
    """Return a duration that is longer than nothing."""
    if not (length := duration(value)):
        raise ValueError(f'{shown(value)} is no time at all. Write a longer one, such as `"2s"`')
    return length


def batch(value: Any) -> int | str:
    """Return how many hosts at a time: a count, or a share such as `"25%"`."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    if isinstance(value, str) and re.fullmatch(r"[1-9]\d?%|100%", value):
        return value
    raise ValueError(f'{shown(value)} is not a batch. Write a count of hosts such as `1`, or a share such as `"25%"`')


def cron(value: Any) -> str:
    """Return a cron line of five fields, with numbers or with names of days and months."""
    fields = value.split() if isinstance(value, str) else []
    if len(fields) != len(_CRON):
        raise ValueError(f'{shown(value)} is not a cron line. Write five fields, such as `"0 9 * * mon-fri"`')
    for text, (name, low, high, names) in zip(fields, _CRON, strict=True):
        if not all(_cron_part(part, low, high, names) for part in text.lower().split(",")):
            raise ValueError(
                f"`{text}` cannot be the {name} of a cron line. Write {low}-{high}, `*`, a range or a step (`*/5`)"
            )
    return str(value)


def _cron_part(part: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    span, _, step = part.partition("/")
    if "/" in part and not (step.isascii() and step.isdigit() and int(step) > 0):
        return False
    if span == "*":
        return True
    ends = [_cron_number(end, names, low) for end in span.split("-")]
    return len(ends) <= 2 and all(low <= end <= high for end in ends) and (ends[0] <= ends[-1] or names == DAYS)


def _cron_number(text: str, names: tuple[str, ...], low: int) -> int:
    if text in names:
        return names.index(text) + 1
    return int(text) if text.isascii() and text.isdigit() else low - 1


def day(value: Any) -> str:
    """Return a day of the week as three small letters."""
    if not isinstance(value, str) or value.lower() not in DAYS:
        raise ValueError(f"{shown(value)} is not a day. Write one of {', '.join(DAYS)}")
    return value.lower()


def clock(value: Any) -> str:
    """Return a time of day such as `16:00`."""
    if not isinstance(value, str) or not re.fullmatch(r"(?:[01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError(f'{shown(value)} is not a time of day. Write hours and minutes, such as `"16:00"`')
    return value


def moment(value: Any) -> str:
    """Return a time of day, with or without the day of the week it falls on."""
    name, _, time = value.rpartition(" ") if isinstance(value, str) else ("", "", value)
    try:
        return f"{day(name)} {clock(time)}" if name else clock(time)
    except ValueError:
        raise ValueError(f'{shown(value)} is not a moment. Write `"18:00"`, or `"mon 07:00"` for another day') from None


def git(value: Any) -> str:
    """Return where targets fetch from: over SSH, HTTPS or from an absolute path."""
    if (
        isinstance(value, str)
        and re.fullmatch(r"[\x21-\x7e]+", value)
        and not value.startswith("-")
        and "::" not in value
    ):
        parts = urlsplit(value) if "://" in value else None
        if parts is None and (value.startswith("/") or re.fullmatch(r"[\w.-]+@[\w.-]+:[^:]+", value)):
            return value
        if parts is not None and parts.password:
            raise ValueError(
                "a git URL in this file must not hold a password. Use SSH, or a credential helper on the hosts"
            )
        if parts is not None and _trusted(parts.scheme, parts.hostname or ""):
            return value
    raise ValueError(
        f"{shown(value)} is not a git URL to fetch from. Write `git@…`, `ssh://…`, `https://…` or an absolute path"
    )


def _trusted(scheme: str, host: str) -> bool:
    if scheme == "file":
        return not host
    safe = bool(host) and not host.startswith("-")
    return safe and (scheme in {"ssh", "https"} or (scheme == "http" and host in {"127.0.0.1", "localhost"}))


def web(value: Any) -> str:
    """Return a web address."""
    parts = urlsplit(value) if isinstance(value, str) and not re.search(r"\s", value) else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError(f'{shown(value)} is not a web address. Write one such as `"https://api.example.com"`')
    return str(value)


def route(value: Any) -> str:
    """Return a path on the application, from its root."""
    if not isinstance(value, str) or not re.fullmatch(r"/[\x21-\x7e]*", value):
        raise ValueError(f'{shown(value)} is not a path. Write one that begins with `/`, such as `"/api/health"`')
    return value


def refs(value: Any) -> str:
    """Return a pattern of tags or of branches."""
    if not isinstance(value, str) or not re.fullmatch(r"(tags|heads)/[A-Za-z0-9*?][A-Za-z0-9._/+*?-]*", value):
        raise ValueError(f'{shown(value)} is no pattern of tags or branches. Write `"tags/v*"` or `"heads/main"`')
    return value


def place(value: Any) -> str:
    """Return a folder on the hosts: absolute, or below the user's home."""
    good = isinstance(value, str) and value.isprintable() and value.strip(" /~.")
    if not good or value.startswith(("~", "-")) or ".." in value.split("/"):
        raise ValueError(
            f'{shown(value)} is not a folder to deploy to. Write an absolute path such as `"/var/www/app"`'
        )
    return str(value).rstrip("/")


def address(value: Any) -> str:
    """Return a host's name or IP address, without a user and without a port."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*", value):
        raise ValueError(
            f"{shown(value)} is not a host's address. Write a name or an IP address; `ssh_port` is a key of its own"
        )
    return value


def name(value: Any) -> str:
    """Return a name that is safe in file names, operation ids and button values."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", value):
        raise ValueError(f"{shown(value)} is not a name. Write small letters, digits, `-` and `_`, at most 40")
    return value


def host_name(value: Any) -> str:
    """Return a host's name as it may stand in operation ids."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", value):
        raise ValueError(f"{shown(value)} is not a host's name. Write letters, digits, `.`, `-` and `_`, at most 40")
    return value


def zone(value: Any) -> str:
    """Return the name of a time zone that this machine knows."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError, AttributeError):
        raise ValueError(
            f'{shown(value)} is no time zone known here. Write one such as `"Europe/Berlin"`; or install tzdata'
        ) from None
    return str(value)


def member(value: Any) -> str:
    """Return who has a role: a Slack id, a user group's handle or an e-mail address."""
    if not isinstance(value, str) or not re.fullmatch(
        r"[UWS][A-Z0-9]{2,}|@[\w.-]+|[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", value
    ):
        raise ValueError(
            f'{shown(value)} names nobody. Write a user id (`"U0OMAR"`), a group (`"@devops"`) or an e-mail address'
        )
    return value


def user(value: Any) -> str:
    """Return a Slack user id."""
    if not isinstance(value, str) or not re.fullmatch(r"[UW][A-Z0-9]{2,}", value):
        raise ValueError(
            f'{shown(value)} is not a Slack user id. Write one such as `"U0OMAR"` (profile, ⋮, Copy member ID)'
        )
    return value


def shown(value: object) -> str:
    """Return a value from the file as it may stand in a message: short, and on one line."""
    text = repr(value) if not isinstance(value, str) else f"`{value}`"
    text = "".join(sign if sign.isprintable() else "·" for sign in text)
    return text if len(text) <= 80 else f"{text[:77]}…"


Duration = Annotated[timedelta, PlainValidator(duration)]
Positive = Annotated[timedelta, PlainValidator(positive)]
Batch = Annotated[int | str, PlainValidator(batch)]
Cron = Annotated[str, PlainValidator(cron)]
Day = Annotated[str, PlainValidator(day)]
Clock = Annotated[str, PlainValidator(clock)]
Moment = Annotated[str, PlainValidator(moment)]
Git = Annotated[str, PlainValidator(git)]
Web = Annotated[str, PlainValidator(web)]
Route = Annotated[str, PlainValidator(route)]
Refs = Annotated[str, PlainValidator(refs)]
Folder = Annotated[str, PlainValidator(place)]
Address = Annotated[str, PlainValidator(address)]
HostName = Annotated[str, PlainValidator(host_name)]
Zone = Annotated[str, PlainValidator(zone)]
Name = Annotated[str, PlainValidator(name)]
Member = Annotated[str, PlainValidator(member)]
User = Annotated[str, PlainValidator(user)]
