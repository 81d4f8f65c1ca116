"""What runs when: a ticker that asks the rows what is due; they decide, once for each slot, whoever asks."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import slots
from bot.change import demand_lead
from bot.settings import Schedule
from deployers.checkup.looking import look_at_address, without_version
from deployers.environment import Environment
from storage import checklists, samples
from storage import slots as taken
from storage.models import ChecklistRun, HealthSample
from storage.store import Store

log = logging.getLogger(__name__)

KEPT_SLOTS = timedelta(days=400)
KEPT_SAMPLES = timedelta(days=15)
"""A day more than two weeks, which are compared."""
AT_ONCE = 8

Jobs = Mapping[str, tuple[float, Callable[[], object]]]
"""What is done every so many seconds, by name."""


@dataclass(frozen=True, slots=True)
class Clockwork:
    """Turns slots that are due into checks that are wanted."""

    store: Store
    schedules: Sequence[Schedule]
    zone: ZoneInfo
    clock: Callable[[], datetime]
    epoch: Callable[[], int]

    def tick(self) -> int:
        """Take every slot that is due; return how many."""
        return sum(self._turn(schedule) for schedule in self.schedules)

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
            checklists.want(session, _run(schedule, due, now))
        log.info("a schedule is due", extra={"schedule": schedule.name, "slot": due.slot.local})
        return True


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


async def run(jobs: Jobs) -> None:
    """Do each job every so many seconds, in a thread and never twice at once, until cancelled."""
    # That a tick is left out while the job still runs is how it is meant, and nothing to warn of twice a second.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    # Nothing is kept in the scheduler: a tick that is lost does no harm, because the next one asks the rows again.
    scheduler = AsyncIOScheduler(timezone=UTC)
    options = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
    for name, (seconds, do) in jobs.items():
        at_once = datetime.now(UTC)
        scheduler.add_job(
            _safely, "interval", args=(name, do), seconds=seconds, id=name, next_run_time=at_once, **options
        )
    scheduler.start()
    try:
        await asyncio.Event().wait()
    finally:
        scheduler.shutdown(wait=False)


async def _safely(name: str, do: Callable[[], object]) -> None:
    try:
        await asyncio.to_thread(do)
    except Exception:
        log.exception("The schedule %s stumbled, and goes on", name)
