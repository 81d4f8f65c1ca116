"""What a check found: each item good, in need of attention, bad, unknown, or not looked at; unknown is never good."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

MOST_SAID = 600
MOST_LINES = 8
MOST_LINE = 300


class State(StrEnum):
    """How something is."""

    BAD = "bad"
    ATTENTION = "attention"
    UNKNOWN = "unknown"
    """It was looked at, and cannot be told."""
    GOOD = "good"
    IDLE = "idle"
    """It is not looked at, because the configuration does not say how."""


ORDER = tuple(State)
"""The worst first."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one item, in one environment or of all together."""

    probe: str
    title: str
    environment: str
    """Empty for what concerns all of them."""
    state: State
    said: str
    """One sentence; words of hosts are in it, so whoever shows it escapes it."""
    advice: str = ""
    lines: tuple[str, ...] = ()
    """Words of hosts or rows, to be shown as they are."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """What the next check has to know to go on from here, by host."""

    def document(self) -> dict[str, Any]:
        """Return it as JSON-ready data, within bounds."""
        kept = asdict(self)
        kept["state"] = self.state.value
        kept["said"] = cut(self.said, MOST_SAID)
        kept["lines"] = [cut(line, MOST_LINE) for line in self.lines[:MOST_LINES]]
        return kept

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Return what was written as this document."""
        return cls(**{**document, "state": State(document["state"]), "lines": tuple(document["lines"])})


def worst(states: Iterable[State]) -> State:
    """Return the worst of the states; of none at all nothing is known."""
    return min(states, key=ORDER.index, default=State.UNKNOWN)


def cut(text: str, limit: int) -> str:
    """Return foreign text as one line within the limit."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"
