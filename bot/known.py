"""What is known by heart of a running deployment: enough to make production safe while the database is away."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.holding import Held
from bot.outcome import Outcome
from deployers import blame, way_out
from deployers.environment import Environment
from deployers.errors import Aborted
from deployers.github_errors import NOTHING_STARTED
from deployers.plan import Plan, PutIn, Shift, TakeOut
from deployers.ports import Revision
from deployers.runner import Attempt, Segment
from deployers.strategies import Left
from deployers.way_out import Situation, WayOut


@dataclass(frozen=True, slots=True)
class Release:
    """What served well before: the one to go back to."""

    revision: Revision
    name: str


@dataclass(frozen=True, slots=True)
class Note:
    """A step on a target that was at least intended, with its newest attempt."""

    number: int
    target: str
    kind: str
    attempt: Attempt


@dataclass
class Known:
    """One running deployment: read from its rows once, and kept up to date by whoever writes them."""

    number: int
    mark: str
    kind: str
    plan: Plan
    good: Release | None
    undoes: str = ""
    """What hosts know the deployment by that a rollback takes back."""
    mixed: bool = False
    """Whether the targets were not of one mind before it began, or visitors were left on the other side."""
    back_wanted: bool = False
    trouble: Outcome | None = None
    """What went wrong, from the moment at which it is known; nothing goes forward after that."""
    going_back: bool = False
    """Whether the way back was begun already; it is not stopped half way."""
    before: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Routes that were not well before it began, by place; they are not asked."""
    back_takes_data: bool = False
    """Whether the way back that was begun takes the database back as well."""
    held: Held | None = None
    """The question that people were asked last, as it was heard of last."""
    begun: Segment | None = None
    """What was sent to the hosts and has not been heard of to its end."""
    _notes: dict[tuple[int, str], Note] = field(default_factory=dict)

    def note(self, note: Note) -> None:
        """Remember a step, in place of what was known of it."""
        self._notes[note.number, note.target] = note

    def attempt(self, number: int, target: str) -> Attempt | None:
        """Return the newest attempt at a step on a target."""
        known = self._notes.get((number, target))
        return known.attempt if known else None

    def notes(self) -> Iterator[Note]:
        """Yield the steps of the plan that were begun; not those of a way out, which is decided by them."""
        return (note for note in tuple(self._notes.values()) if note.number < len(self.plan.steps))

    def settled(self, operation: str, state: str) -> None:
        """Remember what became of an operation."""
        for note in tuple(self._notes.values()):
            if note.attempt.operation == operation:
                self.note(replace(note, attempt=replace(note.attempt, settled=state)))

    def done(self, segment: Segment) -> bool:
        """Say whether every step of a segment has been confirmed on each of its targets."""
        attempts = [
            self.attempt(segment.first + offset, target)
            for offset, step in enumerate(segment.steps)
            for target in step.targets
        ]
        return all(attempt is not None and attempt.settled == "succeeded" for attempt in attempts)

    @property
    def touched(self) -> tuple[str, ...]:
        """Return the targets on which visitors could have noticed something."""
        return way_out.touched(self._effective())

    @property
    def switched(self) -> tuple[str, ...]:
        """Return the targets on which the switch was begun."""
        return way_out.switched(self._effective())

    @property
    def candidates(self) -> tuple[str, ...]:
        """Return the targets on which a candidate may still run."""
        return way_out.candidates(self.notes())

    @property
    def left(self) -> Left:
        """Return what is to be tidied up if it goes no further."""
        # What somebody else left behind may have visitors on the side that was brought up: it is not stopped.
        sided = any(isinstance(step, Shift) for step in self.plan.steps) and not self.mixed
        begun = way_out.brought_up(self._effective()) if sided else ()
        notes = tuple(self.notes())
        kept_out, idle = way_out.kept_out(notes), way_out.idle(notes)
        return Left(self.touched, self.candidates, begun, self._out(), self.switched, kept_out, idle)

    def _effective(self) -> Iterator[Note]:
        """Yield what may have had an effect: not what a balancer has refused, and says so."""
        refused = ("shift", way_out.REFUSED)
        return (note for note in self.notes() if (note.kind, note.attempt.settled) != refused)

    def _out(self) -> tuple[str, ...]:
        """Return the application hosts that balancers may send nobody to any more."""
        out: tuple[str, ...] = ()
        for number, step in enumerate(self.plan.steps):
            attempts = [self.attempt(number, target) for target in step.targets]
            if isinstance(step, TakeOut) and any(it and it.settled != way_out.REFUSED for it in attempts):
                out = step.servers
            elif isinstance(step, PutIn) and all(it is not None and it.settled == "succeeded" for it in attempts):
                out = ()
        return out

    @property
    def mark_back(self) -> str:
        """Return what hosts know the way back by; it follows from the deployment, so that no row is needed for it."""
        return f"{self.mark}-back"

    @property
    def mark_out(self) -> str:
        """Return the group of what is tidied up: no abort of the deployment itself stops it."""
        return f"{self.mark}-out"

    @property
    def takes_data_back(self) -> bool:
        """Say whether its database is being taken back: nothing more is done about that without the rows."""
        return self.back_takes_data or any(note.kind in way_out.TAKES_DATA_BACK for note in self.notes())

    @property
    def _declared_compatible(self) -> bool:
        """Say whether every migration of the plan declares that the older release can run on the changed database."""
        return bool(self.plan.migrations) and set(self.plan.migrations) <= set(self.plan.compatible)

    def way_out(self, environment: Environment, outcome: Outcome) -> WayOut:
        """Return the safe way out; the same whenever it is asked, with the database and without."""
        if self.going_back:
            return WayOut.BACK
        # Where nobody said where migrations lie, the plan may hold some.
        may_migrate = bool(self.plan.migrations) or not environment.recipe.migrations_path
        migrated = may_migrate and any(note.kind in ("migrate", "run") for note in self.notes())
        begun = outcome.code not in NOTHING_STARTED
        return way_out.decide(
            Situation(
                kind=self.kind,
                touched=self.touched if begun else (),
                switched=self.switched if begun else (),
                migrated=migrated,
                compatible=environment.rollback.migrations == "compatible" or self._declared_compatible,
                automatic=blame.acts(environment.rollback, outcome.trigger),
                aborted=outcome.code == Aborted.code,
                back_wanted=self.back_wanted,
                way_back=self.good is not None,
                mixed=self.mixed,
                taken_back=self.takes_data_back,
            )
        )
