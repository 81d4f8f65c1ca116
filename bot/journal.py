"""Writes down what a deployment intends and what became of it; refuses to write once somebody else leads."""

from collections.abc import Sequence

from bot.change import Change, Changes
from deployers.ports import Fate, Record
from deployers.runner import Attempt
from storage import deployments, steps
from storage.models import StepRecord, StepState


class Journal:
    """The journal of one deployment, over its rows; each call is one transaction."""

    def __init__(self, changes: Changes, deployment_id: int) -> None:
        """Remember whose steps these are."""
        self._changes = changes
        self._id = deployment_id

    def intend(self, number: int, kind: str, targets: Sequence[str]) -> dict[str, Attempt]:
        """Commit the intent to take a step on these targets, or return the attempts that exist, by target."""
        return self.intend_all(number, (kind,), targets)[0]

    def intend_all(self, first: int, kinds: Sequence[str], targets: Sequence[str]) -> list[dict[str, Attempt]]:
        """Commit the intent to take several steps on these targets, in one transaction; as `intend` for each."""
        with self._changes.of(self._id) as change:
            change.deployment.version += 1
            made = steps.newest(change.session, self._id, range(first, first + len(kinds)))
            return [
                {
                    target: _attempt(self._intended(change, step, target, made.get((step[0], target))))
                    for target in targets
                }
                for step in enumerate(kinds, first)
            ]

    def again(self, number: int, kind: str, target: str) -> Attempt:
        """Commit one more attempt after an earlier one that came to nothing."""
        with self._changes.of(self._id) as change:
            change.deployment.version += 1
            before = steps.latest(change.session, self._id, number, target)
            attempt = before.attempt + 1 if before else 1
            return _attempt(steps.intend(change.session, self._record(change, number, kind, target, attempt)))

    def settle(self, *records: Record) -> None:
        """Commit what became of operations, in one transaction."""
        with self._changes.of(self._id) as change:
            change.deployment.version += 1
            for record in records:
                steps.settle(
                    change.session,
                    record.id,
                    _state(record),
                    at=self._changes.clock(),
                    exit_code=record.exit_code,
                    output=record.output,
                    output_bytes=record.output_bytes,
                    output_sha256=record.output_sha256,
                    message=record.why,
                )

    def looked(self, number: int, target: str, *, well: bool, why: str) -> None:
        """Commit what a look at a target came to."""
        with self._changes.of(self._id) as change:
            change.deployment.version += 1
            record = steps.latest(change.session, self._id, number, target)
            if record and record.state is StepState.INTENDED:
                state = StepState.SUCCEEDED if well else StepState.FAILED
                steps.settle(change.session, record.operation, state, at=self._changes.clock(), message=why)

    def aborted(self) -> str:
        """Return who asked to stop, or nothing."""
        with self._changes.store.look() as session:
            return deployments.get(session, self._id).aborted_by or ""

    def records(self) -> list[StepRecord]:
        """Return every step record of the deployment, oldest first."""
        with self._changes.store.look() as session:
            return steps.of(session, self._id)

    def _intended(self, change: Change, step: tuple[int, str], target: str, existing: StepRecord | None) -> StepRecord:
        if existing and not (existing.state is StepState.SKIPPED and existing.resolved_by):
            return existing
        record = self._record(change, *step, target, existing.attempt + 1 if existing else 1)
        change.session.add(record)
        return record

    def _record(self, change: Change, number: int, kind: str, target: str, attempt: int) -> StepRecord:
        return StepRecord(
            deployment_id=self._id,
            number=number,
            target=target,
            kind=kind,
            attempt=attempt,
            operation=f"{change.deployment.mark}.{number}.{target}.{attempt}",
            token=self._changes.epoch(),
            started_at=self._changes.clock(),
        )


def _attempt(record: StepRecord) -> Attempt:
    settled = "" if record.state in (StepState.INTENDED, StepState.UNKNOWN) else record.state.value
    return Attempt(record.operation, record.attempt, settled)


def _state(record: Record) -> StepState:
    match record.fate:
        case Fate.EXITED:
            return StepState.SUCCEEDED if record.exit_code == 0 else StepState.FAILED
        case Fate.UNKNOWN:
            return StepState.UNKNOWN
        case _:
            return StepState.INTENDED
