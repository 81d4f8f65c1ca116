"""Makes production safe while the database is away: watches what was switched, and goes back if it is sick."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from threading import Event, Thread
from typing import Any, Protocol

from bot import veto
from bot.crew import Crew
from bot.holding import Held
from bot.known import Known
from bot.memory import Memory
from bot.outcome import Outcome
from bot.playing import Playing
from bot.retreat import Retreat
from bot.watch import together
from deployers import blame
from deployers.colours import faced
from deployers.environment import Environment
from deployers.errors import Fenced, Undecided, Unhealthy
from deployers.health import Judgement, Sample, judge
from deployers.plan import Verify
from deployers.runner import Segment
from deployers.way_out import WayOut
from storage.errors import StorageError

log = logging.getLogger(__name__)

AGAIN = 0.5
"""Seconds between two questions whether the database is back."""
GRACE = 60.0
"""Seconds for which visitors may see a maintenance page that waits only for the database."""
BEGUN, ENDED = "deployment.way_out_begun", "deployment.way_out_ended"
VETO = "deployment.veto_without_database"
_NOT_OURS = (Undecided.code, Fenced.code)
"""What a person, or whoever leads now, has to decide."""


class Spooling(Protocol):
    """Writes an audit entry down where no database is needed; never raises, since safety does not wait for it."""

    def __call__(self, action: str, number: int, detail: dict[str, Any], entry_id: str = "") -> None:
        """Keep it until it can be chained in; the same id twice is one entry."""
        ...


@dataclass(frozen=True, slots=True)
class Alone:
    """Acts for a running deployment on what is known of it by heart.

    Nothing here goes forward, and nothing here is remembered: what is done has the operation ids that the rows will
    have, so that whoever goes on with the database reads from the hosts what was done.
    """

    crew: Crew
    spool: Spooling
    chain_in: Callable[[], None] = lambda: None
    """Chains what was spooled into the audit; never raises."""

    def keep_safe(self, number: int, why: str) -> None:
        """Return when the database answers again, with production as safe as it can be made without."""
        back = self._database_is_back()
        log.warning("the database is away", extra={"deployment": number, "why": why})
        known = self.crew.running.get(number)
        if known and known.touched and not known.takes_data_back:
            self.spool("database.away", number, {"why": why})
            outcome = known.trouble or self._at_rest(known)
            if outcome.ok:
                outcome = self._guarded(known, back)
            if not outcome.ok and outcome.code not in _NOT_OURS:
                self._retreat(known, outcome, back)
        back.wait()
        self.chain_in()

    def _at_rest(self, known: Known) -> Outcome:
        """Hear to the end of what was sent, under the intents that were committed for it."""
        if known.begun is None:
            return Outcome()
        book, authority = Memory(known.mark, known), self.crew.authority(known.mark)
        return Playing(self.crew, known, known.plan, book, authority, known.undoes).one(known.begun)

    def _guarded(self, known: Known, back: Event) -> Outcome:
        """Watch the switched targets until the database is back, or until one of them is sick."""
        environment = self.crew.environment(known.plan)
        pause = environment.health.interval.total_seconds() if environment.health else 1.0
        samples: list[Sample] = []
        waited = 0.0
        while not back.is_set():
            samples, outcome = self._looked(known, environment, samples)
            if not outcome.ok:
                return outcome
            if waited > GRACE and set(known.touched) - set(known.switched):
                return Outcome("database_away", "my database was away while visitors saw the maintenance page")
            self.crew.pause(pause)
            waited += pause
        return Outcome()

    def _looked(self, known: Known, environment: Environment, seen: list[Sample]) -> tuple[list[Sample], Outcome]:
        health, environment = environment.health, faced(environment, known.plan.colour)
        if health is None or not known.switched:
            return seen, Outcome()
        probes = self.crew.probes(known.number, environment)
        # Where balancers alone were told, the release serves on each host, on its own side.
        hosts = [host for host in environment.hosts if host.name in known.switched] or list(environment.hosts)
        switched = tuple(host.name for host in hosts)
        looks = [partial(probes.target, host, known.plan.sha) for host in hosts]
        seen = [*seen, *together(looks)][-2 * health.failures * len(switched) :]
        verdict = judge(seen, health, hold=timedelta.max)
        if verdict.judgement is Judgement.SICK:
            unhealthy = Unhealthy(verdict.where, verdict.why, blame.trigger(verdict, health))
            return seen, Outcome.of(unhealthy, Segment(0, (Verify(switched),)))
        return ([] if verdict.judgement is Judgement.INCONCLUSIVE else seen), Outcome()

    def _retreat(self, known: Known, outcome: Outcome, back: Event) -> None:
        retreat = Retreat(self.crew, known)
        way = retreat.way(outcome)
        if way is WayOut.BACK and self._waits(known, outcome, retreat, back):
            known.trouble = known.trouble or outcome
            return
        detail = {**outcome.failure, "way": way.value, "targets": list(known.touched), "release": known.plan.release}
        log.error("going back without the database", extra={"deployment": known.number, "why": outcome.message})
        self.spool(BEGUN, known.number, detail, f"{known.mark_out}-begun")
        known.trouble = replace(outcome, message=f"{outcome.message.removesuffix(_alone(way))}{_alone(way)}")
        retreat.tidy(Memory(known.mark))
        if way is WayOut.BACK:
            known.going_back = True
            came = retreat.back(retreat.plan_back(), Memory(known.mark_back))
            self.spool(ENDED, known.number, came.failure, f"{known.mark_out}-ended")

    def _waits(self, known: Known, outcome: Outcome, retreat: Retreat, back: Event) -> bool:
        """Say whether it is not for us to go back: people have said no, or can be asked again before the time is over.

        A time to say no that is over counts, whether the rows can be read or not.
        """
        question = veto.of(known, outcome, retreat.environment)
        if question is None:
            return False
        clock = self.crew.changes.clock
        asked = known.held if known.held and known.held.key == question.key else None
        held = asked or Held(0, until=clock() + (question.lasts or timedelta(0)))
        if held.answer:
            return veto.stays(held, known)
        self.spool(VETO, known.number, {**outcome.failure, "until": held.until.isoformat() if held.until else ""})
        retreat.tidy(Memory(known.mark))
        while not held.is_over(clock()):
            if back.is_set():
                return True
            self.crew.pause(AGAIN)
        return False

    def _database_is_back(self) -> Event:
        back = Event()
        Thread(target=self._ask, args=(back,), name="database", daemon=True).start()
        return back

    def _ask(self, back: Event) -> None:
        while not back.is_set():
            try:
                with self.crew.changes.store.begin():
                    back.set()
            except StorageError:
                self.crew.pause(AGAIN)
            except Exception:
                log.exception("the database cannot even be asked")
                back.set()


def _alone(way: WayOut) -> str:
    return "; my database was away, so I went back without it" if way is WayOut.BACK else ""
