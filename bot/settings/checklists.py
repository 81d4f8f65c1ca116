"""Checklists and schedules in shipmate.toml: what must hold in them, and the values that they become."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot import slots
from bot.settings import scheduled, schema, words
from bot.settings.lines import Path
from bot.settings.rules import Broken, closest, dig
from bot.settings.words import shown
from deployers.checklists import BUILT_IN, KINDS, Checklist, Item, Kind, Task, Unit

_NO_TABLE: dict[str, Any] = {}
_NO_LIST: list[Any] = []
_ONLY_FOR = {"run": "command", "pattern": "errors"}
_OF_PROBES = ("title", "environments", "attention", "bad", "advice", "run", "pattern", "timeout")


def broken(raw: Mapping[str, Any]) -> Iterator[Broken]:
    """Yield every rule that the checklists and schedules of the file break."""
    environments = tuple(dig(raw, "environments", default=_NO_TABLE))
    for name, table in dig(raw, "checklists", default=_NO_TABLE).items():
        path: Path = ("checklists", name, "items")
        for index, item in enumerate(dig(table, "items", default=_NO_LIST)):
            if isinstance(item, dict):
                yield from _item((*path, index), item, environments)
        yield from _twice(path, dig(table, "items", default=_NO_LIST))
    yield from _schedules(raw)


def _item(path: Path, item: Mapping[str, Any], environments: Sequence[str]) -> Iterator[Broken]:
    if ("probe" in item) == ("person" in item):
        instead = 'Write `{ probe = "disk" }` for what I look at, or `{ person = "Review pull requests" }` for people'
        yield Broken(path, "an item is either a probe or something for a person", instead)
    elif "person" in item:
        for key in (key for key in _OF_PROBES if key in item):
            yield Broken((*path, key), f"`{key}` belongs to a probe, and this is for a person", "Remove it")
    elif isinstance(item["probe"], str):
        yield from _probe(path, item, environments)


def _probe(path: Path, item: Mapping[str, Any], environments: Sequence[str]) -> Iterator[Broken]:
    name = item["probe"]
    if name not in KINDS:
        yield Broken((*path, "probe"), f"there is no probe `{name}`", closest(name, KINDS))
        return
    if "owner" in item:
        yield Broken((*path, "owner"), "`owner` belongs to something for a person, and this is a probe", "Remove it")
    for key, kind in _ONLY_FOR.items():
        if key in item and name != kind:
            yield Broken((*path, key), f"`{key}` belongs to the probe `{kind}`, and this is `{name}`", "Remove it")
    if name == "command" and not item.get("run"):
        yield Broken(path, "the probe `command` does not say what to run", 'Write `run = "composer audit"`')
    for index, each in enumerate(dig(item, "environments", default=_NO_LIST)):
        if isinstance(each, str) and each not in environments:
            where = (*path, "environments", index)
            yield Broken(where, f"there is no environment `{each}`", closest(each, environments))
    yield from _limits(path, item, KINDS[name])


def _limits(path: Path, item: Mapping[str, Any], kind: Kind) -> Iterator[Broken]:
    read: dict[str, float] = {}
    for key in (key for key in ("attention", "bad") if key in item):
        try:
            read[key] = limit(item[key], kind)
        except ValueError as error:
            wrong, _, instead = str(error).partition(". Write ")
            yield Broken((*path, key), wrong, f"Write {instead}" if instead else "Remove it")
    attention, bad = read.get("attention", kind.attention), read.get("bad", kind.bad)
    if read and attention is not None and bad is not None and (bad > attention if kind.falling else bad < attention):
        key = "bad" if "bad" in read else "attention"
        yield Broken((*path, key), "it would be bad before it needs attention", "Write the worse figure for `bad`")


def limit(value: Any, kind: Kind) -> float:
    """Return a threshold of a probe; raises ValueError with what to write instead."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind.unit:
        case Unit.NONE:
            raise ValueError("this probe is good or bad by itself and has no thresholds")
        case Unit.SPAN:
            return words.duration(value).total_seconds()
        case Unit.COUNT if not (number and value >= 0 and value == int(value)):
            raise ValueError(f"{shown(value)} is not a count. Write a whole number such as `10`")
        case Unit.PERCENT if not (number and 0 <= value <= 100):
            raise ValueError(f"{shown(value)} is not a percentage. Write a number from 0 to 100, such as `90`")
    return float(value)


def _twice(path: Path, items: Sequence[Any]) -> Iterator[Broken]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        text = dig(item, "person", default="")
        if text and text in seen:
            wrong = f"{shown(text)} stands here twice"
            yield Broken((*path, index), wrong, "Remove one, so that what is ticked is clear")
        seen.add(text)


def _schedules(raw: Mapping[str, Any]) -> Iterator[Broken]:
    known = {**BUILT_IN, **dig(raw, "checklists", default=_NO_TABLE)}
    names: set[str] = set()
    for index, schedule in enumerate(dig(raw, "schedules", default=_NO_LIST)):
        name, list_ = dig(schedule, "name", default=""), dig(schedule, "checklist", default="")
        if name and name in names:
            yield Broken(
                ("schedules", index), f"two schedules are called `{name}`", "Write another name for one of them"
            )
        names.add(name)
        if list_ and list_ not in known:
            yield Broken(("schedules", index, "checklist"), f"there is no checklist `{list_}`", closest(list_, known))
        yield from _backed_up(("schedules", index), schedule, raw)
        if _never(dig(schedule, "cron", default="")):
            wrong = f"{shown(schedule['cron'])} never happens"
            yield Broken(("schedules", index, "cron"), wrong, "Write a day that the month has")


def _backed_up(path: Path, schedule: Any, raw: Mapping[str, Any]) -> Iterator[Broken]:
    environments = dig(raw, "environments", default=_NO_TABLE)
    for key in ("drill", "backup"):
        name = dig(schedule, key, default="")
        if name and name not in environments:
            yield Broken((*path, key), f"there is no environment `{name}`", closest(name, environments))
        elif name and "backup" not in environments[name]:
            wrong, instead = f"`{name}` has no backups", f"Write `[environments.{name}.backup]` with `directory`"
            yield Broken((*path, key), wrong, instead)


def _never(line: str) -> bool:
    try:
        words.cron(line)
    except ValueError:
        return False
    return slots.following(line, ZoneInfo("UTC"), datetime(2026, 1, 1, tzinfo=UTC)) is None


# Values


def checklists(file: schema.File) -> dict[str, Checklist]:
    """Return the built-in checklists, with those of the file in their place or beside them."""
    own = {name: _checklist(name, table) for name, table in file.checklists.items()}
    return {**BUILT_IN, **own}


def _checklist(name: str, table: scheduled.Checklist) -> Checklist:
    known = BUILT_IN.get(name, Checklist(name, name.replace("-", " ").capitalize()))
    return Checklist(
        name,
        table.title or known.title,
        tuple(_value(each) for each in table.items if each.probe),
        tuple(Task(each.person, each.owner) for each in table.items if each.person),
        known.span,
    )


def _value(item: scheduled.Item) -> Item:
    kind = KINDS[item.probe]
    return Item(
        probe=item.probe,
        title=item.title,
        attention=None if item.attention is None else limit(item.attention, kind),
        bad=None if item.bad is None else limit(item.bad, kind),
        advice=item.advice,
        environments=tuple(item.environments),
        run=item.run,
        pattern=item.pattern,
        timeout=item.timeout,
    )
