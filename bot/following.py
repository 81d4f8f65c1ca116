"""Follows a deployment on the command line, from its rows: what changed is one line."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from storage import reports
from storage.models import FINISHED, Status, StepState
from storage.reports import Facts
from storage.store import Store

REST = FINISHED | {Status.INCOMPLETE, Status.UNKNOWN, Status.AWAITING_APPROVAL}
"""Where following ends: nothing more happens without a person."""
_MARKS = {StepState.SUCCEEDED: "done", StepState.FAILED: "FAILED", StepState.UNKNOWN: "UNKNOWN"}


@dataclass
class Following:
    """Prints what is new of one deployment each time it looks."""

    store: Store
    number: int
    show: Callable[[str], None]
    as_json: bool = False
    _said: set[str] = field(default_factory=set)

    def look(self) -> Status:
        """Print what is new, and return the status."""
        with self.store.look() as session:
            facts = reports.facts(session, self.number)
        for key, line in _lines(facts):
            if key not in self._said:
                self._said.add(key)
                self.show(json.dumps({"deployment": self.number, "event": key, "text": line}) if self.as_json else line)
        return facts.deployment.status


def _lines(facts: Facts) -> Iterator[tuple[str, str]]:
    deployment = facts.deployment
    what = f"#{deployment.number} {deployment.kind} {deployment.ref} → {deployment.environment}"
    yield "what", what
    for step in (*facts.steps, *facts.child_steps):
        if step.state in _MARKS:
            took = f" in {(step.finished_at - step.started_at).total_seconds():.1f} s" if step.finished_at else ""
            why = f": {step.message}" if step.message and step.state is not StepState.SUCCEEDED else ""
            yield step.operation, f"  {step.kind} on {step.target} {_MARKS[step.state]}{took}{why}"
    yield f"status {deployment.status}", f"{what}: {deployment.status.replace('_', ' ')}"
    if deployment.failure and deployment.status in REST:
        yield f"why {deployment.status}", f"  {deployment.failure.get('message', '')}"
