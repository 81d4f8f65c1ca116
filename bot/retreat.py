"""The way out of a deployment as it is played: with the rows, or without them while the database is away."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.crew import Crew, everywhere
from bot.known import Known
from bot.outcome import Outcome
from bot.playing import Book, Playing
from deployers.environment import Environment
from deployers.errors import DeployError
from deployers.plan import CandidateStop, ColourStop, MaintenanceOff, Plan, PutIn, Step, TakeOut, WorkersStart
from deployers.ports import Fate, Remote
from deployers.runner import WAY_OUT, Segment
from deployers.strategies import tidying, way_back
from deployers.way_out import WayOut

_PLACES: dict[type[Step], int] = {
    kind: place for place, kind in enumerate((CandidateStop, MaintenanceOff, ColourStop, PutIn, TakeOut, WorkersStart))
}
"""Where behind the plan's own steps those of a way out are numbered."""


@dataclass(frozen=True, slots=True)
class Retreat:
    """One deployment's way out; every operation in it has the same id whoever plays it, and however often."""

    crew: Crew
    known: Known

    @property
    def environment(self) -> Environment:
        """Return where it happens."""
        return self.crew.environment(self.known.plan)

    def way(self, outcome: Outcome) -> WayOut:
        """Bring the targets to rest, and return which way is safe."""
        remote, authority = self._remote(), self.crew.authority(self.known.mark)
        # A host that lost us in the middle goes on with what it was sent.
        with suppress(DeployError):
            everywhere(self.environment, lambda host: remote.abort(host, authority))
        return self.known.way_out(self.environment, outcome)

    def tidy(self, book: Book) -> Outcome:
        """Stop what was brought up, let visitors in, put hosts in; return what kept visitors out, if anything did."""
        known = self.known
        plan = replace(known.plan, kind=WAY_OUT)
        playing = Playing(self.crew, known, plan, book, self.crew.authority(known.mark_out))
        shut = Outcome()
        for step in tidying(self.environment, known.left):
            # The same numbers whatever else there is to tidy up: operation ids are made of them.
            segment = Segment(len(plan.steps) + _PLACES[type(step)], (step,))
            outcome = Outcome() if known.done(segment) else playing.one(segment)
            if isinstance(step, MaintenanceOff | PutIn | TakeOut) and shut.ok:
                shut = outcome
        return shut

    def plan_back(self) -> Plan:
        """Return the plan that takes the deployment back wherever visitors could have noticed it.

        Raises:
            LookupError: there is nothing to go back to.
        """
        good, known = self.known.good, self.known
        if good is None:
            raise LookupError(f"{self.environment.name} has nothing to go back to")
        return way_back(known.plan, self.environment, to=good.revision, release=good.name, touched=known.touched)

    def back(self, plan: Plan, book: Book, done: Callable[[Segment], bool] = lambda _: False) -> Outcome:
        """Play the way back."""
        authority = self.crew.authority(self.known.mark_back)
        return Playing(self.crew, self.known, plan, book, authority, undoes=self.known.mark, done=done).through()

    def fence(self) -> None:
        """Have the hosts refuse whoever led before; one that cannot be reached is met again in the next step."""
        remote, authority = self._remote(), self.crew.authority(self.known.mark)
        with suppress(DeployError):
            everywhere(self.environment, self.crew.entering(remote, self.environment, authority, ""))

    def begun_on_hosts(self) -> bool:
        """Ask the hosts whether they were told to go back already, by somebody who could not write it down."""
        if self.known.good is None or not self.known.touched:
            return False
        plan = self.plan_back()
        return any(self._begun(plan, target) for target in self.known.touched)

    def _begun(self, plan: Plan, target: str) -> bool:
        ids = [
            f"{self.known.mark_back}.{number}.{target}.1"
            for number, step in enumerate(plan.steps)
            if target in step.targets
        ]
        try:
            records = self._remote().records(self.environment.host(target), ids)
        except DeployError:
            return False
        return any(record.fate is not Fate.ABSENT for record in records)

    def _remote(self) -> Remote:
        return self.crew.remote(self.known.number, self.environment)
