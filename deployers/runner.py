"""Runs a plan on its targets, segment by segment: intent first, effect once, outcome confirmed."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, assert_never

from deployers import effects
from deployers.environment import Environment, Host
from deployers.errors import Aborted, CommandFailed, DeployError, Fenced, NoRoom, Undecided
from deployers.outcomes import Outcomes
from deployers.plan import (
    Activate,
    Backup,
    Build,
    Candidate,
    CandidateCheck,
    CandidateStop,
    ColourStart,
    ColourStop,
    Compare,
    Drain,
    MaintenanceOff,
    MaintenanceOn,
    Migrate,
    MigrateBack,
    Optimize,
    Pause,
    Plan,
    Prepare,
    Prune,
    PutIn,
    Restart,
    Restore,
    Run,
    Shift,
    Step,
    SwapDatabase,
    TakeOut,
    Verify,
    WorkersStart,
    WorkersStop,
)
from deployers.ports import Authority, Fate, Operation, Record, Remote
from storage.errors import StorageError

AGAIN = (
    *(Prepare, Build, Backup, MaintenanceOn, Optimize, Candidate, CandidateStop, ColourStart, ColourStop),
    *(Shift, TakeOut, PutIn, Drain, Activate, Restart, MaintenanceOff, Prune),
    *(Restore, SwapDatabase, WorkersStop, WorkersStart),
)
"""Steps that may be done again once the host says that nothing of them runs any more."""
DEADLINES: dict[type[Step], timedelta] = {
    Prepare: timedelta(minutes=10),
    Build: timedelta(minutes=30),
    Backup: timedelta(hours=4),
    Restore: timedelta(hours=8),
    SwapDatabase: timedelta(hours=4),
    Migrate: timedelta(minutes=60),
    MigrateBack: timedelta(minutes=60),
    Run: timedelta(minutes=60),
    ColourStop: timedelta(minutes=2),
}
DEADLINE = timedelta(minutes=5)
WAY_OUT = "way out"
"""The kind of a plan that only lets visitors in again and stops what was left running."""
ASKED_EVERY = 0.5
"""Seconds between two looks whether somebody asked to stop."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A step's newest attempt on one target, as written down."""

    operation: str
    number: int
    settled: str = ""
    """`succeeded`, `failed`, `unknown`, `skipped`; empty while nothing is confirmed."""
    at: datetime | None = None
    """When it was intended, where that is known."""


class Journal(Protocol):
    """Where intents and outcomes are written down, each committed before the call returns."""

    def intend_all(self, first: int, kinds: Sequence[str], targets: Sequence[str]) -> list[dict[str, Attempt]]:
        """Commit the intent to take steps on these targets, or return the attempts that exist: by step, then target."""
        ...

    def again(self, number: int, kind: str, target: str) -> Attempt:
        """Commit one more attempt after an earlier one that came to nothing."""
        ...

    def settle(self, *records: Record) -> None:
        """Commit what became of operations; saying the same again changes nothing."""
        ...

    def aborted(self) -> str:
        """Return who asked to stop, or nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Segment:
    """Steps on the same targets that are sent in one go; `first` is the number of its first step in the plan."""

    first: int
    steps: tuple[Step, ...]

    @property
    def switches(self) -> bool:
        """Say whether visitors notice this segment: the gates are judged again before it."""
        return any(isinstance(step, _SWITCHES) for step in self.steps)


def promotes(plan: Plan, segment: Segment) -> bool:
    """Say whether a segment brings a canary, once compared, to more visitors or hosts: that is a new step forward."""
    return segment.first > 0 and isinstance(plan.steps[segment.first - 1], Compare)


_SWITCHES = (Activate, MaintenanceOn, Migrate, MigrateBack, Run, Shift)
LOOKS = (Verify, CandidateCheck, Compare, Pause)
_ALONE = (*LOOKS, Backup, Restore, SwapDatabase, Candidate, Migrate, MigrateBack, Prune, Run)


def segments(plan: Plan) -> tuple[Segment, ...]:
    """Cut a plan into what can be sent in one go: neighbours on the same targets; looks and migrations stand alone.

    On the way back every target prepares and switches in one go, so that none waits for another that is lost.
    """
    cut: list[Segment] = []
    for number, step in enumerate(plan.steps):
        last = cut[-1] if cut else None
        if last and _together(last.steps[-1], step, back=plan.kind == "rollback"):
            cut[-1] = Segment(last.first, (*last.steps, step))
        else:
            cut.append(Segment(number, (step,)))
    return tuple(cut)


def _together(one: Step, other: Step, *, back: bool) -> bool:
    between = back or isinstance(one, Prepare | Build) is isinstance(other, Prepare | Build)
    return between and one.targets == other.targets and not isinstance(one, _ALONE) and not isinstance(other, _ALONE)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the runner leaves to its caller."""

    keep: Callable[[], tuple[str, ...]] = tuple
    """Names the releases that pruning leaves alone."""
    enter: Callable[[Host], None] = lambda _: None
    """Takes a target before its first step; may raise DeployError."""


class Runner:
    """Sends a plan's segments to the targets and reads back what became of them."""

    def __init__(
        self,
        environment: Environment,
        plan: Plan,
        remote: Remote,
        journal: Journal,
        authority: Authority,
        *,
        hooks: Hooks | None = None,
    ) -> None:
        """Remember what is run where."""
        self._environment = environment
        self._plan = plan
        self._remote = remote
        self._journal = journal
        self._authority = authority
        self._hooks = hooks or Hooks()
        self._outcomes = Outcomes(journal.settle)

    def run(self, segment: Segment) -> None:
        """Do every step of the segment on each of its targets, exactly once, several targets at a time.

        Once somebody asks to stop, what runs on the hosts is ended. A way out is never stopped half way, and neither
        is a migration: half of one is worse than all of it.

        Raises:
            Aborted: somebody asked to stop.
            DeployError: the first thing that went wrong, after all targets have come to rest.
        """
        if by := self._asked_to_stop():
            raise Aborted(by)
        targets = segment.steps[0].targets
        attempts = self._journal.intend_all(segment.first, [step.word for step in segment.steps], targets)
        parallel = self._environment.place.parallel if self._environment.place else 1
        with ThreadPoolExecutor(max_workers=max(1, min(parallel, len(targets)))) as pool:
            running = [
                pool.submit(self._on, self._environment.host(target), segment, [each[target] for each in attempts])
                for target in targets
            ]
            by = self._until_at_rest(running, segment)
        errors = [error for future in running if (error := future.exception())]
        for error in sorted(errors, key=lambda error: not isinstance(error, Undecided)):
            if by and isinstance(error, CommandFailed):
                raise Aborted(by) from error
            raise error

    def _until_at_rest(self, running: Sequence[Future[None]], segment: Segment) -> str:
        """Wait until no target does anything; return who had it stopped in the meantime, or nothing."""
        by, stoppable = "", not isinstance(segment.steps[0], Migrate | MigrateBack | SwapDatabase)
        left = [self._environment.host(target) for target in segment.steps[0].targets if stoppable]
        while wait(running, timeout=ASKED_EVERY if left else None).not_done:
            by = by or self._asked_to_stop()
            left = [host for host in left if not (by and self._stopped(host))]
        return by

    def _stopped(self, host: Host) -> bool:
        """Have a host stop what it does, and say whether it has heard."""
        with suppress(DeployError):
            self._remote.abort(host, self._authority)
            return True
        return False

    def _asked_to_stop(self) -> str:
        return "" if self._plan.kind == WAY_OUT else self._journal.aborted()

    def _on(self, host: Host, segment: Segment, attempts: list[Attempt]) -> None:
        if isinstance(segment.steps[0], Prepare | Run | Shift | TakeOut | PutIn):
            self._hooks.enter(host)
        ahead = list(zip(range(segment.first, segment.first + len(attempts)), segment.steps, attempts, strict=True))
        todo = [
            (number, step, attempt)
            for number, step, attempt in ahead
            if attempt.settled not in ("succeeded", "skipped")
        ]
        while todo:
            following = self._judged(host, todo, self._performed(host, todo))
            if following is None:
                return
            todo = following

    def _performed(self, host: Host, todo: list[tuple[int, Step, Attempt]]) -> tuple[Record, ...]:
        operations = [self._operation(step, attempt, host) for _, step, attempt in todo]
        steps = {attempt.operation: step for _, step, attempt in todo}

        def read(record: Record) -> Record:
            return effects.borne_out(steps[record.id], self._plan, record)

        heard = self._remote.perform(host, operations, self._authority, heard=lambda it: self._heard(read(it)))
        return tuple(read(record) for record in heard)

    def _heard(self, record: Record) -> None:
        if record.fate is Fate.RUNNING:
            # How far it is may be told later; what became of it may not.
            with suppress(StorageError):
                self._outcomes.write(record)
        elif record.fate is not Fate.REFUSED and record.fate is not Fate.ABSENT:
            self._outcomes.write(record)

    def _judged(
        self, host: Host, todo: list[tuple[int, Step, Attempt]], records: Sequence[Record]
    ) -> list[tuple[int, Step, Attempt]] | None:
        """Return what is still to do after one go, or None when all is done; raise what went wrong."""
        by_id = {record.id: record for record in records}
        for place, (number, step, attempt) in enumerate(todo):
            record = by_id.get(attempt.operation, Record(attempt.operation, Fate.ABSENT))
            if record.fate is Fate.EXITED and record.exit_code == 0:
                continue
            if record.fate is Fate.UNKNOWN and isinstance(step, AGAIN) and attempt.number < 3:
                return [(number, step, self._journal.again(number, step.word, host.name)), *todo[place + 1 :]]
            raise self._wrong(host, step, record)
        return None

    def _wrong(self, host: Host, step: Step, record: Record) -> DeployError:
        match record.fate:
            case Fate.EXITED:
                return CommandFailed(host.name, step.word, record.exit_code or 0, record.output)
            case Fate.REFUSED if record.why.startswith("fenced"):
                newest = int([*record.why.split(), "0", "0"][1])
                return Fenced(host.name, self._authority.token, newest)
            case Fate.REFUSED if record.why.startswith("no_room"):
                return NoRoom(host.name, record.why.removeprefix("no_room").strip() or "the disk is full")
            case Fate.REFUSED:
                return Aborted(self._journal.aborted() or "an abort on the host")
            case Fate.UNKNOWN:
                return Undecided(host.name, record.id, record.why or "it was killed, or the host went down")
            case Fate.ABSENT | Fate.RUNNING:
                return Undecided(host.name, record.id, f"the host says it is {record.fate}")
            case _:
                assert_never(record.fate)

    def _operation(self, step: Step, attempt: Attempt, host: Host) -> Operation:
        deadline = DEADLINES.get(type(step), DEADLINE)
        title = f"{step.word} on {host.name}"
        return Operation(attempt.operation, self._script(step, host), deadline, title, attempt.at)

    def _script(self, step: Step, host: Host) -> str:
        return effects.script(step, self._environment, self._plan, host, keep=self._hooks.keep)
