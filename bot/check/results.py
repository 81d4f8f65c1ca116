"""What `shipmate check` found, and how it is shown."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How good something is."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that was tried, and what to do about it."""

    area: str
    name: str
    grade: Grade
    what: str
    todo: str = ""


def lines(results: Iterable[Result], *, as_json: bool = False) -> Iterator[str]:
    """Yield one line a result; in the text form what is to be done stands below it."""
    for result in results:
        if as_json:
            yield json.dumps(asdict(result), ensure_ascii=False)
            continue
        yield f"{result.grade:<4}  {_flat(result.area):<13}  {_flat(result.name)}: {_flat(result.what)}"
        if result.todo:
            yield f"{'':<21}→ {_flat(result.todo)}"


def verdict(results: Iterable[Result]) -> str:
    """Return the last line: whether Shipmate can work like this."""
    grades = [result.grade for result in results]
    bad, warned = grades.count(Grade.BAD), grades.count(Grade.WARN)
    if bad:
        return f"{bad} of {len(grades)} would stop Shipmate. Mend them, then run `shipmate check` again."
    return "Everything is ready." if not warned else f"Ready; {warned} of {len(grades)} deserve a look."


def exit_code(results: Iterable[Result]) -> int:
    """Return 0 unless something is bad."""
    return int(any(result.grade is Grade.BAD for result in results))


def _flat(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
