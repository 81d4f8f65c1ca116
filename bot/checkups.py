"""Does the checks that are wanted: reads rows, looks outside any transaction, then writes it down, once."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.change import demand_lead
from deployers.checklists import Checklist, Posted
from deployers.checkup.answers import Known
from deployers.checkup.looking import Looking, Marks, Tools
from deployers.checkup.rows import WEEK, Rows
from deployers.environment import Environment
from deployers.findings import Found, State
from storage import checklists, colours, deployments, reports, samples
from storage.models import ChecklistPoint, ChecklistRun, RunState
from storage.store import Session, Store

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
_AGAIN = "Look into my log, then type `/ops check` again."


@dataclass(frozen=True, slots=True)
class Checkups:
    """Whoever leads does the checks; one that is killed meanwhile is done again, and its card comes once."""

    store: Store
    posted: Posted
    environments: Mapping[str, Environment]
    tools: Tools
    epoch: Callable[[], int]

    def work(self) -> int:
        """Do every check that is wanted, oldest first; return how many."""
        with self.store.look() as session:
            wanted = [run.number for run in checklists.wanted(session)]
        for number in wanted:
            self.check(number)
        return len(wanted)

    def check(self, number: int) -> None:
        """Do one check, unless somebody has done it."""
        with self.store.begin() as session:
            demand_lead(session, self.epoch())
            run = checklists.get_for_change(session, number)
            if run.state is RunState.DONE:
                return
            run.attempts += 1
            session.add(run)
        with self.store.look() as session:
            earlier = checklists.before(session, run.checklist, number)
            rows = self._rows(session, run, earlier)
        self._done(number, earlier, rows, self._found(run, earlier, rows))

    def _found(self, run: ChecklistRun, earlier: ChecklistRun | None, rows: Rows) -> tuple[Found, ...]:
        checklist = self.posted.lists.get(run.checklist)
        if checklist is None:
            return (_unknown(f"The checklist {run.checklist} is no longer configured.", ""),)
        if run.attempts > MOST_ATTEMPTS:
            return (_unknown(f"I broke off {MOST_ATTEMPTS} times while I was looking, so I stopped trying.", _AGAIN),)
        try:
            return Looking(self.tools, rows, _marks(earlier)).at(checklist, self._places(run))
        except Exception:
            log.exception("A check could not be done")
            return (_unknown("Something of mine broke while I was looking.", _AGAIN),)

    def _places(self, run: ChecklistRun) -> list[Environment]:
        return [place for place in self.environments.values() if run.environment in {"", place.name}]

    def _rows(self, session: Session, run: ChecklistRun, earlier: ChecklistRun | None) -> Rows:
        now = self.tools.clock()
        checklist = self.posted.lists.get(run.checklist)
        span = checklist.span if checklist else WEEK
        since = earlier.wanted_at if earlier else now - span
        watch = reports.watch(session, min(since, now - 2 * WEEK))
        places = self._places(run)
        return Rows(
            now=now,
            since=since,
            finished=watch.finished,
            unfinished=watch.unfinished,
            locks=watch.locks,
            reviews=watch.reviews,
            samples={
                place.name: (
                    samples.summary(session, place.name, now - WEEK, now),
                    samples.summary(session, place.name, now - 2 * WEEK, now - WEEK),
                )
                for place in places
            },
            known={place.name: _known(session, place.name) for place in places},
        )

    def _done(self, number: int, earlier: ChecklistRun | None, rows: Rows, found: Sequence[Found]) -> None:
        at = self.tools.clock()
        with self.store.begin() as session:
            demand_lead(session, self.epoch())
            run = checklists.get_for_change(session, number)
            if run.state is RunState.DONE:
                return
            run.since = rows.since
            checklist = self.posted.lists.get(run.checklist)
            points = self._points(session, run, checklist) if checklist and not run.environment else []
            kept = [_with_marks(it, earlier).document() for it in found]
            checklists.done(session, run, kept, points, at)

    def _points(self, session: Session, run: ChecklistRun, checklist: Checklist) -> list[int]:
        """Return what people have to tick: what is still open, and by the clock everything that was ticked, anew."""
        numbers = [it.number for it in checklists.open_points(session, checklist.name)]
        for task in checklist.tasks:
            latest = checklists.latest_point(session, checklist.name, task.text)
            if latest is None or (latest.ticked_at and run.schedule):
                fresh = ChecklistPoint(
                    checklist=checklist.name, text=task.text, owner=task.owner, raised_at=run.wanted_at
                )
                numbers.append(checklists.raise_point(session, fresh).number)
            elif latest.number not in numbers:
                numbers.append(latest.number)
        return numbers


def _known(session: Session, environment: str) -> Known:
    current, running = deployments.current(session, environment), deployments.running_in(session, environment)
    under_way = f"#{running.number} {running.ref}" if running else ""
    if current is None:
        return Known(under_way=under_way)
    return Known(current.sha, current.ref, under_way, colours.live(session, environment))


def _marks(earlier: ChecklistRun | None) -> Marks:
    found = (Found.read(document) for document in earlier.findings) if earlier else ()
    return {(it.probe, it.environment, host): mark for it in found for host, mark in it.marks.items()}


def _with_marks(found: Found, earlier: ChecklistRun | None) -> Found:
    """Keep where reading stopped on hosts that could not be asked this time."""
    old = {
        host: mark
        for (probe, environment, host), mark in _marks(earlier).items()
        if (probe, environment) == (found.probe, found.environment)
    }
    return replace(found, marks={**old, **found.marks})


def _unknown(said: str, advice: str) -> Found:
    return Found("check", "This check", "", State.UNKNOWN, said, advice)
