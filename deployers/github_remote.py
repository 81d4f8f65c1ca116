"""GitHub as the target of a deployment: a step is a workflow run, started once, followed to its end, and stopped."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock

import httpx

from deployers import github_words as words
from deployers import workflow
from deployers.environment import Host
from deployers.errors import Undecided, Unreachable
from deployers.github_errors import (
    GitHubAway,
    GitHubError,
    GitHubLimited,
    GitHubRefused,
    RunGone,
    RunMismatch,
    RunNotStopped,
    RunsAmbiguous,
    WorkflowChanged,
)
from deployers.github_follow import Follower, House
from deployers.github_run import Run, State, Wanted
from deployers.github_runs import Runs
from deployers.github_words import Patience
from deployers.ports import Answer, Authority, Fate, Operation, Record

_LINES = 30
_KEPT = 64 * 1024
_SENDING = timedelta(seconds=20)
"""How long asking for a run may take at most."""
_AGAIN = 10.0
_TIMED_OUT = 124
_CANCELLED = 130


class GitHubRemote:
    """Runs the workflow of an environment; implements `deployers.ports.Remote` for the one target that GitHub is."""

    def __init__(self, runs: Runs, house: House | None = None, patience: Patience | None = None) -> None:
        """Remember how runs are reached, and what is asked at home about them."""
        self._runs = runs
        self._house = house or House()
        self._patience = patience or Patience()
        self._born = runs.now()
        self._lock = Lock()
        self._tried: dict[str, datetime] = {}
        self._started: dict[str, int] = {}
        self._aborted: set[str] = set()

    def perform(
        self,
        host: Host,
        operations: Sequence[Operation],
        authority: Authority,
        *,
        heard: Callable[[Record], None] = lambda _: None,
    ) -> tuple[Record, ...]:
        """Run each workflow once, in order, and return how it ended; stop at the first that does not end well.

        Raises:
            GitHubError: nothing was started, or the wrong run was stopped.
            Undecided: what became of a run cannot be told.
        """
        records: list[Record] = []
        for operation in operations:
            if all(record.fate is Fate.EXITED and not record.exit_code for record in records):
                records.append(self._performed(host, operation, authority, heard))
            else:
                records.append(Record(operation.id, Fate.REFUSED, token=authority.token, why="earlier"))
            heard(records[-1])
        return tuple(records)

    def records(self, host: Host, ids: Sequence[str]) -> tuple[Record, ...]:
        """Read what GitHub knows of these operations, as far as the workflow names its runs after them."""
        return tuple(self._known(each) for each in ids)

    def abort(self, host: Host, authority: Authority) -> None:
        """Cancel the runs of the deployment and wait until they have stopped; nothing more of it is started here."""
        mark = authority.deployment
        with self._lock:
            self._aborted.add(mark)
            ours = {number for name, number in self._started.items() if _belongs(name, mark)}
        try:
            ours |= {run.id for run in self._runs.carrying(mark) if not run.finished and _belongs_to(run, mark)}
            for number in ours:
                with suppress(RunGone):
                    self._runs.cancel(number)
        except (GitHubAway, GitHubLimited, RunNotStopped) as error:
            raise Unreachable(host.name, str(error)) from error

    def lock(self, host: Host, owner: str, authority: Authority) -> None:
        """Take nothing: the environment's own lock is taken already, and GitHub has none."""

    def unlock(self, host: Host, owner: str) -> None:
        """Release nothing."""

    def ask(self, host: Host, script: str, *, deadline: timedelta = timedelta(seconds=20)) -> Answer:
        """Refuse: nobody logs in to GitHub."""
        raise Unreachable(host.name, "nothing can be asked there by a script")

    def http(self, host: Host) -> AbstractContextManager[httpx.Client]:
        """Refuse: nothing is served there."""
        raise Unreachable(host.name, "nothing is served there")

    def close(self) -> None:
        """Close nothing: every question has a connection of its own."""

    def _performed(
        self, host: Host, operation: Operation, authority: Authority, heard: Callable[[Record], None]
    ) -> Record:
        if authority.deployment in self._aborted:
            return Record(operation.id, Fate.REFUSED, token=authority.token, why="aborted")
        try:
            run = self._begun(host, operation, authority, heard)
            with self._lock:
                self._started[operation.id] = run.id
            if authority.deployment in self._aborted:
                self._runs.cancel(run.id)
            return self._ended(run, operation, authority, heard)
        except GitHubError as error:
            if self._decides(error, operation):
                raise
            raise Undecided(host.name, operation.id, str(error)) from error

    def _decides(self, error: GitHubError, operation: Operation) -> bool:
        """Say whether it is certain that no run of ours goes on, so that whatever comes next may begin."""
        match error:
            case RunGone() | RunsAmbiguous() | RunNotStopped():
                return False
            case GitHubAway():
                return self._is_fresh(operation)
            case RunMismatch():
                return error.stopped
            case GitHubLimited() | GitHubRefused():
                # A no to a question about a run that was started says nothing of what the run does.
                return operation.id not in self._started
            case _:
                return True

    def _is_fresh(self, operation: Operation) -> bool:
        """Say whether nobody can have asked for the run yet."""
        intended = operation.intended_at
        return operation.id not in self._tried and intended is not None and intended >= self._born

    def _begun(self, host: Host, operation: Operation, authority: Authority, heard: Callable[[Record], None]) -> Run:
        """Return the operation's run; where GitHub cannot say whether there is one, it is asked until it can."""
        until = self._runs.now() + operation.deadline
        while True:
            try:
                if self._is_fresh(operation):
                    return self._started_anew(self._wanted(operation))
                return self._taken_up(host, operation)
            except GitHubAway as error:
                over = authority.deployment in self._aborted or self._runs.now() >= until
                if over or self._is_fresh(operation):
                    raise
                text = f"{error}. Until it answers, nobody can say whether the run was started; I ask again\n"
            heard(Record(operation.id, Fate.RUNNING, output=text, output_bytes=len(text.encode())))
            self._runs.pause(_AGAIN)

    def _taken_up(self, host: Host, operation: Operation) -> Run:
        """Return the run of an operation that may have been asked for before, or a new one if it certainly was not."""
        if operation.id in self._started:
            return self._runs.look(self._started[operation.id])
        # Whoever intended it may have died right after asking for the run, at the latest when we came to be.
        sent_by = self._tried.get(operation.id, self._born)
        try:
            wanted = self._wanted(operation)
            found = self._runs.adopt(replace(wanted, sent_by=sent_by))
        except GitHubLimited as error:
            raise GitHubAway(str(error)) from error
        except GitHubRefused as error:
            raise Undecided(host.name, operation.id, str(error)) from error
        return found or self._started_anew(wanted)

    def _started_anew(self, wanted: Wanted) -> Run:
        if wanted.file and self._runs.file_at(wanted.workflow, wanted.sha) != wanted.file:
            raise WorkflowChanged(wanted.workflow)
        self._tried[wanted.operation] = self._runs.now() + _SENDING
        return self._runs.start(wanted)

    def _wanted(self, operation: Operation) -> Wanted:
        asked = workflow.read(operation.script)
        ref, head = self._runs.head_for(asked.ref, asked.sha, anywhere=asked.carries_sha)
        at = operation.intended_at or self._born
        return Wanted(
            asked.workflow, ref, head, operation.id, at, asked.inputs, file=asked.file, taken=self._others(operation.id)
        )

    def _others(self, operation: str) -> frozenset[int]:
        with self._lock:
            return frozenset(number for name, number in self._started.items() if name != operation)

    def _ended(
        self, started: Run, operation: Operation, authority: Authority, heard: Callable[[Record], None]
    ) -> Record:
        """Follow a run to its end; one that takes longer than it may is cancelled."""

        def tell(text: str) -> None:
            heard(Record(operation.id, Fate.RUNNING, output=text, output_bytes=len(text.encode())))

        mark, until = authority.deployment, self._runs.now() + operation.deadline
        run, why = Follower(self._runs, self._house, self._patience, started, mark, until, tell).end()
        if why:
            text = f"{why}: {run.url}\n"
            return Record(operation.id, Fate.EXITED, _TIMED_OUT, text, len(text.encode()), token=authority.token)
        if run.state is State.CANCELLED and mark not in self._aborted:
            why = words.cancelled(self._newer(run, workflow.read(operation.script).workflow))
        return self._record(run, operation.id, authority.token, why)

    def _newer(self, run: Run, of: str) -> Run | None:
        with suppress(GitHubError):
            return self._runs.next_after(run, of)
        return None

    def _record(self, run: Run, operation: str, token: int, why: str = "") -> Record:
        output = "\n".join(filter(None, (*self._told(run), why))) + "\n"
        code = {State.SUCCEEDED: 0, State.CANCELLED: _CANCELLED}.get(run.state, 1)
        printed = output.encode()
        kept = printed[-_KEPT:].decode(errors="ignore")
        return Record(operation, Fate.EXITED, code, kept, len(printed), token=token)

    def _told(self, run: Run) -> Iterator[str]:
        """Yield the jobs, the end of the log of the one that failed, and last what people have to know."""
        for job in run.jobs:
            yield words.outcome(job)
        yield words.again(run)
        if run.state is State.SUCCEEDED:
            yield run.url
            return
        failing = run.failing()
        if failing is None:
            yield f"the run ended as {run.conclusion or run.status}: {run.url}"
            return
        job, step = failing
        yield from self._log_of(job.id)
        where = f"step `{step.name}` of job `{job.name}`" if step else f"job `{job.name}`"
        yield f"{where} ended as {(step or job).conclusion}: {job.url or run.url}"

    def _log_of(self, job: int) -> tuple[str, ...]:
        try:
            return self._runs.last_lines(job, _LINES)
        except GitHubError as error:
            return (str(error),)

    def _known(self, operation: str) -> Record:
        try:
            found = [run for run in self._runs.carrying(operation) if _belongs_to(run, operation)]
        except (GitHubAway, GitHubLimited) as error:
            raise Unreachable("github", str(error)) from error
        if not found:
            return Record(operation, Fate.ABSENT)
        run = found[0]
        return self._record(run, operation, 0) if run.finished else Record(operation, Fate.RUNNING)


def _belongs(operation: str, mark: str) -> bool:
    return operation == mark or operation.startswith(f"{mark}.")


def _belongs_to(run: Run, mark: str) -> bool:
    return any(_belongs(word.strip("()[],:"), mark) for word in run.title.split())
