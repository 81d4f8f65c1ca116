"""Kills the bot at drawn instants, remembers what each kill hit, and starts the bot again."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import Event, Thread
from time import monotonic, sleep

from bot.sandbox.bot_process import BotProcess
from tests.crash.rows import LOOKS, Rows
from tests.crash.scene import PHASES, Scene

STATES = ("awaiting_approval", "queued", "preparing", "running", "verifying", "rolling_back")
"""The states in which a kill can find a deployment that is under way."""
STEPPING = ("preparing", "running", "rolling_back")
NOTHING = "nothing under way"
PATIENCE = 6.0
POLL = 0.002


@dataclass(frozen=True, slots=True)
class Aim:
    """When to kill: in a state (empty: in any), after so many new operations on hosts, and then so many seconds."""

    operations: int
    seconds: float
    state: str = ""

    def __str__(self) -> str:
        after = f"operation {self.operations} + " if self.operations else ""
        return f"{self.state and f'{self.state} + '}{after}{self.seconds:.3f} s"


def aims(random: Random) -> Iterator[Aim]:
    """Yield instants: some anywhere, some in a certain state, most close to a beginning of something on a host."""
    while True:
        soon = random.choice((0.0, random.uniform(0, 0.05), random.uniform(0, 0.4)))
        yield random.choice(
            (
                Aim(0, random.uniform(0.0, 5.0)),
                Aim(random.randint(1, 4), soon),
                Aim(random.randint(0, 2), soon, random.choice(STATES)),
            )
        )


@dataclass(frozen=True, slots=True)
class Hit:
    """What a kill hit: the deployment's state, and the phase of the newest open step on each host."""

    aim: Aim
    state: str
    phases: tuple[tuple[str, str], ...] = ()
    """By host: one of PHASES, `looking`, or `between` where no step is open."""

    def __str__(self) -> str:
        where = ", ".join(f"{host} {phase}" for host, phase in self.phases) or "-"
        return f"{self.state:18} {where:44} after {self.aim}"


def look(rows: Rows, scenes: Sequence[Scene], aim: Aim) -> Hit:
    """Return what is under way right now; the hosts go on, so they are read first."""
    seen = {scene.name: {name: scene.phase(name) for name in scene.ids()} for scene in scenes}
    under_way, steps = rows.unfinished(), rows.open_steps()
    if not under_way:
        return Hit(aim, NOTHING)
    phases = []
    for scene in scenes:
        open_here = [step for step in steps if step["target"] == scene.name]
        phases.append((scene.name, _phase(open_here, seen[scene.name])))
    return Hit(aim, str(under_way[0]["status"]), tuple(phases))


def _phase(steps: Sequence[dict[str, str]], seen: dict[str, str]) -> str:
    if not steps:
        return "between"
    if steps[-1]["kind"] in LOOKS:
        return "looking"
    return next((seen[step["operation"]] for step in reversed(steps) if step["operation"] in seen), "none")


@dataclass
class Killer:
    """Kills while stories are played."""

    bot: BotProcess
    rows: Rows
    scenes: Sequence[Scene]
    aims: Iterator[Aim]
    hits: list[Hit] = field(default_factory=list)

    def during(self, kills: int, play: Callable[[], None]) -> None:
        """Kill so many times at most while something is played; what it leaves the bot in is: running."""
        over, trouble = Event(), list[BaseException]()

        def work() -> None:
            try:
                for _ in range(kills):
                    if not self._kill(next(self.aims), over):
                        return
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
                trouble.append(error)

        thread = Thread(target=work, name="killer")
        thread.start()
        try:
            play()
        finally:
            over.set()
            thread.join()
            self.bot.start()
        for error in trouble:
            raise error

    def _kill(self, aim: Aim, over: Event) -> bool:
        self._wait(aim, over)
        if over.is_set():
            return False
        self.bot.kill()
        self.hits.append(look(self.rows, self.scenes, aim))
        self.bot.start()
        return True

    def _wait(self, aim: Aim, over: Event) -> None:
        until = monotonic() + PATIENCE

        def wait_for(holds: Callable[[], bool]) -> None:
            while not holds() and not over.is_set() and monotonic() < until:
                sleep(POLL)

        wait_for(lambda: not aim.state or aim.state in [row["status"] for row in self.rows.unfinished()])
        known = self._known()
        wait_for(lambda: len(self._known() - known) >= aim.operations)
        over.wait(aim.seconds)

    def _known(self) -> set[str]:
        return {name for scene in self.scenes for name in scene.ids()}


def table(hits: Sequence[Hit]) -> str:
    """Return every kill, how often each combination was hit, and what never was."""
    counted = Counter((hit.state, phase) for hit in hits for _, phase in hit.phases)
    phases = (*PHASES, "looking", "between")
    lines = [f"{number:4}  {hit}" for number, hit in enumerate(hits, 1)]
    lines += ["", f"{'':18}" + "".join(f"{phase:>10}" for phase in phases) + "   (hosts hit)"]
    lines += [f"{state:18}" + "".join(f"{counted[state, phase]:10}" for phase in phases) for state in STATES]
    return "\n".join([*lines, "", f"never hit: {', '.join(never(hits)) or 'nothing'}"])


def never(hits: Sequence[Hit]) -> list[str]:
    """Return what no kill has hit: states, and phases in the states that take steps."""
    states = {hit.state for hit in hits}
    met = {(hit.state, phase) for hit in hits for _, phase in hit.phases}
    missing = [state for state in STATES if state not in states]
    return missing + [f"{state}/{phase}" for state in STEPPING for phase in PHASES if (state, phase) not in met]
