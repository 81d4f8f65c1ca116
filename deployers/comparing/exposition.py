"""Reading Prometheus' text format: what an application says of itself, and what was added since it said it last."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from deployers.comparing.times import ENDLESS, Times
from deployers.comparing.tuning import Endpoint

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_LINE = re.compile(rf"({_NAME})(?:\{{(.*)\}})?\s+(\S+)(?:\s+-?\d+)?\s*$")
_SELECTOR = re.compile(rf"\s*({_NAME})\s*(?:\{{(.*)\}})?\s*", re.DOTALL)
_COMPARED: Mapping[str, Callable[[str, str], bool]] = {
    "=": lambda seen, asked: seen == asked,
    "!=": lambda seen, asked: seen != asked,
    "=~": lambda seen, asked: re.fullmatch(asked, seen) is not None,
    "!~": lambda seen, asked: re.fullmatch(asked, seen) is None,
}


class Unreadable(ValueError):
    """An answer that does not say what was asked."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Which series are meant: `http_requests_total{code=~"5.."}`."""

    name: str
    labels: tuple[tuple[str, str, str], ...] = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """Return what is written; ValueError where it is no selector."""
        found = _SELECTOR.fullmatch(text)
        if not found:
            raise ValueError(f'`{text}` names no counter; write for example `http_requests_total{{code=~"5.."}}`')
        labels = tuple(_labels(found[2] or ""))
        for _, how, value in labels:
            if "~" in how:
                re.compile(value)
        return cls(found[1], labels)

    def matches(self, name: str, labels: Mapping[str, str]) -> bool:
        """Say whether a series is meant."""
        return name == self.name and all(
            _COMPARED[how](labels.get(label, ""), value) for label, how, value in self.labels
        )


@dataclass(frozen=True, slots=True)
class Counters:
    """What one target's counters stand at."""

    requests: float
    errors: float
    times: Times = ()
    """How many requests took at most so long since the process began, not cumulated."""
    began: float = 0.0
    """When the process began, where it says so."""

    def since(self, before: Self | None) -> "Counters":
        """Return what was added since; where the counters began anew, everything that they stand at."""
        if before is None:
            return Counters(0, 0)
        restarted = self.began != before.began or self.requests < before.requests or self.errors < before.errors
        if restarted:
            return self
        were = dict(before.times)
        times = tuple((bound, max(0, count - were.get(bound, 0))) for bound, count in self.times)
        return Counters(self.requests - before.requests, self.errors - before.errors, times)

    def document(self) -> dict[str, Any]:
        """Return the counters as JSON-ready data."""
        times = [list(each) for each in self.times]
        return {"requests": self.requests, "errors": self.errors, "times": times, "began": self.began}

    @classmethod
    def restored(cls, document: Mapping[str, Any]) -> Self:
        """Return the counters that were written as this document."""
        times = tuple((float(bound), int(count)) for bound, count in document["times"])
        return cls(document["requests"], document["errors"], times, document["began"])


def counters(text: str, asked: Endpoint) -> Counters:
    """Return what an answer says.

    No series of errors is no error, since many applications show one only after the first; requests have to be there.

    Raises:
        Unreadable: it says nothing of requests.
    """
    series = list(_series(text))
    requests = _total(series, Selector.read(asked.requests))
    if requests is None:
        raise Unreadable(f"it tells no `{asked.requests}`")
    errors = _total(series, Selector.read(asked.errors)) or 0.0
    began = _total(series, Selector("process_start_time_seconds")) or 0.0
    return Counters(requests, errors, _times(series, asked.seconds), began)


def _times(series: list[tuple[str, dict[str, str], float]], asked: str) -> Times:
    if not asked:
        return ()
    selector = Selector.read(asked)
    buckets = Selector(f"{selector.name}_bucket", selector.labels)
    up_to: dict[float, float] = {}
    for name, labels, value in series:
        if buckets.matches(name, labels) and "le" in labels:
            bound = ENDLESS if labels["le"] == "+Inf" else float(labels["le"])
            up_to[bound] = up_to.get(bound, 0.0) + value
    below, found = 0.0, []
    for bound, value in sorted(up_to.items()):
        found.append((bound, max(0, round(value - below))))
        below = value
    return tuple(found)


def _total(series: list[tuple[str, dict[str, str], float]], selector: Selector) -> float | None:
    found = [value for name, labels, value in series if selector.matches(name, labels)]
    return sum(found) if found else None


def _series(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if found := _LINE.match(line.strip()):
            try:
                value = float(found[3])
                labels = {label: value for label, how, value in _labels(found[2] or "") if how == "="}
            except ValueError:
                continue
            if 0 <= value < float("inf"):
                yield found[1], labels, value


def _labels(text: str) -> Iterator[tuple[str, str, str]]:
    at = 0
    while text[at:].strip():
        found = _LABEL.match(text, at)
        if not found:
            raise ValueError(f"`{{{text}}}` are no labels")
        value = re.sub(r"\\(.)", lambda it: {"n": "\n"}.get(it[1], it[1]), found[3])
        yield found[1], found[2], found[3] if "~" in found[2] else value
        at = found.end()
