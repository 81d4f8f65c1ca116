"""What 10, 100 and 1,000 environments ask of one executor and of Slack's limits: a simulation, not a measurement.

Requests come at random, three quarters of them within the working day's two busiest hours. Each deployment takes its
environment's turn, changes its card as often as one of eight steps over a few hosts does, and says two things beside.
The pauses and the budget for edits are the bot's own code, Slack's limits are those of the sandbox's workspace (50
edits a minute, a message a second and channel); only time is counted, four times a second, instead of waited for.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from random import Random

from benchmarks.kit import Result, share
from bot.sandbox.slack.entities import SlackError
from bot.sandbox.slack.paces import Paces
from bot.slack.delivery import EDITS_AT_ONCE, EDITS_PER_SECOND, Pace
from bot.slack.lanes import Budget, Lanes

FORMS = ((10, 1), (100, 1), (1_000, 1), (1_000, 4), (1_000, 20))
"""Environments, and over how many databases they are spread; each with a Slack app and an executor of its own."""
A_DAY = 4
"""Deployments of an environment on a working day."""
BUSY_HOURS, BUSY = 2, 0.75
MINUTES = (1.0, 3.0, 10.0)
"""The shortest, the usual and the longest deployment, triangular."""
CHANGES = 20
"""How often a card changes visibly while its deployment runs."""
SEED = 7
ROUND = 0.25
"""Seconds between two looks at what has to be said."""
LATE = 10.0
"""Seconds that a card may be behind before people call it late."""


def run(*, quick: bool) -> Result:
    """Simulate the busiest hours for each number of environments, over one database and over several."""
    rows, figures = [], {}
    for environments, shards in FORMS[: 2 if quick else len(FORMS)]:
        found = _Day(environments // shards).lived()
        name = f"{environments:,}" + (f" over {shards} databases" if shards > 1 else "")
        figures[name] = found
        rows.append([name, *(f"{found[key]:{how}}" for key, how in _SHOWN)])
    notes = (
        f"{A_DAY} deployments a day and environment, {BUSY:.0%} of them in {BUSY_HOURS} hours;",
        f"a card changes {CHANGES} times while its deployment runs. All figures are of one database.",
        f"Late: a card or message that was out more than {LATE:.0f} seconds after what it says.",
    )
    return Result("scale", _HEADINGS, rows, figures, notes)


_HEADINGS = (
    "environments",
    "deploys/h",
    "at once p99",
    "own turn p99",
    "edits/min",
    "429/min",
    "lag p50",
    "lag p99",
    "late",
)
_SHOWN = (
    ("deployments_an_hour", ".0f"),
    ("at_once_p99", ".0f"),
    ("own_turn_p99_s", ".0f"),
    ("edits_a_minute", ".1f"),
    ("refused_a_minute", ".1f"),
    ("lag_p50_s", ".1f"),
    ("lag_p99_s", ".1f"),
    ("late_percent", ".1f"),
)


@dataclass(slots=True)
class _Deployment:
    """One that runs: when it ends, and when its card changes; the next of each last."""

    place: int
    ends: float
    changes: list[float]


@dataclass
class _Day:
    """The busiest hours of one number of environments, lived through in steps."""

    environments: int
    now: float = 0.0
    edits: int = 0
    refused: int = 0
    waited: list[float] = field(default_factory=list)
    crowds: list[int] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = Random(SEED)  # noqa: S311 - the same day in every run
        self._slack = Paces(clock=lambda: self.now)
        self._lanes = Lanes(monotonic=lambda: self.now)
        self._edits = Budget(EDITS_AT_ONCE, EDITS_PER_SECOND, monotonic=lambda: self.now)
        self._turns: dict[int, deque[float]] = defaultdict(deque)
        self._running: dict[int, _Deployment] = {}
        self._cards: dict[int, float] = {}
        """By environment: since when its card is behind, the longest first."""
        self._posts: deque[float] = deque()

    def lived(self) -> dict[str, float]:
        """Live through the busiest hours, until nothing runs and nothing is left to be said."""
        seconds, requests = BUSY_HOURS * 3600, round(self.environments * A_DAY * BUSY)
        coming = sorted((self._random.uniform(0, seconds) for _ in range(requests)), reverse=True)
        while coming or self._running or self._cards or self._posts:
            self.now += ROUND
            while coming and coming[-1] <= self.now:
                self._turns[self._random.randrange(self.environments)].append(coming.pop())
            self._go_on()
            self._say()
        return {
            "deployments_an_hour": requests / BUSY_HOURS,
            "at_once_p99": share(self.crowds, 99),
            "own_turn_p99_s": share(self.waited, 99),
            "edits_a_minute": self.edits / (self.now / 60),
            "refused_a_minute": self.refused / (self.now / 60),
            "lag_p50_s": share(self.lags, 50),
            "lag_p99_s": share(self.lags, 99),
            "late_percent": 100 * sum(lag > LATE for lag in self.lags) / len(self.lags),
        }

    def _go_on(self) -> None:
        """End and begin deployments, and let cards change; one that is behind already shows both changes at once."""
        for one in [*self._running.values()]:
            while one.changes and one.changes[-1] <= self.now:
                self._cards.setdefault(one.place, one.changes.pop())
            if one.ends <= self.now:
                del self._running[one.place]
                self._posts.append(self.now)
        for place in [place for place, turns in self._turns.items() if turns and place not in self._running]:
            self.waited.append(self.now - self._turns[place].popleft())
            self._running[place] = self._begun(place)
            self._posts.append(self.now)
        self.crowds.append(len(self._running))

    def _begun(self, place: int) -> _Deployment:
        shortest, usual, longest = MINUTES
        ends = self.now + 60 * self._random.triangular(shortest, longest, usual)
        changes = [ends, *(self._random.uniform(self.now, ends) for _ in range(CHANGES - 1))]
        return _Deployment(place, ends, sorted(changes, reverse=True))

    def _say(self) -> None:
        while self._posts and self._sent("chat.postMessage", "deployments"):
            self.lags.append(self.now - self._posts.popleft())
        for place, since in [*self._cards.items()]:
            if not self._lanes.take(f"card:{place}"):
                continue
            if not self._edits.take():
                self._lanes.leave(f"card:{place}", pause=0.0)
                return
            self._lanes.leave(f"card:{place}", pause=Pace().gap)
            if self._sent("chat.update", ""):
                del self._cards[place]
                self.edits += 1
                self.lags.append(self.now - since)

    def _sent(self, method: str, lane: str) -> bool:
        """Send something if its lane is free, and say whether Slack took it."""
        if lane and not self._lanes.take(lane):
            return False
        pause = Pace().gap
        try:
            self._slack.spend(method, lane)
        except SlackError as error:
            pause = float(error.more.get("seconds", 1.0))
            self.refused += 1
            if method == "chat.update":
                self._edits.none_for(pause)
            return False
        finally:
            if lane:
                self._lanes.leave(lane, pause=pause)
        return True
