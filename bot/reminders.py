"""Says again that a deployment waits for somebody: a question about a database, a canary, or one half way."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.change import Changes, demand_lead
from commands.views import deciding, failure, thread
from storage import deployments, holds, outbox, reports
from storage.models import Deployment, Hold, HoldKind, OutboxRow, Saying, Status
from storage.store import Session

EVERY = timedelta(minutes=30)
MOST = 5
"""So often somebody is called at most."""
SELDOM = timedelta(days=1)
"""Between two reminders of a canary that waits for long."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be said again."""

    since: datetime
    time: int
    """Which time it is."""
    canary: bool = False


@dataclass(frozen=True, slots=True)
class Reminders:
    """Calls again while nobody has come; each call once, whoever leads."""

    changes: Changes

    def tick(self) -> None:
        """Write down the calls that are due."""
        now = self.changes.clock()
        with self.changes.store.look() as session:
            waiting = [it.number for it in deployments.unfinished(session) if _due(session, it, now)]
        if not waiting:
            return
        with self.changes.store.begin() as session:
            demand_lead(session, self.changes.epoch())
            for number in waiting:
                self._call(session, deployments.get(session, number), now)

    def _call(self, session: Session, deployment: Deployment, now: datetime) -> None:
        due = _due(session, deployment, now)
        if due is None:
            return
        facts = reports.facts(session, deployment.number)
        if due.canary:
            text = thread.waits_still(deployment, facts.hold.facts if facts.hold else {}, now - due.since)
        else:
            text = deciding.reminder(facts, facts.hold, now) if facts.hold else failure.text(facts)
        # A canary that waits is watched, and goes back by itself: nobody is woken for it.
        alert = () if due.canary else ((Saying.ALERT, self.changes.alerts),)
        for kind, channel in ((Saying.POST, self.changes.channel), *alert):
            outbox.say(
                session,
                OutboxRow(
                    kind=kind,
                    key=f"again:{kind}:{deployment.number}:{int(due.since.timestamp())}:{due.time}",
                    deployment_id=deployment.number,
                    channel=channel,
                    payload={"text": text, "blocks": []},
                    next_at=now,
                    created_at=now,
                ),
            )


def _due(session: Session, deployment: Deployment, now: datetime) -> Due | None:
    """Return what is to be said again by now; None where it waits for nobody, or only for a moment."""
    hold = holds.current(session, deployment.number) if deployment.status is Status.HOLDING else None
    if hold and hold.kind is HoldKind.CANARY:
        return _of_canary(hold, now)
    since = hold.since if hold and hold.kind is HoldKind.DATABASE else None
    if deployment.status in (Status.INCOMPLETE, Status.UNKNOWN):
        since = deployment.changed_at
    if since is None or now - since < EVERY:
        return None
    return Due(since, min(MOST, int((now - since) / EVERY)))


def _of_canary(hold: Hold, now: datetime) -> Due | None:
    """Return which reminder of a canary is due: the first soon, each after twice as long as the one before."""
    first = timedelta(seconds=hold.facts.get("remind", 0))
    if not first or not (begun := hold.facts.get("waits_since")):
        return None
    since = datetime.fromisoformat(begun)
    time = times(now - since, first)
    return Due(since, time, canary=True) if time else None


def times(waited: timedelta, first: timedelta) -> int:
    """Return how often somebody was to be reminded by now: after `first`, then after twice as long each time."""
    count, gap = 0, first
    while waited >= gap:
        count, waited, gap = count + 1, waited - gap, max(first, min(2 * gap, SELDOM))
    return count
