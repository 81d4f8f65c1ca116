"""What a part of a deployment came to, as a value that can be remembered."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from deployers.errors import Aborted, CommandFailed, DeployError
from deployers.runner import Segment

OUTPUT_LIMIT = 6_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """Good, or what went wrong: a stable code, a sentence, where, and the end of the output."""

    code: str = "ok"
    message: str = ""
    step: str = ""
    target: str = ""
    output: str = ""
    trigger: str = ""
    """Which of the triggers of an automatic rollback it was, where it was one."""

    @property
    def ok(self) -> bool:
        """Say whether nothing went wrong."""
        return self.code == "ok"

    @property
    def failure(self) -> dict[str, Any]:
        """Return what a deployment keeps of its failure."""
        return {name: value for name, value in asdict(self).items() if value or name != "trigger"}

    def and_then(self, other: Self) -> Self:
        """Return what went wrong first, told together with what went wrong on the way out of it."""
        return replace(self, message=f"{self.message}. And then {other.message}")

    @classmethod
    def read(cls, failure: Mapping[str, Any]) -> Self:
        """Return the outcome that a deployment keeps as its failure."""
        return cls(**{part.name: failure[part.name] for part in fields(cls) if part.name in failure})

    @classmethod
    def of(cls, error: DeployError, segment: Segment) -> Self:
        """Return what an error means for the deployment."""
        step, output = segment.steps[0].word, ""
        if isinstance(error, Aborted):
            step = ""
        elif isinstance(error, CommandFailed):
            step, output = error.command, error.output[-OUTPUT_LIMIT:]
        where = str(getattr(error, "target", getattr(error, "where", "")))
        trigger = str(getattr(error, "trigger", ""))
        return cls(code=error.code, message=str(error), step=step, target=where, output=output, trigger=trigger)
