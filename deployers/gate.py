"""What a gate is."""

from collections.abc import Callable
from dataclasses import dataclass

from deployers.snapshot import Refused, Snapshot


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition: what it is called, whether this environment has it, how it refuses, and how it is told if not."""

    name: str
    shut: Callable[[Snapshot], Refused | None]
    there: Callable[[Snapshot], bool]
    """Whether there is anything that could shut it."""
    passes: Callable[[Snapshot], str]
    """What is told of it while it is open."""
    absent: str
    """What is told of it where nothing could shut it."""
