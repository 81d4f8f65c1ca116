"""Starts workflow runs on GitHub, each exactly once, follows them, and stops them."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any
from urllib.parse import quote

from deployers.github_api import PAGE, Asker, Door
from deployers.github_errors import (
    GitHubAway,
    GitHubError,
    GitHubLimited,
    GitHubRefused,
    RunGone,
    RunMismatch,
    RunNotStarted,
    RunNotStopped,
    RunsAmbiguous,
)
from deployers.github_logs import tail
from deployers.github_run import Approval, Run, State, Wanted, approval, candidates, read, read_jobs
from deployers.ports import Clock
from deployers.refs import meanings

OPERATION = "operation"
"""The input that carries the operation, where a workflow declares it."""
_READ = {"actions": "read"}
_WRITE = {"actions": "write"}
_CONTENTS = {"contents": "read"}
_REVIEW = {"actions": "read", "deployments": "write"}
_WITHIN = 8.0
_SETTLES = 60.0
"""Seconds within which GitHub lists a run that it has started."""
_STOPS = 120.0
_MARKUP = re.compile(r"^##\[(group|endgroup|section|debug|command|warning|error)\]")
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z ")


@dataclass(frozen=True, slots=True)
class Runs:
    """The workflow runs of a repository; safe to use from several threads."""

    door: Door
    now: Clock
    pause: Callable[[float], None]
    settles: float = _SETTLES
    stops: float = _STOPS

    def start(self, wanted: Wanted) -> Run:
        """Start the run and return it once it is known to work on the approved commit.

        It is asked for at most once by this call. Whoever may have called it before, and does not know what came of
        it, calls `adopt` first.

        Raises:
            GitHubRefused, GitHubLimited: GitHub said no; nothing was started.
            RunNotStarted: the answer was lost, and no run came of it.
            RunsAmbiguous: the answer was lost, and several runs could be the one.
            RunMismatch: it works on another commit, and was cancelled.
            GitHubAway: the answer was lost, and GitHub cannot be asked what became of it; `adopt` it later.
        """
        number, why = 0, "GitHub took it without naming a run"
        try:
            number = self._dispatch(wanted)
        except GitHubAway as error:
            why = error.why
        try:
            found = self._verified(self._known(number), wanted) if number else self.adopt(wanted)
        except (GitHubLimited, GitHubRefused) as error:
            # A no to this question is no word on whether anything was started.
            raise GitHubAway(str(error)) from error
        if found is None:
            raise RunNotStarted(wanted.workflow, why)
        return found

    def adopt(self, wanted: Wanted) -> Run | None:
        """Return the run that was started for this operation, or None when it is certain that there is none.

        Asks for as long as GitHub may take to list a run.
        """
        age = (self.now() - (wanted.sent_by or wanted.asked_at)).total_seconds()
        found = self._until(lambda: self._find(wanted), max(0.0, self.settles - age))
        return self._verified(found, wanted) if found else None

    def look(self, number: int, before: Run | None = None) -> Run:
        """Return a run with its jobs and steps, as it is now; raises RunGone when somebody has deleted it.

        Whoever has seen it `before` gets by with one question instead of two: with its jobs while one of them runs, and
        without them while none has begun.
        """
        with self._asking(_READ) as asker:
            jobs = self._jobs(asker, number) if before is not None and before.state is State.RUNNING else []
            if before is not None and before.goes_on(jobs):
                return replace(before, jobs=read_jobs(jobs))
            told = asker.find(f"/actions/runs/{number}")
            if told is None:
                raise RunGone(number)
            now = read(told)
            if before is not None and before.jobs and before.still_waits_as(now):
                return replace(now, jobs=before.jobs)
            if not jobs or (told["status"] == "completed" and any(job["status"] != "completed" for job in jobs)):
                jobs = self._jobs(asker, number)
            return replace(now, jobs=read_jobs(jobs))

    def _jobs(self, asker: Asker, number: int) -> list[Any]:
        try:
            return list(asker.pages(f"/actions/runs/{number}/jobs", "jobs", filter="latest"))
        except GitHubRefused as error:
            if error.status == 404:
                return []
            raise

    def carrying(self, mark: str) -> tuple[Run, ...]:
        """Return the newest runs whose names carry an operation, or any operation of a deployment's mark."""
        whole = re.compile(rf"(?<![\w.-]){re.escape(mark)}(?![\w-])")
        with self._asking(_READ) as asker:
            listed = asker.get("/actions/runs", per_page=PAGE)["workflow_runs"]
        return tuple(run for run in map(read, listed) if whole.search(run.title))

    def next_after(self, run: Run, workflow: str) -> Run | None:
        """Return the run of a workflow that came next after one of its runs."""
        with self._asking(_READ) as asker:
            listed = asker.get(f"/actions/workflows/{quote(workflow, safe='')}/runs", per_page=PAGE)["workflow_runs"]
        later = (each for each in map(read, listed) if each.created >= run.created and each.id > run.id)
        return min(later, key=lambda each: each.id, default=None)

    def file_at(self, workflow: str, commit: str) -> str:
        """Return git's hash of a workflow's file at a commit."""
        with self._asking(_CONTENTS) as asker:
            told = asker.get(f"/contents/.github/workflows/{quote(workflow, safe='')}", ref=commit)
        return str(told["sha"])

    def head_for(self, ref: str, sha: str, *, anywhere: bool) -> tuple[str, str]:
        """Return where a workflow can run for a commit: the full name of a tag or branch that is at it, and its SHA.

        The one that was asked for goes first, then any tag. Where the workflow is told the SHA (`anywhere`), the
        default branch will do.

        Raises:
            GitHubRefused: there is no such place.
        """
        with self._asking(_CONTENTS) as asker:
            heads = {f"refs/tags/{each['name']}": each["commit"]["sha"] for each in asker.pages("/tags")}
            first = next(iter(meanings(ref)), "")
            if heads.get(first) == sha:
                return first, sha
            heads |= {f"refs/heads/{each['name']}": each["commit"]["sha"] for each in asker.pages("/branches")}
            named = [name for name in (*meanings(ref), *heads) if heads.get(name) == sha]
            if named:
                return named[0], sha
            main = f"refs/heads/{asker.get('')['default_branch']}"
        if anywhere and main in heads:
            return main, heads[main]
        why = "no tag and no branch is at it, and the workflow has no input with `{sha}`"
        raise GitHubRefused(422, f"to deploy {sha[:12]}", why)

    def cancel(self, number: int) -> Run:
        """Cancel a run and wait until it has stopped; halfway through its patience it is stopped by force.

        Raises:
            RunNotStopped: it goes on.
            RunGone: somebody has deleted it.
        """
        self._stop(number, "cancel")
        with suppress(RunNotStopped):
            return self._stopped(number, self.stops / 2)
        self._stop(number, "force-cancel")
        return self._stopped(number, self.stops / 2)

    def last_lines(self, job: int, count: int = 20) -> tuple[str, ...]:
        """Return the end of a job's log without its time stamps; nothing when there is none yet."""
        try:
            with self._asking(_READ) as asker:
                where = asker.location(f"/actions/jobs/{job}/logs")
        except GitHubRefused as error:
            if error.status in (404, 410):
                return ()
            raise
        lines = (_MARKUP.sub("", _STAMP.sub("", line)) for line in tail(where, self.door.monotonic).splitlines())
        return tuple(line for line in lines if line)[-count:]

    def waits_for(self, number: int) -> tuple[Approval, ...]:
        """Return the environments that a run waits for, and whether we may answer."""
        with self._asking(_READ) as asker:
            return tuple(approval(each) for each in asker.get(f"/actions/runs/{number}/pending_deployments"))

    def approve(self, number: int, approvals: tuple[Approval, ...], comment: str) -> None:
        """Answer what a run waits for, in the name of who approved here."""
        ids = [each.environment for each in approvals]
        body = {"environment_ids": ids, "state": "approved", "comment": comment}
        with self._asking(_REVIEW) as asker:
            asker.post(f"/actions/runs/{number}/pending_deployments", body)

    def _dispatch(self, wanted: Wanted) -> int:
        """Ask for the run, and return its number; 0 when GitHub does not say.

        A workflow that does not declare the operation refuses it without starting anything, and is asked without.
        """
        try:
            return self._post(wanted, {**wanted.inputs, OPERATION: wanted.operation})
        except GitHubRefused as error:
            if error.status != 422 or OPERATION not in error.why or "nexpected inputs" not in error.why:
                raise
        return self._post(wanted, wanted.inputs)

    def _post(self, wanted: Wanted, inputs: Mapping[str, str]) -> int:
        body = {"ref": wanted.ref, "inputs": dict(inputs), "return_run_details": True}
        with self._asking(_WRITE) as asker:
            _, told = asker.post(f"/actions/workflows/{quote(wanted.workflow, safe='')}/dispatches", body)
        return int(told["workflow_run_id"]) if told else 0

    def _find(self, wanted: Wanted) -> Run | None:
        """Return the one run that can be the one that was wanted, as far as GitHub lists it by now."""
        path = f"/actions/workflows/{quote(wanted.workflow, safe='')}/runs"
        with self._asking(_READ) as asker:
            # Not narrowed by a query: GitHub answers those from an index that lags behind.
            newest = takewhile(lambda run: run.created >= wanted.since, map(read, asker.pages(path, "workflow_runs")))
            found = candidates(newest, wanted)
        if len(found) > 1:
            raise RunsAmbiguous(wanted.operation, tuple(run.url for run in found))
        return found[0] if found else None

    def _known(self, number: int) -> Run:
        """Return a run that was just started; GitHub may take a moment to know it itself."""

        def known() -> Run | None:
            with suppress(RunGone):
                return self.look(number)
            return None

        if found := self._until(known, self.settles):
            return found
        raise RunGone(number)

    def _verified(self, run: Run, wanted: Wanted) -> Run:
        """Return the run if it works on what was approved; cancel it if not."""
        if run.sha == wanted.sha:
            return run
        stopped = False
        with suppress(GitHubError):
            stopped = self.cancel(run.id).finished
        raise RunMismatch(run.url, wanted.sha, run.sha, stopped)

    def _stop(self, number: int, how: str) -> None:
        """Tell a run to stop; whether it heard is seen from what it does, so that a lost answer is no matter."""
        try:
            with self._asking(_WRITE) as asker:
                asker.post(f"/actions/runs/{number}/{how}", {})
        except GitHubRefused as error:
            if error.status == 404:
                raise RunGone(number) from error
            if error.status != 409:
                raise
        except (GitHubAway, GitHubLimited):
            return

    def _stopped(self, number: int, within: float) -> Run:
        seen: list[str] = []

        def ended() -> Run | None:
            run = self.look(number)
            seen.append(run.url)
            return run if run.finished else None

        if run := self._until(ended, within):
            return run
        raise RunNotStopped(seen[-1], within)

    def _until(self, ask: Callable[[], Run | None], within: float) -> Run | None:
        """Ask again and again, ever more slowly, until there is an answer; what GitHub cannot say now it may say later.

        None is certain: the last question was answered. Raises what went wrong if it was not.
        """
        waited, wait = 0.0, 0.5
        while True:
            trouble: GitHubError | None = None
            try:
                if found := ask():
                    return found
            except (GitHubAway, GitHubLimited) as error:
                trouble = error
            if waited >= within:
                break
            self.pause(wait)
            waited, wait = waited + wait, min(wait * 1.6, 8.0)
        if trouble is not None:
            raise trouble
        return None

    @contextmanager
    def _asking(self, permissions: Mapping[str, str]) -> Iterator[Asker]:
        with self.door.asking(permissions, within=_WITHIN) as asker:
            yield asker
