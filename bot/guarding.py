"""Watches what was served lately: trouble within its blame window takes a release back, later trouble is only told."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from bot import taking_back, veto
from bot.change import Changes
from bot.crew import Crew, with_secrets
from bot.holding import Held
from bot.journal import Journal
from bot.known import Known, Release
from bot.outcome import Outcome
from bot.watch import together
from deployers import blame
from deployers.colours import faced
from deployers.environment import Environment
from deployers.errors import Fenced, Unhealthy
from deployers.health import Judgement, Sample, judge
from deployers.plan import Verify
from deployers.ports import Remote, Revision
from deployers.probes import Probes
from deployers.runner import Segment
from deployers.way_out import WayOut
from storage import deployments, holds, maintenance, samples
from storage.errors import StorageError
from storage.models import OVERTAKEN, WELL, Deployment, Hold, HoldKind, Kind
from storage.store import Session

log = logging.getLogger(__name__)

KEY = "blame"
"""Which question about a deployment it is, whether it is taken back after all."""
AWAY = timedelta(minutes=1)
"""Who was not there for so long knows nothing of how it is now."""
OFTEN = 1.0
"""Seconds between two looks at a question that waits for its answer."""
REMEMBERED = 400
"""So many looks at an address are gone through for the one with which trouble began."""


@dataclass
class Watched:
    """One release that was served lately, and what was seen of it since."""

    known: Known
    environment: Environment
    remote: Remote
    seen: list[Sample] = field(default_factory=list)
    next_at: datetime | None = None


@dataclass
class Guard:
    """Looks after the newest release of each environment; which, until when and what was answered is in the rows."""

    crew: Crew
    begin: Callable[[Session, Deployment], None]
    """Queues a deployment in the caller's transaction."""
    _watched: dict[str, Watched] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _here: dict[int, datetime] = field(default_factory=dict)
    """When each open question was last attended to, by its number."""
    _doubted: set[int] = field(default_factory=set)
    """Questions whose time was over while nobody was here: how it was then says nothing of now."""

    @property
    def changes(self) -> Changes:
        """Return what opens transactions."""
        return self.crew.changes

    def tick(self) -> None:
        """Look after every environment that has something to look at."""
        for place in self.crew.environments.values():
            self._due.pop(place.name, None)
            if place.health is None or not place.rollback.blame_window:
                continue
            try:
                self._look_after(place)
            except (Fenced, StorageError):
                log.warning("what was served lately cannot be looked after now", extra={"environment": place.name})
            except Exception:
                log.exception("Looking after %s stumbled, and goes on", place.name)

    def until_next(self) -> float | None:
        """Return in how many seconds something is to be looked at again; None where nothing was served lately."""
        return min(self._due.values(), default=None)

    def _look_after(self, place: Environment) -> None:
        now = self.changes.clock()
        with self.changes.store.look() as session:
            head = deployments.current(session, place.name)
            busy = deployments.running_in(session, place.name) is not None
            switch = maintenance.newest(session, place.name)
            hold = _newest(session, head)
            begun = head is not None and deployments.of_request(session, taking_back.key(head)) is not None
        if head is None or head.served_at is None or busy or begun:
            self._forget(place.name)
            if head and hold and hold.open:
                # Whatever is under way by now has overtaken the question.
                Journal(self.changes, self.crew.learn(head.number)).over(Held.of(hold), OVERTAKEN)
        elif switch is not None and switch.keeps_out:
            # What visitors are kept out of does not answer well, and that is meant.
            self._forget(place.name)
        elif hold is not None and hold.answer != WELL:
            self._asked(place, head, hold)
        elif head.kind is Kind.ROLLBACK or now >= blame.window(head.served_at, place.rollback):
            self._forget(place.name)
            self._late(place, head)
        else:
            self._look(place, head, now)

    def _look(self, place: Environment, head: Deployment, now: datetime) -> None:
        watched = self._watch(place, head)
        outcome = self._in_turn(place, watched, now)
        if not outcome.ok:
            self._sick(place, head, watched, outcome)

    def _in_turn(self, place: Environment, watched: Watched, now: datetime, *, doubted: bool = False) -> Outcome:
        """Look where it is time to, and return what that amounts to by now."""
        outcome, at = Outcome(), watched.next_at
        seldom = timedelta(seconds=blame.pace(place.health, suspicious=False) if place.health else 0.0)
        if at is None or is_due(at, now, seldom):
            outcome = self._seen(place, watched)
            suspicious = doubted or (bool(watched.seen) and watched.seen[-1].look != "well")
            wait = blame.pace(place.health, suspicious=suspicious) if place.health else 0.0
            at = watched.next_at = now + timedelta(seconds=wait)
        self._due[place.name] = max(0.0, (at - now).total_seconds())
        return outcome

    def _watch(self, place: Environment, head: Deployment) -> Watched:
        found = self._watched.get(place.name)
        if found is None or found.known.number != head.number:
            self._forget(place.name)
            known = self.crew.learn(head.number)
            with self.changes.store.look() as session:
                good = deployments.last_good(session, place.name, before=head)
            back_to = Release(Revision(good.ref, "", good.sha), good.release) if good else None
            environment = faced(self.crew.environment(known.plan), known.plan.colour)
            found = Watched(replace(known, good=back_to, trouble=None), environment, self.crew.remote_for(place))
            self._watched[place.name] = found
        return found

    def _seen(self, place: Environment, watched: Watched) -> Outcome:
        """Look once at every place, and return what all that was seen lately amounts to."""
        health, known, environment = place.health, watched.known, watched.environment
        if health is None:
            return Outcome()
        secret = with_secrets(environment, self.crew.secrets)
        probes = Probes(secret, watched.remote, self.changes.clock, ignored=known.before)
        hosts = environment.hosts if environment.deployer == "ssh" else ()
        looks: list[Callable[[], Sample]] = [partial(probes.target, host, known.plan.sha) for host in hosts]
        looks += [partial(probes.url, known.plan.sha)] if environment.url else []
        if not looks:
            return Outcome()
        watched.seen = [*watched.seen, *together(looks)][-2 * health.failures * len(looks) :]
        verdict = judge(watched.seen, health, hold=timedelta.max)
        if verdict.judgement is not Judgement.SICK:
            return Outcome()
        unhealthy = Unhealthy(verdict.where, verdict.why, blame.trigger(verdict, health))
        return Outcome.of(unhealthy, Segment(0, (Verify(tuple(host.name for host in hosts)),)))

    def _sick(self, place: Environment, head: Deployment, watched: Watched, outcome: Outcome) -> None:
        known = watched.known
        # Past what it replaced there may lie migrations that its own plan knows nothing of.
        straight = known.good is not None and known.good.revision.sha == known.plan.replaces
        if known.way_out(place, outcome) is not WayOut.BACK or not straight:
            taking_back.tell_only(self.changes, head, outcome, back=known.good is not None)
            self._forget(place.name)
            return
        question = veto.of(known, outcome, place)
        if question is None:
            self._back(place, head, outcome)
            return
        with self.changes.store.look() as session:
            before = len(_asked_of(session, head))
        key = f"{KEY}-{before + 1}" if before else KEY
        held = Journal(self.changes, known).ask(replace(question, key=key, kind=HoldKind.VETO))
        taking_back.ask_loudly(self.changes, head.number, key)
        self._here[held.id] = self.changes.clock()
        self._forget(place.name)
        self._due[place.name] = OFTEN

    def _asked(self, place: Environment, head: Deployment, hold: Hold) -> None:
        """Wait for the answer to whether it is taken back, and do what it says."""
        known, held = self.crew.learn(head.number), Held.of(hold)
        book, now = Journal(self.changes, known), self.changes.clock()
        if not held.answer and held.is_over(now):
            if self._is_doubted(place, held, now):
                self._look_again(place, head, held, book)
                return
            held = book.over(held, veto.BACK)
        self._here[held.id] = now
        if held.answer == veto.BACK:
            self._back(place, head, Outcome("unhealthy", hold.why))
        elif held.answer:
            self._forget(place.name)
            self._late(place, head)
        else:
            if held.every and int((now - hold.since) / held.every) > int((now - hold.since - _TICK) / held.every):
                book.counts_down()
            self._due[place.name] = OFTEN

    def _is_doubted(self, place: Environment, held: Held, now: datetime) -> bool:
        """Say whether nobody was here when the time to say no was over, so that it has to be looked at again."""
        before, self._here[held.id] = self._here.get(held.id), now
        if before is None or now - before > AWAY:
            self._doubted.add(held.id)
            self._forget(place.name)
        return held.id in self._doubted

    def _look_again(self, place: Environment, head: Deployment, held: Held, book: Journal) -> None:
        """Look afresh, and take it back only if it is still sick; while nothing can be told, look on."""
        watched = self._watch(place, head)
        outcome = self._in_turn(place, watched, self.changes.clock(), doubted=True)
        if not outcome.ok:
            book.over(held, veto.BACK)
            self._back(place, head, outcome)
        elif place.health and judge(watched.seen, place.health, hold=timedelta(0)).judgement is Judgement.WELL:
            book.over(held, WELL)
            taking_back.tell_well(self.changes, head, held.id)

    def _back(self, place: Environment, head: Deployment, outcome: Outcome) -> None:
        taking_back.begin(self.changes, place, head.number, outcome, self.begin)
        self._forget(place.name)

    def _late(self, place: Environment, head: Deployment) -> None:
        """Tell of trouble that is no longer blamed on the release, once for each time that it begins."""
        if place.health is None or not place.url:
            return
        with self.changes.store.look() as session:
            found = samples.newest(session, place.name, REMEMBERED)
            back = deployments.last_good(session, place.name, before=head) is not None
        bad = blame.in_a_row([it.look for it in found], samples.SICK)
        if bad >= place.health.failures:
            first, last = found[-bad], found[-1]
            taking_back.tell_late(self.changes, place, head, first.at, last.why, back=back)

    def _forget(self, name: str) -> None:
        watched = self._watched.pop(name, None)
        if watched:
            watched.remote.close()


def is_due(next_at: datetime | None, now: datetime, longest: timedelta) -> bool:
    """Say whether it is time to look again; who would wait longer than one ever does had the clock set back."""
    return next_at is None or not now < next_at <= now + longest


def _asked_of(session: Session, head: Deployment) -> list[Hold]:
    """Return every question whether a release is taken back after all, oldest first."""
    return [it for it in holds.of(session, head.number) if it.key.partition("-")[0] == KEY]


def _newest(session: Session, head: Deployment | None) -> Hold | None:
    return next(reversed(_asked_of(session, head)), None) if head else None


_TICK = timedelta(seconds=OFTEN)
