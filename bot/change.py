"""One change to a deployment: its row, its card and its audit entries, in one transaction, while we lead."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot import telling
from deployers.errors import Fenced
from deployers.ports import Clock
from storage import audit, deployments, leadership
from storage.models import Deployment
from storage.store import Rows, Session

ME = "shipmate"


@dataclass(frozen=True, slots=True)
class Change:
    """A transaction over one deployment; what is noted is chained into the audit at its end."""

    session: Session
    deployment: Deployment
    at: datetime
    notes: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def note(self, action: str, *, actor: str = ME, **detail: Any) -> None:
        """Have an audit entry written when everything else of this transaction is."""
        self.notes.append((actor, action, detail))


@dataclass(frozen=True, slots=True)
class Changes:
    """Opens changes; refuses when somebody else leads."""

    store: Rows
    clock: Clock
    epoch: Callable[[], int]
    channel: str
    alerts: str

    @contextmanager
    def of(self, number: int) -> Iterator[Change]:
        """Change a deployment; its card follows, and its audit entries come last (the chain's head is locked last).

        Raises:
            Fenced: somebody else leads now.
            NotFound: there is no such deployment.
        """
        with self.store.begin() as session:
            demand_lead(session, self.epoch())
            change = Change(session, deployments.get_for_change(session, number), self.clock())
            yield change
            session.add(change.deployment)
            telling.card(session, change.deployment, channel=self.channel, at=self.clock())
            # Whoever took the lead since then has to come before this change, or wait for it.
            session.flush()
            demand_lead(session, self.epoch(), held=True)
            for actor, action, detail in change.notes:
                self._record(session, change.deployment, actor, action, detail)

    def _record(
        self, session: Session, deployment: Deployment, actor: str, action: str, detail: dict[str, Any]
    ) -> None:
        what = {"environment": deployment.environment, "ref": deployment.ref, "sha": deployment.sha}
        audit.record(
            session,
            actor=actor,
            action=action,
            subject=f"deployment:{deployment.number}",
            detail={**what, **detail},
            at=self.clock(),
        )


def demand_lead(session: Session, token: int, *, held: bool = False) -> None:
    """Raise Fenced unless the token is still the newest: who slept through a change of leader writes nothing."""
    newest = leadership.epoch(session, held=held)
    if newest != token:
        raise Fenced("the database", token, newest)
