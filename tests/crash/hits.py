"""What a kill hits: the deployment's state, and how far the step under way has come on each host."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.crash.rows import LOOKS, Row, Rows
from tests.crash.scene import PHASES, Scene
from tests.crash.stories import ROUND, Story

NOTHING = "nothing under way"
BETWEEN = "between"
"""The phase of a host on which no step is open."""
LOOKING = "looking"
STATES = ("awaiting_approval", "queued", "preparing", "running", "verifying", "rolling_back", "checking")
"""The states in which a kill can find a deployment that is under way."""

LISTED = 60
"""Of more kills than these only the counts are shown."""

Cell = tuple[str, str]
"""A state, and a phase; in states without steps the phase is empty."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is under way at one instant."""

    state: str
    phases: tuple[tuple[str, str], ...] = ()
    """By host: one of PHASES, `looking`, or `between`."""

    @property
    def cells(self) -> frozenset[Cell]:
        """Return what a kill hits now."""
        return frozenset({(self.state, ""), *((self.state, phase) for _, phase in self.phases)})


@dataclass(frozen=True, slots=True)
class Hit:
    """One kill: why then, whom, and what it hit."""

    aim: str
    victim: str
    sight: Sight

    def __str__(self) -> str:
        where = ", ".join(f"{host} {phase}" for host, phase in self.sight.phases) or "-"
        return f"{self.sight.state:18} {where:32} {self.victim:8} {self.aim}"


def look(rows: Rows, scenes: Sequence[Scene]) -> Sight:
    """Return what is under way right now."""
    under_way = rows.unfinished()
    if not under_way:
        return Sight("checking" if rows.checks("wanted") else NOTHING)
    steps = rows.open_steps(int(under_way[0]["id"]))
    here = [(scene, [step for step in steps if step["target"] == scene.name]) for scene in scenes]
    return Sight(str(under_way[0]["status"]), tuple((scene.name, _phase(scene, open_)) for scene, open_ in here))


def _phase(scene: Scene, steps: Sequence[Row]) -> str:
    """Return the phase of the last step that the host has heard of: several are intended at a time."""
    if not steps:
        return BETWEEN
    if steps[-1]["kind"] in LOOKS:
        return LOOKING
    phases = (scene.phase(step["operation"]) for step in reversed(steps))
    return next((phase for phase in phases if phase != PHASES[0]), PHASES[0])


def goals(story: Story, now: str = NOTHING) -> list[Cell]:
    """Return everything that a kill can still hit in a story that has come to a state."""
    cells = [*((state, "") for state in story.waits_in), *((state, it) for state in story.steps_in for it in PHASES)]
    return [cell for cell in cells if _turn(cell[0]) >= _turn(now)]


def _turn(state: str) -> int:
    """Return how far a story is; it watches one host after the other, and runs on in between."""
    turns = {NOTHING: -1, "verifying": STATES.index("running")}
    return turns.get(state, STATES.index(state) if state in STATES else len(STATES))


EVERY = Counter(cell for story in ROUND for cell in goals(story))
"""In how many of the stories each can be hit."""


def counted(hits: Iterable[Hit]) -> Counter[Cell]:
    """Return how often each cell was hit, a kill counting once whatever the number of hosts."""
    return Counter(cell for hit in hits for cell in hit.sight.cells)


def never(hits: Sequence[Hit]) -> list[str]:
    """Return what no kill has hit."""
    met = counted(hits)
    return ["/".join(filter(None, cell)) for cell in EVERY if not met[cell]]


def table(hits: Sequence[Hit]) -> str:
    """Return every kill, how often each combination was hit, and what never was."""
    met, phases = counted(hits), (*PHASES, LOOKING, BETWEEN)
    lines = [f"{number:4}  {hit}" for number, hit in enumerate(hits, 1)] if len(hits) <= LISTED else []
    lines += ["", f"{'kills that hit':18}{'any':>10}" + "".join(f"{phase:>10}" for phase in phases)]
    lines += [f"{state:18}" + "".join(f"{met[state, phase]:10}" for phase in ("", *phases)) for state in STATES]
    return "\n".join([*lines, "", f"never hit: {', '.join(never(hits)) or 'nothing'}"])
