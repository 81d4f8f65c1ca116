"""What runs when: jobs that ask the rows what is due; they decide, once for each slot, whoever asks."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from bot import slots
from bot.change import demand_lead
from bot.rounds import Rounds
from bot.settings import Schedule
from deployers.backups import naming
from deployers.checkup.looking import look_at_address, without_version
from deployers.environment import Environment
from storage import backups, checklists, drills, samples
from storage import slots as taken
from storage.models import BackupRecord, ChecklistRun, DrillRecord, HealthSample
from storage.store import RowKind, Session, Store

log = logging.getLogger(__name__)

KEPT_SLOTS = timedelta(days=400)
KEPT_SAMPLES = timedelta(days=15)
"""A day more than two weeks, which are compared."""
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Job:
    """What is done when it is due, when rows of some kinds were written, and at the latest after so many seconds."""

    do: Callable[[], object]
    every: float
    after: tuple[RowKind, ...] = ()
    due: Callable[[], float | None] = lambda: None
    """Returns in how many seconds it is due again, if that is known."""
    apart: float = 0.25
    """So many seconds are between two times, whatever is written meanwhile."""
    ticks: tuple[BaseTrigger, ...] = ()
    """The calendars by which it is due as well."""

    def once(self) -> float | None:
        """Do it, and return in how many seconds it is due again."""
        self.do()
        return self.due()


Jobs = Mapping[str, Job]
"""What the leader does besides deployments, by name."""


class Tick(BaseTrigger):  # type: ignore[misc]  # it is not typed
    """Tells APScheduler the slots of a cron line, whose own reading counts weekdays from Monday."""

    def __init__(self, line: str, zone: ZoneInfo) -> None:
        """Remember the line and the zone of its clock."""
        self._line = line
        self._zone = zone

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime | None:
        """Return the next slot's instant, None for a line that never happens."""
        slot = slots.following(self._line, self._zone, now)
        return slot.at if slot else None


@dataclass(frozen=True, slots=True)
class Clockwork:
    """Turns slots that are due into checks, backups and drills that are wanted."""

    store: Store
    schedules: Sequence[Schedule]
    zone: ZoneInfo
    clock: Callable[[], datetime]
    epoch: Callable[[], int]

    def tick(self) -> int:
        """Take every slot that is due; return how many."""
        return sum(self._turn(schedule) for schedule in self.schedules)

    @property
    def ticks(self) -> tuple[BaseTrigger, ...]:
        """Return when there may be something to take."""
        return tuple(Tick(schedule.cron, self.zone) for schedule in self.schedules)

    def _turn(self, schedule: Schedule) -> bool:
        now = self.clock()
        with self.store.look() as session:
            last = taken.last_due(session, schedule.name)
        if last is None:
            with self.store.begin() as session:
                demand_lead(session, self.epoch())
                taken.begin(session, schedule.name, now)
            return False
        due = slots.due(schedule.cron, self.zone, last, now)
        return due is not None and self._take(schedule, due, now)

    def _take(self, schedule: Schedule, due: slots.Due, now: datetime) -> bool:
        with self.store.begin() as session:
            demand_lead(session, self.epoch())
            if not taken.take(session, schedule.name, due.slot.local, due_at=due.slot.at, at=now):
                return False
            taken.forget(session, now - KEPT_SLOTS)
            _want(session, schedule, due, now)
        log.info("a schedule is due", extra={"schedule": schedule.name, "slot": due.slot.local})
        return True


def _want(session: Session, schedule: Schedule, due: slots.Due, now: datetime) -> None:
    key, channel = f"slot:{schedule.name}:{due.slot.local}", schedule.channel
    if place := schedule.drill:
        drills.want(session, DrillRecord(key=key, environment=place, channel=channel, wanted_at=now))
    elif place := schedule.backup:
        name = naming.name_at(now)
        row = BackupRecord(key=key, environment=place, name=name, channel=channel, wanted_at=now)
        backups.want(session, row)
    else:
        checklists.want(session, _run(schedule, due, now))


def _run(schedule: Schedule, due: slots.Due, now: datetime) -> ChecklistRun:
    return ChecklistRun(
        key=f"slot:{schedule.name}:{due.slot.local}",
        checklist=schedule.checklist,
        schedule=schedule.name,
        channel=schedule.channel,
        due_at=due.slot.at,
        missed=list(due.missed),
        missed_count=due.missed_count,
        wanted_at=now,
    )


@dataclass(frozen=True, slots=True)
class Sampler:
    """Looks at every environment's address now and then, and keeps what it saw for two weeks."""

    store: Store
    environments: Mapping[str, Environment]
    clock: Callable[[], datetime]
    with_secrets: Callable[[Environment], Environment]

    def look(self) -> None:
        """Take one look at each address, all at once."""
        meant = [place for place in self.environments.values() if place.url and place.health]
        if not meant:
            return
        with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(meant)), thread_name_prefix="sample") as pool:
            seen = list(pool.map(self._sample, meant))
        with self.store.begin() as session:
            for sample in seen:
                samples.add(session, sample)
                samples.forget(session, sample.environment, sample.at - KEPT_SAMPLES)
            samples.forget_others(session, {place.name for place in meant})

    def _sample(self, place: Environment) -> HealthSample:
        seen = look_at_address(without_version(self.with_secrets(place)), "", self.clock)
        return HealthSample(
            environment=place.name, at=seen.at, look=seen.look.value, seconds=seen.seconds, why=seen.why[:300]
        )


async def run(jobs: Jobs, store: Store) -> None:
    """Do each job at once and whenever it is due, in a thread and never twice at once, until cancelled."""
    # Nothing is kept in the scheduler: it says when to look, and the rows say what is due.
    scheduler = AsyncIOScheduler(timezone=UTC)
    async with asyncio.TaskGroup() as group:
        for name, job in jobs.items():
            rounds = Rounds(partial(_safely, name, job.once), rest=job.every, gap=job.apart)
            store.listen(rounds.wake, *job.after)
            for trigger in job.ticks:
                scheduler.add_job(rounds.wake, trigger, misfire_grace_time=None, coalesce=True)
            group.create_task(rounds.run())
        scheduler.start()
        try:
            await asyncio.Event().wait()
        finally:
            scheduler.shutdown(wait=False)


async def _safely(name: str, do: Callable[[], float | None]) -> float | None:
    try:
        return await asyncio.to_thread(do)
    except Exception:
        log.exception("The schedule %s stumbled, and goes on", name)
        return None
