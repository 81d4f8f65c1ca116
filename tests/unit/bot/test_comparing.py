"""A canary in its deployment: judged by its counters, decided by people, and never lost by a crash."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Lock

import httpx
import pytest

from bot.alone import ENDED
from bot.comparing import PROMOTE
from deployers.comparing.tally import Tally
from deployers.comparing.tuning import Canary, Endpoint
from storage import freezes, holds, outbox
from storage.models import FreezeRecord, Hold, Saying, Status
from tests.unit.bot.stage import GOOD, NEW, Crash, Stage
from tests.unit.deployers.worlds import environment

ENDPOINT = Endpoint(requests="hits_total", errors='hits_total{code="500"}', seconds="took_seconds")
TUNING = Canary(
    percentage=50, duration=timedelta(minutes=2), success_rate=99, interval=timedelta(seconds=5), endpoint=ENDPOINT
)


@dataclass
class Traffic:
    """What visitors do to each host between two looks at its counters."""

    each_look: dict[str, tuple[int, int]]
    """Requests and errors."""
    slow: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    """Hosts whose counters answer nothing."""
    stands: dict[str, list[int]] = field(default_factory=dict)
    looks: int = 0

    def answer(self, host: str) -> httpx.Response:
        """Let some time pass, and tell the counters."""
        self.looks += 1
        if host in self.gone:
            return httpx.Response(503, text="counters are being counted")
        requests, errors = self.each_look[host]
        stands = self.stands.setdefault(host, [0, 0, 0])
        stands[0] += requests - errors
        stands[1] += errors
        stands[2] += 0 if host in self.slow else requests
        everything = stands[0] + stands[1]
        return httpx.Response(
            200,
            text=f'hits_total{{code="200"}} {stands[0]}\nhits_total{{code="500"}} {stands[1]}\n'
            f'took_seconds_bucket{{le="0.1"}} {stands[2]}\ntook_seconds_bucket{{le="1"}} {everything}\n'
            f'took_seconds_bucket{{le="+Inf"}} {everything}\n',
        )


class CanaryStage(Stage):
    """A stage whose hosts count their visitors."""

    def __init__(self, folder, traffic: Traffic, tuning: Canary = TUNING, count: int = 2) -> None:
        self.traffic = traffic
        self.to_do: list[tuple[int, Callable[[], object]]] = []
        self.one_at_a_time = Lock()
        where = replace(environment(count), strategy="canary", strategies=("canary",), canary=tuning)
        super().__init__(folder, where)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/metrics":
            with self.one_at_a_time:
                while self.to_do and self.traffic.looks >= self.to_do[0][0]:
                    self.to_do.pop(0)[1]()
                return self.traffic.answer(request.extensions["host"])
        return super()._answer(request)

    def hold(self, asked) -> Hold:
        """Return the newest question."""
        with self.store.look() as session:
            return holds.of(session, asked.number)[-1]

    def answers(self, asked, word: str) -> None:
        """Have somebody press a button of the question that is open."""
        with self.store.begin() as session:
            if found := holds.current(session, asked.number):
                holds.answer(session, found.number, word, by="U0BEN", at=self.now)

    def after(self, looks: int, act: Callable[[], object]) -> None:
        """Do something once counters were looked at so often."""
        self.to_do.append((looks, act))

    def said(self) -> list[str]:
        """Return what was posted."""
        with self.store.look() as session:
            return [row.payload.get("text", "") for row in outbox.undelivered(session) if row.kind is Saying.POST]


CLEAN = {"web1": (40, 0), "web2": (40, 0)}


def test_a_good_canary_is_promoted_once_its_time_is_over_and_enough_was_counted(tmp_path):
    """By nobody: its numbers say so."""
    stage = CanaryStage(tmp_path, Traffic(CLEAN))
    asked = stage.asks()
    assert stage.conduct(asked) == "succeeded"
    assert stage.serving == {"web1": NEW, "web2": NEW}
    hold = stage.hold(asked)
    assert (hold.answer, hold.answered_by) == (PROMOTE, "shipmate")
    assert hold.facts["waits_since"] == ""
    tally = Tally.read(hold.facts["tally"])
    assert tally.canary[1] >= 299
    assert tally.p95s is not None


def test_a_canary_that_fails_goes_back_before_its_time_is_over(tmp_path):
    """The other host never got it."""
    stage = CanaryStage(tmp_path, Traffic({"web1": (40, 20), "web2": (40, 0)}))
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back"
    assert stage.serving == {"web1": GOOD, "web2": GOOD}
    assert "fails more often" in stage.get(asked).failure["message"]
    assert stage.traffic.looks < 10


def test_a_slow_canary_goes_back(tmp_path):
    """Its 95th percentile is many times the other side's."""
    stage = CanaryStage(tmp_path, Traffic(CLEAN, slow={"web1"}))
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back"
    assert "takes longer" in stage.get(asked).failure["message"]


def test_a_canary_that_is_sick_from_health_alone_goes_back(tmp_path):
    """Though every request that was counted went well."""
    stage = CanaryStage(tmp_path, Traffic(CLEAN))
    stage.after(6, lambda: stage.sick.add("web1"))
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back"
    assert "web1 is not healthy" in stage.get(asked).failure["message"]


def test_a_canary_without_traffic_waits_and_goes_on_once_somebody_promotes_it(tmp_path):
    """Nothing is wrong, and nothing is shown: the channel is told once."""
    stage = CanaryStage(tmp_path, Traffic({"web1": (1, 0), "web2": (40, 0)}))
    asked = stage.asks()
    stage.after(80, lambda: stage.answers(asked, "promote"))
    assert stage.conduct(asked) == "succeeded"
    waits = [text for text in stage.said() if "waits for somebody" in text]
    assert len(waits) == 1
    assert "of 299 requests" in waits[0]
    assert f"/deploy answer {asked.number} promote" in waits[0]
    assert stage.hold(asked).answered_by == "U0BEN"


def test_a_canary_without_traffic_goes_on_by_itself_once_there_is_enough(tmp_path):
    """People come back from lunch."""
    stage = CanaryStage(tmp_path, Traffic({"web1": (1, 0), "web2": (40, 0)}))
    asked = stage.asks()
    stage.after(70, lambda: stage.traffic.each_look.update(web1=(40, 0)))
    assert stage.conduct(asked) == "succeeded"
    assert stage.hold(asked).answered_by == "shipmate"


def test_a_canary_whose_numbers_are_gone_in_the_middle_is_never_promoted_by_itself(tmp_path):
    """Not even when they come back: somebody has to say so."""
    stage = CanaryStage(tmp_path, Traffic(CLEAN))
    asked = stage.asks()

    def promote() -> None:
        assert stage.hold(asked).facts["state"] == "good"
        assert stage.hold(asked).facts["waits_since"]
        assert stage.get(asked).status is Status.HOLDING
        stage.answers(asked, "promote")

    stage.after(10, lambda: stage.traffic.gone.add("web1"))
    stage.after(30, stage.traffic.gone.clear)
    stage.after(120, promote)
    assert stage.conduct(asked) == "succeeded"
    assert any("the numbers are gone" in text and "answered 503" in text for text in stage.said())
    assert stage.hold(asked).answered_by == "U0BEN"


def test_a_canary_that_somebody_holds_has_no_end_of_its_own(tmp_path):
    """It goes back when they abort it, as they would with any deployment."""
    stage = CanaryStage(tmp_path, Traffic(CLEAN))
    asked = stage.asks()

    def abort() -> None:
        assert stage.hold(asked).facts["by_hand"] == "U0BEN"
        assert stage.hold(asked).facts["waits_since"]
        stage.answers(asked, "abort")

    stage.after(10, lambda: stage.answers(asked, "hold"))
    stage.after(80, abort)
    assert stage.conduct(asked) == "rolled_back"
    assert stage.serving == {"web1": GOOD, "web2": GOOD}
    assert stage.get(asked).aborted_by == "U0BEN"


def test_a_canary_that_nothing_counts_asks_at_once(tmp_path):
    """And says what to write so that something does."""
    stage = CanaryStage(tmp_path, Traffic(CLEAN), replace(TUNING, endpoint=None))
    asked = stage.asks()

    def everybody_waits() -> list[str]:
        waits = [text for text in stage.said() if "waits for somebody" in text]
        if waits:
            stage.answers(asked, "promote")
        return waits

    paused = stage.crew.pause
    stage.conductor = replace(
        stage.conductor, crew=replace(stage.crew, pause=lambda seconds: (everybody_waits(), paused(seconds)))
    )
    assert stage.conduct(asked) == "succeeded"
    assert any("nothing counts requests here" in text for text in stage.said())


RISING = replace(TUNING, percentage=10, steps=(33, 66))
THREE = {"web1": (40, 0), "web2": (40, 0), "web3": (40, 0)}


def switched(stage: Stage, asked) -> set[str]:
    return {it.target for it in stage.records(asked) if it.kind == "activate"}


def test_a_canary_does_not_rise_over_a_freeze_that_somebody_has_put_on_meanwhile(tmp_path):
    stage = CanaryStage(tmp_path, Traffic(THREE), RISING, count=3)
    asked = stage.asks()

    def freeze() -> None:
        row = FreezeRecord(environment="production", by="U0OMAR", reason="a sale", since=stage.now)
        with stage.store.begin() as session:
            freezes.put(session, row)

    stage.after(6, freeze)
    assert stage.conduct(asked) == "rolled_back"
    assert switched(stage, asked) == {"web1"}
    assert "is frozen" in stage.get(asked).failure["message"]


def test_a_canary_is_compared_at_each_share_and_its_own_hosts_keep_nobody_from_rising(tmp_path):
    stage = CanaryStage(tmp_path, Traffic(THREE), RISING, count=3)
    stage.traffic.each_look = Failing(stage)
    asked = stage.asks()
    assert stage.conduct(asked) == "rolled_back"
    assert switched(stage, asked) == {"web1", "web2"}
    assert "fails more often" in stage.get(asked).failure["message"]


class Failing(dict[str, tuple[int, int]]):
    """Visitors of web2 meet errors as soon as it has the new release."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(THREE)
        self.stage = stage

    def __getitem__(self, host: str) -> tuple[int, int]:
        return (40, 20) if host == "web2" and self.stage.serving[host] == NEW else (40, 0)


def test_a_canary_that_goes_back_without_the_database_is_answered_in_its_own_words(tmp_path):
    stage = CanaryStage(tmp_path, Traffic(CLEAN))
    asked = stage.asks()
    first = stage.crew.pause

    def pause(seconds: float) -> None:
        if any(action == ENDED for action, _ in stage.spooled):
            stage.rows.away = False
        first(seconds)

    object.__setattr__(stage.crew, "pause", pause)

    def goes_away() -> None:
        stage.sick.add("web1")
        stage.rows.away = True

    stage.after(6, goes_away)
    assert stage.conduct(asked) == "rolled_back"
    assert stage.hold(asked).answer == "abort"


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("place", [30, 45, 64])
def test_a_crash_in_the_middle_loses_nothing_that_was_counted(tmp_path, place, after):
    """Whoever goes on counts on from there, and promotes it as if nothing had been."""
    stage = CanaryStage(tmp_path, Traffic(CLEAN))
    asked = stage.asks()
    stage.rows.crash_at, stage.rows.after = place, after
    with pytest.raises(Crash):
        stage.conduct(asked)
    with stage.store.look() as session:
        asked_before = holds.current(session, asked.number)
        counted = Tally.read(asked_before.facts["tally"]).canary[1] if asked_before else 0
    stage.start()
    assert stage.conduct(asked) == "succeeded"
    assert Tally.read(stage.hold(asked).facts["tally"]).canary[1] >= max(299, counted)
    assert stage.performed_twice() == []
