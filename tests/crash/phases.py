"""The phases of a dispatch that a kill can hit, how they are told apart, and how the bot is caught in each."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from time import monotonic, sleep

from bot.sandbox.github.entities import Run
from bot.sandbox.github.hub import Hub
from tests.crash.rows import OVER, Rows

DISPATCH = "create-workflow-dispatch"
BEFORE, INTENDED, ASKED, ANSWERED, FOLLOWED, ENDING = (
    "not intended yet",
    "intended, not asked for",
    "the answer is under way",
    "answered, number not written",
    "followed",
    "at its end",
)
PHASES = (BEFORE, INTENDED, ASKED, ANSWERED, FOLLOWED, ENDING)
AFTER = "after the end"
"""A kill that came too late for all of them."""
SOON = 60.0
"""So long at most the bot is waited for to come where it is to be killed."""
LONG = 4.0
"""So long a run takes."""
WELL = "well"
FAULTS = {
    "502 after it accepted": "broken_after",
    "connection broken": "lost_reply",
    "204 without a number": "no_details",
}
"""What GitHub does with the answer to a dispatch."""
HELD = {"held back": "hang_after", "taken late": "slow"}
"""How an answer is kept under way: the run is there and the answer is not, or it is there only after the kill."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One deployment, as it can be seen from outside at any instant."""

    hub: Hub
    rows: Rows
    number: int

    @property
    def runs(self) -> list[Run]:
        """Return the runs that were started for it."""
        mark = f"d{self.number}-"
        return [run for run in list(self.hub.runs) if run.inputs.get("operation", "").startswith(mark)]

    @property
    def status(self) -> str:
        """Return what its row says."""
        return str(self.rows.deployment(self.number)["status"]).lower()

    @property
    def intended(self) -> bool:
        """Say whether its run is written down as intended."""
        return bool(self._steps())

    @property
    def written(self) -> bool:
        """Say whether the run, by its number, is written down."""
        return any("/actions/runs/" in row["output"] for row in self._steps())

    @property
    def settled(self) -> bool:
        """Say whether it is written down how the run ended."""
        return any(row["state"] != "intended" for row in self._steps())

    @property
    def under_way(self) -> bool:
        """Say whether GitHub was asked, and has not answered."""
        return DISPATCH in self.hub.open

    @property
    def asked(self) -> bool:
        """Say whether GitHub has done what it was asked for."""
        return bool(self.runs)

    @property
    def over(self) -> bool:
        """Say whether its run does no more."""
        return self.asked and self.hub.progress(self.runs[-1]).status == "completed"

    @property
    def phase(self) -> str:
        """Return the phase that it is in."""
        told = (
            (self.status in OVER, AFTER),
            (self.under_way, ASKED),
            (self.over, ENDING),
            (self.written, FOLLOWED),
            (self.asked, ANSWERED),
            (self.intended, INTENDED),
        )
        return next((phase for holds, phase in told if holds), BEFORE)

    def _steps(self) -> list[dict[str, str]]:
        return self.rows.ask("SELECT state, output FROM step WHERE deployment_id = ? AND kind = 'run'", self.number)


@dataclass
class Hunter:
    """Aims at the phases that were hit the least so far."""

    hub: Hub
    random: Random
    hits: Counter[str]

    def aims(self) -> tuple[str, str]:
        """Choose a phase and what becomes of the answer, prepare GitHub for both, and return them."""
        least = min(self.hits[phase] for phase in PHASES)
        phase = self.random.choice([phase for phase in PHASES if self.hits[phase] == least])
        self.hub.faults.clear()
        if phase == ASKED:
            answer = self.random.choice(list(HELD))
            self.hub.faults.add(HELD[answer], DISPATCH, times=1, detail=f"{self.random.uniform(1, 8):.1f}")
            return phase, answer
        answer = self.random.choice([WELL, WELL, *FAULTS])
        if answer in FAULTS:
            self.hub.faults.add(FAULTS[answer], DISPATCH, times=1)
        if phase == ANSWERED:
            self._slows("get-run", "list-workflow-runs")
        return phase, answer

    def waits(self, phase: str, seen: Sight) -> None:
        """Wait until the bot is in a phase, and for a moment of it."""
        end = monotonic() + SOON
        comes, lasts = COMES[phase]
        if phase == ENDING and self.random.random() < 0.5:
            comes, lasts = _settled, 0.0
        while not comes(seen) and monotonic() < end:
            sleep(0.002)
        if phase == INTENDED:
            self._slows("list-tags", "list-branches", "get-content")
        sleep(self.random.choice((0.0, self.random.uniform(0, lasts))))

    def _slows(self, *calls: str) -> None:
        """Let one each of these calls take a moment, where a phase would be over in none."""
        for call in calls:
            self.hub.faults.add("slow", call, times=1, detail="2")


def _settled(seen: Sight) -> bool:
    return seen.settled


COMES: dict[str, tuple[Callable[[Sight], bool], float]] = {
    BEFORE: (lambda _: True, 0.4),
    INTENDED: (lambda seen: seen.intended, 0.3),
    ASKED: (lambda seen: seen.under_way, 0.5),
    ANSWERED: (lambda seen: seen.asked, 0.5),
    FOLLOWED: (lambda seen: seen.written, LONG / 2),
    ENDING: (lambda seen: seen.over, 1.0),
}
"""By phase: how it is seen that the bot has come to it, and within how many seconds of it the kill is drawn."""
