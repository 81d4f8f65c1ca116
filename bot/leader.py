"""Leads: at most one process runs deployments; its epoch is the fencing token that hosts and rows check."""

import logging
import os
import socket
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

from deployers.ports import Clock
from storage import audit, leadership
from storage.errors import StorageError
from storage.seats import DatabaseSeat, FileSeat
from storage.store import Store

log = logging.getLogger(__name__)

BEAT = timedelta(seconds=1)
DOUBT = 3.0
"""Seconds without a sign of our own lead on PostgreSQL after which the process ends itself."""
FROZEN = timedelta(seconds=10)
"""How long a leader's heartbeat has to stand still before it counts as dead or frozen."""
DEAF = 5.0
"""Seconds without an answer after which the database counts as away, for who asks how we are."""
_LOOK_EVERY = 0.25


class Leader:
    """Takes the lead, keeps a heartbeat, and ends the process when the lead is lost."""

    def __init__(
        self,
        store: Store,
        seat: FileSeat | DatabaseSeat,
        clock: Clock,
        *,
        end: Callable[[int], None] = os._exit,
        needed: Callable[[], bool] = lambda: False,
    ) -> None:
        """Remember what to hold.

        `end` stops the process at once. `needed` says whether production may need this process to go back: then doubt
        alone does not end it, since its rows do not take anything from it and its hosts obey whoever leads by then.
        """
        self._store = store
        self._seat = seat
        self._clock = clock
        self._end = end
        self._needed = needed
        self._epoch = 0
        self._leads = False
        self._sure = 0.0
        self._heard = -DEAF
        self._seen = ""
        self._acts = 0
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._stands_still = StandsStill()

    @property
    def leads(self) -> bool:
        """Say whether this process leads."""
        return self._leads

    def epoch(self) -> int:
        """Return the fencing token of our newest lead; 0 when we never led."""
        return self._epoch

    @property
    def seen(self) -> str:
        """Return who leads, as far as we can see; nothing when nobody's heart beats."""
        return holder() if self.leads else self._seen

    @property
    def hears(self) -> bool:
        """Say whether the database has answered us lately."""
        return monotonic() - self._heard < DEAF

    def try_lead(self) -> bool:
        """Take the lead if the seat is free, or if the heart of who sits on it has stood still for long."""
        if not self._seat.take():
            return self._replaces_frozen()
        try:
            with self._store.begin() as session:
                epoch = leadership.lead(session, holder(), self._clock())
        except BaseException:
            self._seat.leave()
            raise
        self._begin(epoch)
        return True

    def look_on(self) -> bool:
        """See who leads, without wanting to: never true."""
        with self._store.look() as session:
            row = leadership.current(session)
        self._heard = monotonic()
        beats = self._stands_still.since(row.epoch, row.beat_at, self._heard) < FROZEN.total_seconds()
        self._seen = row.holder if beats else ""
        return False

    def _replaces_frozen(self) -> bool:
        self.look_on()
        if self._seen:
            return False
        log.warning("the leader's heart stands still; I take over")
        self.take_over()
        return True

    def is_free(self) -> bool:
        """Say whether nobody holds the seat: who held it is dead."""
        free = self._seat.take()
        if free:
            self._seat.leave()
        return free

    def take_over(self) -> None:
        """Take the lead from a process that is dead or frozen: fence it first, then take its seat.

        Raises:
            RuntimeError: somebody took the seat in the same moment.
        """
        with self._store.begin() as session:
            epoch = leadership.raise_fence(session, holder(), self._clock())
        if not (self._seat.take() or self._seat.usurp()):
            raise RuntimeError("somebody else took the lead in the same moment; look with `shipmate status`")
        self._begin(epoch)

    def lost(self, why: str) -> None:
        """End this process: somebody else leads."""
        log.error("the lead is lost", extra={"why": why})
        if not self._stopping.is_set():
            self._end(70)

    def step_down(self) -> None:
        """Give up the lead in order; what still runs here may be written down until somebody else leads."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=5)
        self._threads.clear()
        self._leads = False
        self._seat.leave()

    def _begin(self, epoch: int) -> None:
        self._stopping.clear()
        self._epoch, self._leads = epoch, True
        self._sure = self._heard = monotonic()
        works = [self._beat]
        if isinstance(self._seat, DatabaseSeat):
            # On its own, because the heartbeat may hang on a database that does not answer.
            works.append(self._doubt)
        self._threads = [threading.Thread(target=work, name=work.__name__, daemon=True) for work in works]
        for thread in self._threads:
            thread.start()

    def _beat(self) -> None:
        while not self._stopping.wait(BEAT.total_seconds()):
            try:
                with self._store.begin() as session:
                    beats = leadership.beat(session, self._epoch, self._clock())
                    acts = audit.last(session)
                self._heard = monotonic()
                if acts != self._acts:
                    # Whatever people do is in the audit, also what they do through another process.
                    self._acts = acts
                    self._store.stir()
                if not beats:
                    self.lost("a newer fencing token was written")
                    return
                # A seat that was lost with its connection may be taken again, as long as nobody has led meanwhile:
                # that nobody has is what the next beat finds out.
                if self._seat.held() or self._seat.take():
                    self._sure = monotonic()
            except StorageError as error:
                log.warning("no heartbeat", extra={"why": str(error)})

    def _doubt(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY):
            if monotonic() - self._sure > DOUBT and not self._needed():
                self.lost("the database did not answer in time")
                return


class StandsStill:
    """How long somebody else's heartbeat has not changed, by our own clock."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._seen: tuple[int, datetime | None] | None = None
        self._changed = 0.0

    def since(self, epoch: int, beat: datetime | None, now: float) -> float:
        """Return for how many seconds we have seen the same beat."""
        if (epoch, beat) != self._seen:
            self._seen, self._changed = (epoch, beat), now
        return now - self._changed


def holder() -> str:
    """Return who we are: `<host>:<pid>`."""
    return f"{socket.gethostname()}:{os.getpid()}"
