"""Leads: at most one process runs deployments; its epoch is the fencing token that hosts and rows check."""

import logging
import os
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

from deployers.ports import Clock
from storage import leadership
from storage.errors import StorageError
from storage.seats import DatabaseSeat, FileSeat
from storage.store import Store

log = logging.getLogger(__name__)

BEAT = timedelta(seconds=1)
DOUBT = 3.0
"""Seconds without a sign of our own lead on PostgreSQL after which the process ends itself."""
FROZEN = timedelta(seconds=10)
"""How old the newest heartbeat has to be before a leader counts as dead or frozen."""


class Leader:
    """Takes the lead, keeps a heartbeat, and ends the process when the lead is lost."""

    def __init__(
        self, store: Store, seat: FileSeat | DatabaseSeat, clock: Clock, *, end: Callable[[int], None] = os._exit
    ) -> None:
        """Remember what to hold; `end` stops the process at once."""
        self._store = store
        self._seat = seat
        self._clock = clock
        self._end = end
        self._epoch = 0
        self._stopping = threading.Event()
        self._beating: threading.Thread | None = None

    @property
    def leads(self) -> bool:
        """Say whether this process leads."""
        return self._epoch > 0

    def epoch(self) -> int:
        """Return the fencing token of our lead; 0 when we do not lead."""
        return self._epoch

    def try_lead(self) -> bool:
        """Take the lead if the seat is free."""
        if not self._seat.take():
            return False
        try:
            with self._store.begin() as session:
                epoch = leadership.lead(session, holder(), self._clock())
        except BaseException:
            self._seat.leave()
            raise
        self._epoch = epoch
        self._beat_on()
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
            self._epoch = leadership.raise_fence(session, holder(), self._clock())
        if not (self._seat.take() or self._seat.usurp()):
            self._epoch = 0
            raise RuntimeError("somebody else took the lead in the same moment; look with `shipmate status`")
        self._beat_on()

    def lost(self, why: str) -> None:
        """End this process: somebody else leads."""
        log.error("the lead is lost", extra={"why": why})
        if not self._stopping.is_set():
            self._end(70)

    def step_down(self) -> None:
        """Give up the lead in order."""
        self._stopping.set()
        if self._beating:
            self._beating.join(timeout=5)
        self._epoch = 0
        self._seat.leave()

    def _beat_on(self) -> None:
        self._stopping.clear()
        self._beating = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._beating.start()

    def _beat(self) -> None:
        sure = monotonic()
        strict = isinstance(self._seat, DatabaseSeat)
        while not self._stopping.wait(BEAT.total_seconds()):
            try:
                with self._store.begin() as session:
                    if not leadership.beat(session, self._epoch, self._clock()):
                        self.lost("a newer fencing token was written")
                        return
                if self._seat.held():
                    sure = monotonic()
            except StorageError as error:
                log.warning("no heartbeat", extra={"why": str(error)})
            if strict and monotonic() - sure > DOUBT:
                self.lost("the database did not answer in time")
                return


def holder() -> str:
    """Return who we are: `<host>:<pid>`."""
    return f"{socket.gethostname()}:{os.getpid()}"
