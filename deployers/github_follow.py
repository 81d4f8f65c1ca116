"""Follows one workflow run to its end: tells how far it is, answers for its environment, and gives it up in time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deployers import github_pace as pace
from deployers import github_words as words
from deployers.github_errors import GitHubAway, GitHubError, GitHubLimited, RunGone
from deployers.github_run import Approval, Run, State
from deployers.github_runs import Runs
from deployers.github_words import Patience

_SHORT_PAUSE, _LONGEST_PAUSE = 2.0, 10.0


@dataclass(frozen=True, slots=True)
class House:
    """What whoever follows a run asks at home."""

    environment: str = ""
    """The only environment on GitHub that an approval given here speaks for."""
    usual: Callable[[], Mapping[str, float]] = dict
    """How many seconds jobs usually take, by name."""
    approval: Callable[[str], str] = lambda _: ""
    """By the deployment's mark: who approved it here, as a sentence; empty when nobody did."""
    rest: Callable[[int, float], bool] | None = None
    """Waits so many seconds, or until something is heard of a run; says whether something was."""


@dataclass(slots=True)
class Follower:
    """One run on its way."""

    runs: Runs
    house: House
    patience: Patience
    run: Run
    mark: str
    until: datetime
    tell: Callable[[str], None]
    _since: datetime = field(init=False)
    _usual: Mapping[str, float] = field(init=False)
    _state: State | None = None
    _gone: datetime | None = None
    _unasked_until: datetime | None = None
    """GitHub answers nothing before."""
    _pending: tuple[Approval, ...] = ()
    _told: str = ""
    _heard: bool = False

    def __post_init__(self) -> None:
        """Begin to look."""
        self._since, self._usual = self.runs.now(), self.house.usual()

    def end(self) -> tuple[Run, str]:
        """Return the run as it ended, and why it was given up if it was.

        Raises:
            RunGone: somebody has deleted it.
            RunNotStopped: it was given up, and goes on.
        """
        self._seen(self.run)
        # Lists tell of runs without their jobs, and what failed in one that is over stands in them.
        run = self._look() if self.run.finished and not self.run.jobs else self.run
        while True:
            if run is not None and run.finished:
                return run, ""
            if why := self._over():
                ended = self.runs.cancel(self.run.id)
                return ended, "" if ended.state is State.SUCCEEDED else why
            self._rest(self._wait(run))
            run = self._look()

    def _look(self) -> Run | None:
        """Return the run as it is now, once people can see it; None while GitHub cannot say."""
        if self._unasked_until and self.runs.now() < self._unasked_until:
            return None
        try:
            run = self.runs.look(self.run.id, self.run)
        except (GitHubAway, GitHubLimited) as error:
            self._unasked_until = error.over(self.runs.now()) if isinstance(error, GitHubLimited) else None
            self._say(f"{error}. The run goes on, and I ask again\n")
            return None
        except RunGone:
            self._gone = self._gone or self.runs.now()
            if self.runs.now() - self._gone >= self.patience.gone:
                raise
            return None
        self._gone = None
        self.run = run
        self._seen(run)
        return run

    def _seen(self, run: Run) -> None:
        state = words.doing(run)
        if state is not self._state:
            first = self._state is None and state is State.QUEUED
            self._state, self._since = state, run.created if first else self.runs.now()
        self._pending = self._answered(run) if state is State.WAITING else ()
        self._say(words.progress(run, self.runs.now(), self._usual, self._why()))

    def _why(self) -> str:
        if self._state is None:
            return ""
        patience = self.patience.of(self._state)
        return words.headline(self._state, self._since + patience if patience else None, self._pending)

    def _answered(self, run: Run) -> tuple[Approval, ...]:
        """Answer what the approval given here speaks for, and return what others have to answer."""
        try:
            pending = self.runs.waits_for(run.id)
            ours = tuple(each for each in pending if each.ours and self._speaks_for(each))
            comment = self.house.approval(self.mark) if ours else ""
            if not comment:
                return pending
            self.runs.approve(run.id, ours, comment)
        except GitHubError:
            return self._pending
        return tuple(each for each in pending if each not in ours)

    def _speaks_for(self, asked: Approval) -> bool:
        return asked.name.casefold() == self.house.environment.casefold()

    def _over(self) -> str:
        """Return why it has to be given up, or nothing."""
        now = self.runs.now()
        patience = self.patience.of(self._state) if self._state else None
        if self._state and patience and now - self._since >= patience:
            return words.given_up(self._state, patience, self._pending)
        return words.given_up(State.RUNNING, self._long()) if now >= self.until else ""

    def _long(self) -> timedelta:
        return self.runs.now() - self._since

    def _wait(self, run: Run | None) -> float:
        if run is None:
            return _SHORT_PAUSE if self._gone else _LONGEST_PAUSE
        return pace.wait(run, self.runs.now(), self._usual, heard=self._heard)

    def _rest(self, seconds: float) -> None:
        if self.house.rest is None:
            self.runs.pause(seconds)
        else:
            self._heard = self.house.rest(self.run.id, seconds) or self._heard

    def _say(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self.tell(text)
