"""Says again, a few times, that a deployment waits for somebody: a question about a database, or one half way."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.change import Changes, demand_lead
from commands.views import deciding, failure
from storage import deployments, holds, outbox, reports
from storage.models import Deployment, HoldKind, OutboxRow, Saying, Status
from storage.store import Session

EVERY = timedelta(minutes=30)
MOST = 5
"""So often somebody is called at most."""


@dataclass(frozen=True, slots=True)
class Reminders:
    """Calls again while nobody has come; each call once, whoever leads."""

    changes: Changes

    def tick(self) -> None:
        """Write down the calls that are due."""
        now = self.changes.clock()
        with self.changes.store.look() as session:
            waiting = [it.number for it in deployments.unfinished(session) if self._due(session, it, now)]
        if not waiting:
            return
        with self.changes.store.begin() as session:
            demand_lead(session, self.changes.epoch())
            for number in waiting:
                self._call(session, deployments.get(session, number), now)

    def _due(self, session: Session, deployment: Deployment, now: datetime) -> bool:
        since = _since(session, deployment)
        return since is not None and now - since >= EVERY

    def _call(self, session: Session, deployment: Deployment, now: datetime) -> None:
        since = _since(session, deployment)
        if since is None:
            return
        time = min(MOST, int((now - since) / EVERY))
        facts = reports.facts(session, deployment.number)
        text = deciding.reminder(facts, facts.hold, now) if facts.hold else failure.text(facts)
        for kind, channel in ((Saying.POST, self.changes.channel), (Saying.ALERT, self.changes.alerts)):
            outbox.say(
                session,
                OutboxRow(
                    kind=kind,
                    key=f"again:{kind}:{deployment.number}:{int(since.timestamp())}:{time}",
                    deployment_id=deployment.number,
                    channel=channel,
                    payload={"text": text, "blocks": []},
                    next_at=now,
                    created_at=now,
                ),
            )


def _since(session: Session, deployment: Deployment) -> datetime | None:
    """Return since when it waits for somebody; None where it does not, or only for a moment."""
    if deployment.status is Status.HOLDING:
        hold = holds.current(session, deployment.number)
        return hold.since if hold and hold.kind is HoldKind.DATABASE else None
    return deployment.changed_at if deployment.status in (Status.INCOMPLETE, Status.UNKNOWN) else None
