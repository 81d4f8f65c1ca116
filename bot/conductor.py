"""Conducts a deployment through its life, over our own rows; begun again at any instant, it goes on where it was."""

import logging
from dataclasses import dataclass, replace
from functools import partial

from bot import database, veto
from bot.alone import BEGUN, Alone
from bot.attempt import Attempt, Turnstile
from bot.before import as_served, not_well
from bot.crew import Crew
from bot.endings import Endings
from bot.holding import Question, wait
from bot.known import Known
from bot.opening import BUSY, GO, Opening
from bot.outcome import Outcome
from bot.playing import Playing
from bot.retreat import Retreat
from deployers.errors import Undecided
from deployers.plan import Plan, Shift
from deployers.runner import Segment, promotes
from deployers.strategies.canary import left
from deployers.way_out import WayOut
from storage import audit
from storage.errors import StoreUnavailable
from storage.models import Status
from storage.store import Rows

log = logging.getLogger(__name__)

BUSY_FOR = 2.0
"""Seconds between two questions whether the environment is free."""


@dataclass(frozen=True, slots=True)
class Conductor:
    """Runs deployments: opens them, plays their plans, and finds the way out when something goes wrong.

    What is done and decided is in the rows and on the hosts, and nowhere else: a crash, another leader and an outage
    of the database are all the same to it.
    """

    crew: Crew
    opening: Opening
    alone: Alone

    def conduct(self, number: int) -> str:
        """Take a queued or resolved deployment to its end, and return its status.

        While the database is away nothing goes forward, and production is kept safe without it.
        """
        try:
            while True:
                turnstile = Turnstile(self.crew.changes.store)
                attempt = Attempt(partial(self._behind(turnstile).once, number), turnstile)
                try:
                    return attempt.result(urgent=partial(self._is_urgent, number))
                except StoreUnavailable as error:
                    self.alone.keep_safe(number, str(error))
        finally:
            self.crew.leave(number)

    def busy(self) -> bool:
        """Say whether production may need this process, with or without a database."""
        return any(known.touched for known in tuple(self.crew.running.values()))

    def once(self, number: int) -> str:
        """Conduct it from what its rows and hosts say; raises StoreUnavailable at whatever point that comes."""
        while (opened := self.opening.open(number)) == BUSY:
            self.crew.pause(BUSY_FOR)
        if opened != GO:
            return opened
        known = self._taken_up(number)
        return self._ended(known, known.trouble or self._played(known))

    def _behind(self, rows: Rows) -> "Conductor":
        changes = replace(self.crew.changes, store=rows)
        crew = replace(self.crew, changes=changes)
        return replace(self, crew=crew, opening=replace(self.opening, changes=changes))

    def _is_urgent(self, number: int) -> bool:
        known = self.crew.running.get(number)
        return known is not None and bool(known.touched)

    def _taken_up(self, number: int) -> Known:
        """Learn a deployment by heart; where it was begun before, the hosts come to know who leads, and are asked."""
        known, before = self.crew.learn(number), self.crew.running.get(number)
        if before:
            known.trouble, known.going_back = before.trouble or known.trouble, known.going_back or before.going_back
        self.crew.running[number] = known
        if any(known.notes()):
            retreat = Retreat(self.crew, known)
            retreat.fence()
            if known.trouble is None and retreat.begun_on_hosts():
                known.trouble, known.going_back = self._remembered(known), True
        return known

    def _remembered(self, known: Known) -> Outcome:
        """Return why somebody without a database began to go back, as far as that was written down."""
        with self.crew.changes.store.look() as session:
            entries = audit.about(session, f"deployment:{known.number}")
        told = next((entry.detail for entry in reversed(entries) if entry.action == BEGUN), None)
        if told:
            return Outcome.read(told)
        return Outcome("interrupted", "I was taking it back without my database when I was cut off; its hosts say so")

    def _played(self, known: Known) -> Outcome:
        self._look_before(known)
        book, authority = self.crew.journal(known), self.crew.authority(known.mark)
        gates = partial(self._gates, known)
        return Playing(self.crew, known, known.plan, book, authority, known.undoes, gates, known.done).through()

    def _look_before(self, known: Known) -> None:
        """Keep what is not well before the first step: that is not blamed on the release, unless it is the first."""
        if known.kind != "deploy" or not known.plan.replaces or any(known.notes()) or known.before:
            return
        environment = as_served(self.crew.environment(known.plan), known.plan)
        if found := not_well(self.crew.probes(known.number, environment), environment):
            self.crew.journal(known).looked_before(found)

    def _gates(self, known: Known, segment: Segment) -> None:
        # What is shut after visitors were sent to the release would take it back; only a larger share is a new step.
        rises = promotes(known.plan, segment)
        if rises or (segment.switches and (not known.switched or isinstance(segment.steps[0], Shift))):
            self.opening.judge_again(known.number, left=left(known.plan.steps[segment.first :]) if rises else None)

    def _ended(self, known: Known, outcome: Outcome) -> str:
        endings = Endings(self.crew)
        if outcome.ok:
            outcome = endings.succeed(known)
            if outcome.ok:
                return Status.SUCCEEDED.value
        # First in mind, then in the rows: should the database be away, this is what has to be acted on.
        known.trouble = outcome
        if outcome.code == Undecided.code:
            return endings.unknown(known, outcome)
        endings.went_wrong(known, outcome)
        return self._way_out(known, outcome, endings)

    def _way_out(self, known: Known, outcome: Outcome, endings: Endings) -> str:
        retreat = Retreat(self.crew, known)
        way = retreat.way(outcome)
        shut = retreat.tidy(self.crew.journal(known))
        if database.failed(known, outcome):
            outcome, plan = self._decided(known, outcome, endings)
            if plan:
                return self._back(known, outcome, plan, endings)
        if way is WayOut.BACK and (held := veto.of(known, outcome, retreat.environment)):
            outcome, way = self._vetoed(known, outcome, held)
        match way:
            case WayOut.NOTHING | WayOut.LET_IN if not shut.ok:
                return endings.ask(known, outcome.and_then(shut))
            case WayOut.NOTHING | WayOut.LET_IN:
                return endings.fail(known, outcome)
            case WayOut.ASK:
                return endings.ask(known, outcome)
            case WayOut.BACK:
                return self._back(known, outcome, retreat.plan_back(), endings)

    def _decided(self, known: Known, outcome: Outcome, endings: Endings) -> tuple[Outcome, Plan | None]:
        """Let people decide about a database in the middle of a migration; return the way back that they want."""
        decision = database.Decision(self.crew, known)
        question = decision.question(outcome)
        if isinstance(question, Outcome):
            return question, None
        book = self.crew.journal(known)
        book.ask(question)
        endings.call(known, question.key)
        held = wait(book, question, self.crew.changes.clock, self.crew.pause)
        if plan := decision.plan(held):
            known.back_takes_data = True
            return outcome, plan
        return database.left(outcome, question.facts), None

    def _vetoed(self, known: Known, outcome: Outcome, question: Question) -> tuple[Outcome, WayOut]:
        """Give people time to say no, and return which way it goes then."""
        book = self.crew.journal(known)
        book.ask(question)
        Endings(self.crew).call(known, question.key)
        held = wait(book, question, self.crew.changes.clock, self.crew.pause)
        if veto.stays(held, known):
            return veto.told(outcome, held), WayOut.ASK
        return outcome, WayOut.BACK

    def _back(self, known: Known, outcome: Outcome, plan: Plan, endings: Endings) -> str:
        child, retreat = endings.turn_back(known, plan, outcome), Retreat(self.crew, known)
        known.going_back = True
        back = self.crew.learn(child)
        played = retreat.back(back.plan, self.crew.journal(back), back.done)
        if endings.came_back(known, back, played).ok:
            return Status.ROLLED_BACK.value
        return Status.INCOMPLETE.value
