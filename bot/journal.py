"""Writes down what a deployment intends and what became of it; refuses to write once somebody else leads."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot import backup_rows, telling
from bot.change import ME, Change, Changes, demand_lead
from bot.holding import Held, Question
from bot.known import Known, Note
from bot.outcome import Outcome
from deployers.backups import answers
from deployers.blame import Before, ignored
from deployers.health import Sample
from deployers.plan import Activate, Backup, Build, Prepare, Run, Verify
from deployers.ports import Fate, Record
from deployers.runner import Attempt, Segment
from deployers.way_out import NOTHING_CHANGED, REFUSED
from storage import deployments, holds, looks, steps, targets
from storage.models import Deployment, Hold, Kind, Status, StepRecord, StepState

UNWATCHED = timedelta(minutes=1)
"""After such a gap, what was seen before it says nothing of now."""
_ON_ITS_WAY = frozenset({Status.PREPARING, Status.RUNNING, Status.VERIFYING, Status.HOLDING})
_MEANS = dict.fromkeys((Prepare.word, Build.word, Backup.word), Status.PREPARING) | {Verify.word: Status.VERIFYING}


class Journal:
    """The book of one deployment, over its rows; each call is one transaction."""

    def __init__(self, changes: Changes, known: Known) -> None:
        """Remember whose steps these are, and who knows them by heart."""
        self._changes = changes
        self._known = known
        self._id = known.number

    def intend_all(self, first: int, kinds: Sequence[str], targets: Sequence[str]) -> list[dict[str, Attempt]]:
        """Commit the intent to take steps on these targets, or return the attempts that exist: by step, then target."""
        with self._changes.of(self._id) as change:
            self._move(change.deployment, kinds[0])
            made = steps.newest(change.session, self._id, range(first, first + len(kinds)))
            records = [
                [self._intended(change, step, target, made.get((step[0], target))) for target in targets]
                for step in enumerate(kinds, first)
            ]
        return [{record.target: self._noted(record) for record in row} for row in records]

    def again(self, number: int, kind: str, target: str) -> Attempt:
        """Commit one more attempt after an earlier one that came to nothing."""
        with self._changes.of(self._id) as change:
            change.deployment.version += 1
            before = steps.latest(change.session, self._id, number, target)
            attempt = before.attempt + 1 if before else 1
            record = steps.intend(change.session, self._record(change, number, kind, target, attempt))
        return self._noted(record)

    def settle(self, *records: Record) -> None:
        """Commit what became of operations, in one transaction; saying the same again changes nothing."""
        with self._changes.of(self._id) as change:
            change.deployment.version += 1
            for record in records:
                written = steps.settle(
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
                if written.kind in (Activate.word, Run.word) and written.state is StepState.SUCCEEDED:
                    self._serves(change, written.target)
                if written.kind == Backup.word and written.state is StepState.SUCCEEDED:
                    self._backed_up(change, written.target, record.output)
        for record in records:
            self._known.settled(record.id, _settled(_state(record), record.exit_code))

    def looking(self, segment: Segment) -> list[Sample]:
        """Commit that the targets are looked at, and return what was seen already, lately enough to count."""
        step = segment.steps[0]
        self.intend_all(segment.first, (step.word,), step.targets)
        with self._changes.store.look() as session:
            samples = [Sample.read(document) for document in looks.of(session, self._id, segment.first)]
        gap = self._changes.clock() - samples[-1].at if samples else UNWATCHED
        # Less than none: the clock was set back while nobody looked.
        return samples if timedelta(0) <= gap < UNWATCHED else []

    def seen(self, segment: Segment, samples: Sequence[Sample]) -> None:
        """Commit what one look saw."""
        with self._changes.of(self._id) as change:
            change.deployment.version += 1
            looks.add(change.session, self._id, segment.first, [sample.document() for sample in samples])

    def judged(self, segment: Segment, outcome: Outcome) -> None:
        """Commit what looking came to; what went wrong at one target says nothing against the others."""
        step = segment.steps[0]
        with self._changes.of(self._id) as change:
            change.deployment.version += 1
            for target in step.targets:
                elsewhere = outcome.target in step.targets and outcome.target != target
                self._look_ended(change, segment.first, target, "" if outcome.ok or elsewhere else outcome.message)
            looks.forget(change.session, self._id, segment.first)

    def aborted(self) -> str:
        """Return who asked to stop, or nothing."""
        with self._changes.store.look() as session:
            deployment = deployments.get(session, self._id)
        self._known.back_wanted = deployment.abort_back
        return deployment.aborted_by or ""

    def looked_before(self, found: Sequence[Before]) -> None:
        """Commit what was not well before the first step."""
        documents = [each.document() for each in found]
        with self._changes.of(self._id) as change:
            change.deployment.version += 1
            looks.add(change.session, self._id, looks.BEFORE, documents)
            change.note("deployment.not_well_before", found=documents[:20])
        self._known.before = ignored(documents)

    def ask(self, question: Question) -> Held:
        """Commit a question that people may answer, or return it as it was asked before."""
        with self._changes.of(self._id) as change:
            change.deployment.version += 1
            at = self._changes.clock()
            asked_before = holds.asked(change.session, self._id, question.key) is not None
            hold = holds.open_(
                change.session,
                change.deployment,
                question.kind,
                key=question.key,
                why=question.why,
                at=at,
                until=at + question.lasts if question.lasts is not None else None,
                facts=question.facts,
            )
            if not asked_before:
                until = hold.until.isoformat() if hold.until else ""
                change.note("hold.opened", kind=hold.kind.value, key=hold.key, why=hold.why, until=until)
            return self._held(hold)

    def heard(self, held: Held) -> Held:
        """Return a question as it stands now."""
        with self._changes.store.look() as session:
            return self._held(holds.numbered(session, held.id))

    def over(self, held: Held, word: str, by: str = ME) -> Held:
        """Commit an answer that was not given to the question itself; whoever was first stays."""
        with self._changes.of(self._id) as change:
            if holds.answer(change.session, held.id, word, by=by, at=self._changes.clock()):
                change.deployment.version += 1
                change.note("hold.over", actor=by, hold=held.id, answer=word)
            return self._held(holds.numbered(change.session, held.id))

    def beside(self, held: Held) -> Mapping[str, Any]:
        """Return what stands beside a question."""
        with self._changes.store.look() as session:
            return holds.numbered(session, held.id).facts

    def counted(self, held: Held, facts: Mapping[str, Any], why: str, *, loud: bool) -> None:
        """Commit what was counted by now; where people are waited for, they are told once for each reason."""
        with self._changes.of(self._id) as change:
            change.deployment.version += 1
            holds.tell(change.session, held.id, facts, why=why)
            if loud:
                name = f"{held.key}:{facts['state']}"
                telling.waits(
                    change.session,
                    change.deployment,
                    name,
                    why,
                    channel=self._changes.channel,
                    at=self._changes.clock(),
                )
                change.note("canary.waits", state=facts["state"], why=why)

    def stopped(self, by: str) -> None:
        """Commit that somebody wants it stopped and taken back."""
        with self._changes.of(self._id) as change:
            change.deployment.aborted_by = change.deployment.aborted_by or by
            change.deployment.abort_back = True
            change.deployment.version += 1
        self._known.back_wanted = True

    def counts_down(self) -> None:
        """Have the card shown anew, with the time that is left."""
        with self._changes.of(self._id) as change:
            change.deployment.version += 1

    def demand_lead(self) -> None:
        """Raise Fenced unless our token is the newest; a host may have seen another one all the same."""
        with self._changes.store.look() as session:
            demand_lead(session, self._changes.epoch())

    def _held(self, hold: Hold) -> Held:
        """Keep in mind how a question stands, for whoever has to act without the rows."""
        self._known.held = Held.of(hold)
        return self._known.held

    def _serves(self, change: Change, target: str) -> None:
        """Write down what a target serves from now on, together with the outcome of its switch."""
        plan = self._known.plan
        targets.put(
            change.session,
            plan.environment,
            target,
            release=plan.release,
            sha=plan.sha,
            deployment_id=self._id,
            at=self._changes.clock(),
        )

    def _backed_up(self, change: Change, target: str, output: str) -> None:
        """Write down the backup that a target has made."""
        at, made = self._changes.clock(), answers.made(output)
        if made:
            row = backup_rows.before(self._id, self._known.plan.environment, target, made.name, at)
            backup_rows.noted(change.session, row, made, at)

    def _move(self, deployment: Deployment, kind: str) -> None:
        straight = deployment.kind is Kind.DEPLOY or kind == Verify.word
        to, now = _MEANS.get(kind, Status.RUNNING) if straight else Status.RUNNING, deployment.status
        if now in _ON_ITS_WAY and now is not to and (now, to) != (Status.RUNNING, Status.PREPARING):
            deployment.advance(to, at=self._changes.clock())
        else:
            deployment.version += 1

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

    def _look_ended(self, change: Change, number: int, target: str, why: str) -> None:
        record = steps.latest(change.session, self._id, number, target)
        if record and record.state is StepState.INTENDED:
            state = StepState.FAILED if why else StepState.SUCCEEDED
            steps.settle(change.session, record.operation, state, at=self._changes.clock(), message=why)
            self._known.settled(record.operation, state.value)

    def _noted(self, record: StepRecord) -> Attempt:
        note = note_of(record)
        self._known.note(note)
        return note.attempt


def note_of(record: StepRecord) -> Note:
    """Return what is kept in mind of a step's row."""
    attempt = Attempt(record.operation, record.attempt, _settled(record.state, record.exit_code), record.started_at)
    return Note(record.number, record.target, record.kind, attempt)


def _settled(state: StepState, exit_code: int | None) -> str:
    if state is StepState.FAILED and exit_code in NOTHING_CHANGED:
        return REFUSED
    return "" if state in (StepState.INTENDED, StepState.UNKNOWN) else state.value


def _state(record: Record) -> StepState:
    match record.fate:
        case Fate.EXITED:
            return StepState.SUCCEEDED if record.exit_code == 0 else StepState.FAILED
        case Fate.UNKNOWN:
            return StepState.UNKNOWN
        case _:
            return StepState.INTENDED
