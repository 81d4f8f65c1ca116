"""Every strategy, any host, any step, any fault: all new, all old, or a person is asked with the lock kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from deployers.ports import Fate
from deployers.rehearsal import Outcome
from storage import locks, outbox
from storage.models import Deployment, Saying
from tests.unit.bot.stage import GOOD, NEW, Stage
from tests.unit.bot.test_comparing import CanaryStage, Traffic
from tests.unit.bot.test_sides import Front

pytestmark = pytest.mark.slow

SEED = 20
PLACES = 2
"""So many steps are drawn for each host and fault."""
RETURNS, ANSWERED = 6, 500
"""After so many pauses a host comes back, and a question is answered."""
STRATEGIES: dict[str, Callable[[Path], Stage]] = {
    "rolling": Front,
    "blue-green": Front,
    "canary": lambda folder: CanaryStage(folder, Traffic({"web1": (60, 0), "web2": (60, 0)})),
}


@dataclass
class Fault:
    """What goes wrong on one host from its step with this number on, counted over all hosts."""

    stage: Stage
    asked: Deployment
    what: str
    host: str
    place: int
    begun: int = 0
    waited: int = 0

    def __post_init__(self) -> None:
        self.act = self.stage.remote._act
        self.stage.remote._act = self
        pause = self.stage.crew.pause
        object.__setattr__(self.stage.crew, "pause", lambda seconds: (self.waits(), pause(seconds)))

    def __call__(self, host, script: str) -> Outcome:
        place, self.begun = self.begun, self.begun + 1
        if self.what in {"dies", "returns"}:
            said = self.act(host, script)
            if place >= self.place and (self.what == "dies" or self.waited < RETURNS):
                self.stage.remote.down.add(self.host)
            return said
        if host.name != self.host or place < self.place:
            return self.act(host, script)
        return self.breaks(host, script)

    def breaks(self, host, script: str) -> Outcome:
        """Let it fail for good, once, or out of sight: then it was done, and nobody knows."""
        match self.what:
            case "fails for good":
                return Outcome(1, "no")
            case "fails once":
                self.stage.remote._act = self.act
                return Outcome(1, "not now")
            case _:
                self.stage.remote._act = self.act
                self.act(host, script)
                return Outcome(fate=Fate.UNKNOWN, why="the host went down")

    def waits(self) -> None:
        """Let the host come back after a while, and somebody abort a canary that asks what to do."""
        self.waited += 1
        if self.what == "returns" and self.waited == RETURNS:
            self.stage.remote.down.discard(self.host)
        if isinstance(self.stage, CanaryStage) and self.waited == ANSWERED:
            self.stage.answers(self.asked, "abort")


FAULTS = ("fails for good", "fails once", "out of sight", "dies", "returns")
HOSTS = {"rolling": ("web1", "web2", "lb1"), "blue-green": ("web1", "web2", "lb1"), "canary": ("web1", "web2")}
CASES = [(strategy, host, what) for strategy, hosts in HOSTS.items() for host in hosts for what in FAULTS]


def begun(folder: Path, strategy: str) -> tuple[Stage, Deployment]:
    folder.mkdir()
    opens = STRATEGIES[strategy]
    stage = opens(folder, strategy) if opens is Front else opens(folder)
    return stage, stage.asks()


@pytest.fixture(scope="module")
def lengths(tmp_path_factory) -> dict[str, int]:
    """Give how many steps a good deployment takes on all hosts together, by strategy."""
    found = {}
    for strategy in STRATEGIES:
        stage, asked = begun(tmp_path_factory.mktemp("whole") / strategy, strategy)
        assert stage.conduct(asked) == "succeeded", stage.get(asked).failure
        found[strategy] = len(stage.remote.performed)
    return found


@pytest.mark.parametrize(("strategy", "host", "what"), CASES)
def test_it_ends_all_new_or_all_old_or_asks_a_person(tmp_path, lengths, strategy, host, what):
    drawn = Random(f"{SEED} {strategy} {host} {what}").sample(range(lengths[strategy]), PLACES)
    for place in drawn:
        stage, asked = begun(tmp_path / f"{place}", strategy)
        Fault(stage, asked, what, host, place)
        ending = stage.conduct(asked)
        faults = list(broken(stage, asked, ending, host))
        assert not faults, (place, ending, faults)


def broken(stage: Stage, asked: Deployment, ending: str, host: str) -> Iterator[str]:
    """Return every promise that this ending breaks."""
    with stage.store.look() as session:
        kept = locks.holder(session, "production") is not None
        alerts = [row.payload.get("text", "") for row in outbox.undelivered(session) if row.kind is Saying.ALERT]
    away = {host} & stage.remote.down
    runs = {sha for name, sha in stage.serving.items() if name not in away}
    seen = stage.served() if isinstance(stage, Front) else runs
    match ending:
        case "incomplete" | "unknown":
            if not kept or not any("`/" in text for text in alerts):
                yield f"the lock is {kept}, and people are told {alerts}"
        case "succeeded" | "failed" | "rolled_back":
            wanted = {NEW} if ending == "succeeded" else {GOOD}
            if (kept, runs, seen) != (False, wanted, wanted):
                yield f"the lock is {kept}, hosts run {runs}, and visitors get {seen}"
        case _:
            yield "it has not ended"
