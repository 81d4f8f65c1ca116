"""Takes over a clock that was set, once nothing is measured by the time as it was, and tells people."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from bot import telling
from bot.change import ME, Changes, demand_lead
from bot.lost import GOES_ON
from bot.steady import Steady
from commands.views.words import lasting
from storage import audit, deployments, holds, outbox
from storage.models import Deployment, OutboxRow, Saying, Status
from storage.store import Session

log = logging.getLogger(__name__)


@dataclass(slots=True)
class ClockSet:
    """Looks whether the clock on the wall was set, on whoever leads."""

    changes: Changes
    clock: Steady
    _noticed: bool = False

    def tick(self) -> None:
        """Take the new time over, and give what waits for people, or to be said, as long as it had."""
        off = self.clock.off
        if off and not self._noticed:
            log.warning("the clock was set", extra={"seconds": round(off.total_seconds())})
        self._noticed = bool(off)
        if off and not self._is_needed():
            self._take_over(off)

    def _is_needed(self) -> bool:
        """Say whether anything is measured by the time as it was."""
        with self.changes.store.look() as session:
            at_work = any(it.status in GOES_ON for it in deployments.unfinished(session))
            return at_work or holds.timed(session)

    def _take_over(self, off: timedelta) -> None:
        taken = timedelta(0)
        try:
            with self.changes.store.begin() as session:
                demand_lead(session, self.changes.epoch())
                waiting = [it for it in deployments.unfinished(session) if it.status is Status.AWAITING_APPROVAL]
                _moved(session, waiting, off)
                # Whoever looks whether anything is over waits for this transaction from here on.
                self.clock.take_over(off)
                taken = off
                for deployment in waiting:
                    telling.card(session, deployment, channel=self.changes.channel, at=self.changes.clock())
                self._told(session, off, waiting)
        except BaseException:
            self.clock.take_over(-taken)
            raise

    def _told(self, session: Session, off: timedelta, waiting: list[Deployment]) -> None:
        at, seconds = self.changes.clock(), round(off.total_seconds())
        way = "on" if seconds > 0 else "back"
        text = (
            f":clock3: My clock was set {way} by {lasting(abs(seconds))}. What waits for approval waits as long as"
            " before; freezes and schedules go by the new time. If it is wrong, set the machine's clock right."
        )
        row = OutboxRow(
            kind=Saying.POST,
            key=f"clock:{at.timestamp():.0f}:{seconds}",
            channel=self.changes.alerts,
            payload={"text": text, "blocks": []},
            next_at=at,
            created_at=at,
        )
        outbox.say(session, row)
        detail = {"seconds": seconds, "waiting": [it.number for it in waiting]}
        audit.record(session, actor=ME, action="clock.set", subject="clock", detail=detail, at=at)


def _moved(session: Session, waiting: list[Deployment], off: timedelta) -> None:
    for deployment in waiting:
        if deployment.expires_at:
            deployment.expires_at += off
        deployment.version += 1
        session.add(deployment)
    for row in outbox.undelivered(session):
        row.created_at, row.next_at = row.created_at + off, row.next_at + off
        session.add(row)
    session.flush()
