"""Switches maintenance on and off as the rows want it: by whoever leads, host by host, and again after a crash."""

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from bot.change import Changes, demand_lead
from bot.maintenance_book import Book
from bot.maintenance_telling import made, met, partly_let_in, stumbled
from deployers import shell
from deployers.environment import Environment, Host
from deployers.errors import DeployError, Fenced
from deployers.plan import MaintenanceOff, MaintenanceOn, Plan
from deployers.ports import Authority, Remote
from deployers.runner import WAY_OUT, Runner, Segment
from storage import deployments, locks, maintenance
from storage.errors import StorageError
from storage.models import Deployment, MaintenanceSwitch, SwitchState
from storage.store import Session

log = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(minutes=1)
"""So long after a host could not be told to let visitors in it is told again."""
LOOK_AGAIN = 2.0
AT_ONCE = 8
FIRST_REST, LONGEST_REST = timedelta(seconds=2), timedelta(minutes=5)
"""So long nobody looks again after something went wrong that nobody has thought of; twice as long each time."""
MOST_WHY = 300


class Move(StrEnum):
    """What is to be done about a switch now."""

    WAIT = "wait"
    MAKE = "make"
    DROP = "drop"
    """A deployment came first, and nothing was sent yet."""
    END = "end"
    """Its time is over."""
    MEET = "meet"
    """A deployment has begun while it is on."""
    FOLLOW = "follow"
    """A deployment may have let visitors in."""


@dataclass(frozen=True, slots=True)
class Rest:
    """How long nobody looks at an environment, because looking at it went wrong."""

    until: datetime
    lasts: timedelta


def move(switch: MaintenanceSwitch, running: Deployment | None, now: datetime) -> Move:
    """Return what is to be done; nothing is sent to hosts on which a deployment works."""
    if running:
        return _meanwhile(switch, running)
    over = switch.keeps_out and switch.until is not None and switch.until <= now
    if switch.state is SwitchState.WANTED:
        return Move.END if over else Move.MAKE
    if not switch.keeps_out:
        due = switch.again_at is None or switch.again_at <= now
        return Move.MAKE if switch.state is SwitchState.PARTLY and due else Move.WAIT
    return Move.END if over else Move.FOLLOW


def _meanwhile(switch: MaintenanceSwitch, running: Deployment) -> Move:
    if not switch.keeps_out:
        return Move.WAIT
    if switch.state is SwitchState.WANTED:
        return Move.WAIT if switch.hosts else Move.DROP
    return Move.WAIT if switch.deployment_id == running.number else Move.MEET


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Whoever leads looks at the rows now and then; several environments at a time, each of them once."""

    changes: Changes
    environments: Mapping[str, Environment]
    remote_for: Callable[[Environment], Remote]
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE, "maintenance"))
    _at_work: set[str] = field(default_factory=set)
    _rests: dict[str, Rest] = field(default_factory=dict)

    def tick(self) -> None:
        """Have done what is to be done, without waiting for it."""
        with self.changes.store.look() as session:
            found = maintenance.not_over(session)
        for name in found:
            if name in self.environments and name not in self._at_work and not self._resting(name):
                self._at_work.add(name)
                self._pool.submit(self._safely, name)

    def until_next(self) -> float | None:
        """Return in how many seconds to look again: soon while anything is on, or is being switched."""
        with self.changes.store.look() as session:
            return LOOK_AGAIN if maintenance.not_over(session) else None

    def _safely(self, name: str) -> None:
        try:
            self.once(name)
            self._rests.pop(name, None)
        except Fenced:
            log.warning("The maintenance of %s is somebody else's now", name)
        except Exception as error:
            log.exception("The maintenance of %s stumbled, and is looked at again", name)
            self._stumbled(name, error)
        finally:
            self._at_work.discard(name)

    def _resting(self, name: str) -> bool:
        rest = self._rests.get(name)
        # Before it began: the clock was set back, and it would rest for as long.
        return rest is not None and rest.until - rest.lasts <= self.changes.clock() < rest.until

    def _stumbled(self, name: str, error: Exception) -> None:
        """Look again ever later, and tell people once."""
        before = self._rests.get(name)
        lasts = min(before.lasts * 2, LONGEST_REST) if before else FIRST_REST
        self._rests[name] = Rest(self.changes.clock() + lasts, lasts)
        with suppress(StorageError), self.changes.store.begin() as session:
            demand_lead(session, self.changes.epoch())
            if switch := maintenance.newest(session, name):
                stumbled(session, switch, str(error) or type(error).__name__, self.changes)

    def once(self, name: str) -> Move:
        """Do the next thing that is to be done about an environment's maintenance, and return what that was."""
        with self.changes.store.look() as session:
            switch = maintenance.newest(session, name)
            running = maintenance.in_the_way(session, name)
        if switch is None:
            return Move.WAIT
        todo = move(switch, running, self.changes.clock())
        deeds = {
            Move.MAKE: self._make,
            Move.DROP: self._drop,
            Move.END: self._end,
            Move.MEET: self._meet,
            Move.FOLLOW: self._follow,
        }
        if todo in deeds:
            deeds[todo](switch.number, self.environments[name])
        return todo

    # What is done

    def _make(self, number: int, place: Environment) -> None:
        plan = self._begun(number, place)
        if plan is None:
            return
        with self.changes.store.look() as session:
            switch = maintenance.get(session, number)
        remote = self.remote_for(place)
        try:
            with ThreadPoolExecutor(max(1, min(place.place.parallel if place.place else 1, 10))) as pool:
                whys = list(pool.map(partial(self._on, switch, _told(place, switch), plan, remote), place.machines))
        finally:
            remote.close()
        self._made(number, {host.name: why for host, why in zip(place.machines, whys, strict=True)})

    def _begun(self, number: int, place: Environment) -> Plan | None:
        """Return what is sent to the hosts; None when there is nothing to send any more."""
        with self.change(number) as (session, switch):
            locks.one_at_a_time(session, place.name)
            if switch.state not in (SwitchState.WANTED, SwitchState.PARTLY) or maintenance.in_the_way(
                session, place.name
            ):
                return None
            if switch.state is SwitchState.PARTLY:
                switch.again_at = None  # from here to its outcome a deployment waits
            runs = deployments.current(session, place.name)
        kind = MaintenanceOn if switch.keeps_out else MaintenanceOff
        step = kind(tuple(host.name for host in place.machines))
        sha, release = (runs.sha, runs.release) if runs else ("", "")
        return Plan(WAY_OUT, place.name, place.git, place.repository, "", sha, release, "", place.strategy, (step,))

    def _on(self, switch: MaintenanceSwitch, place: Environment, plan: Plan, remote: Remote, host: Host) -> str:
        """Switch it on one host; return why it did not work, or nothing."""
        commands = place.recipe.maintenance_on if switch.keeps_out else place.recipe.maintenance_off
        if not commands:
            return f"its recipe has no maintenance_{'on' if switch.keeps_out else 'off'} any more"
        book, authority = Book(self.change, switch.number), Authority(switch.mark, self.changes.epoch())
        step = replace(plan.steps[0], targets=(host.name,))
        try:
            Runner(place, plan, remote, book, authority).run(Segment(0, (step,)))
        except DeployError as error:
            return str(error)
        return ""

    def _made(self, number: int, whys: Mapping[str, str]) -> None:
        with self.change(number) as (session, switch):
            before = switch.state
            for host, why in whys.items():
                switch.tell(host, replace(maintenance.told_on(switch, host), why=why[:MOST_WHY]))
            switch.state = SwitchState.PARTLY if any(whys.values()) else SwitchState.DONE
            retries = switch.state is SwitchState.PARTLY and not switch.keeps_out
            switch.again_at = self.changes.clock() + AGAIN_AFTER if retries else None
            if switch.state is not before:
                made(session, switch, self.changes)

    def _drop(self, number: int, place: Environment) -> None:
        with self.change(number) as (session, switch):
            running = maintenance.in_the_way(session, place.name)
            if switch.state is SwitchState.WANTED and running:
                switch.state, switch.deployment_id = SwitchState.DROPPED, running.number
                made(session, switch, self.changes)

    def _end(self, number: int, place: Environment) -> None:
        with self.change(number) as (session, switch):
            if _counts(session, switch):
                maintenance.want(session, self._off(switch))

    def _meet(self, number: int, place: Environment) -> None:
        with self.change(number) as (session, switch):
            running = maintenance.in_the_way(session, place.name)
            if running:
                switch.deployment_id = running.number
                met(session, switch, running, self.changes)

    def _follow(self, number: int, place: Environment) -> None:
        """Write down where a deployment has let visitors in since; once that is everywhere, maintenance is over."""
        with self.changes.store.look() as session:
            switch = maintenance.get(session, number)
            by = maintenance.let_in(session, place.name, switch.asked_at)
        new = {host: it for host, it in by.items() if maintenance.told_on(switch, host).let_in_by != it}
        if not new:
            return
        with self.change(number) as (session, switch):
            if not _counts(session, switch):
                return
            for host, it in by.items():
                switch.tell(host, replace(maintenance.told_on(switch, host), let_in_by=it))
            if all(host.name in by for host in place.machines):
                over = self._off(switch)
                over.state, over.deployment_id, over.hosts = SwitchState.DONE, max(by.values()), switch.hosts
                if stored := maintenance.want(session, over):
                    made(session, stored, self.changes)
            else:
                partly_let_in(session, switch, self.changes)

    def _off(self, switch: MaintenanceSwitch) -> MaintenanceSwitch:
        at = self.changes.clock()
        return MaintenanceSwitch(
            key=f"ends:{switch.number}",
            environment=switch.environment,
            keeps_out=False,
            by="shipmate",
            name="Shipmate",
            asked_at=at,
            changed_at=at,
        )

    @contextmanager
    def change(self, number: int) -> Iterator[tuple[Session, MaintenanceSwitch]]:
        """Change a switch while we lead.

        Raises:
            Fenced: somebody else leads now.
        """
        with self.changes.store.begin() as session:
            demand_lead(session, self.changes.epoch())
            switch = maintenance.get_for_change(session, number)
            yield session, switch
            if session.is_modified(switch):
                switch.changed_at = self.changes.clock()
            session.add(switch)
            session.flush()
            demand_lead(session, self.changes.epoch(), held=True)


def _counts(session: Session, switch: MaintenanceSwitch) -> bool:
    """Say whether nobody has wanted anything else since; nobody can before this transaction ends."""
    locks.one_at_a_time(session, switch.environment)
    newest = maintenance.newest(session, switch.environment)
    return newest is not None and newest.number == switch.number


def _told(place: Environment, switch: MaintenanceSwitch) -> Environment:
    recipe = place.recipe
    commands = shell.told(recipe.maintenance_on, switch.message)
    return replace(place, recipe=replace(recipe, maintenance_on=commands))
