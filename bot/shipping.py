"""Tells GitHub how deployments go, from their rows: later when GitHub is away, and never in a deployment's way."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.change import demand_lead
from deployers.environment import Environment
from deployers.github_errors import GitHubError, GitHubRefused
from deployers.github_shipments import Going, Shipments
from deployers.ports import Clock
from storage import deployments, outbox, shipments
from storage.errors import NotFound
from storage.models import Deployment, Kind, OutboxRow, Saying, Shipment, Status
from storage.store import Session, Store

log = logging.getLogger(__name__)

S = Status
_STATES = {
    **dict.fromkeys((S.PREPARING, S.RUNNING, S.VERIFYING, S.HOLDING, S.ROLLING_BACK), "in_progress"),
    **dict.fromkeys((S.FAILED, S.ROLLED_BACK, S.INCOMPLETE), "failure"),
    **dict.fromkeys((S.CANCELLED, S.REFUSED, S.SUPERSEDED), "inactive"),
    S.SUCCEEDED: "success",
    S.UNKNOWN: "error",
}
_FIRST, _LONGEST = timedelta(seconds=5), timedelta(minutes=10)
_TOLD_AFTER = 5
"""After so many tries people hear of it, once."""
_MOST_TRIES = 150
_REFUSED_AGAIN, _MOST_REFUSED = timedelta(hours=1), 24
"""What GitHub does not let us do it may let us do once somebody has changed our rights there."""
_RIGHTS = (401, 403, 404)


_THEN = {
    True: "I try again every hour; if it is meant to be so, write `list_deployments = false` below `[app]`",
    False: "I go on trying",
}


@dataclass(frozen=True, slots=True)
class _Todo:
    """What GitHub has to hear of one deployment."""

    number: int
    going: Going
    state: str
    github_id: int | None
    again: bool
    pulls: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shipping:
    """Brings GitHub's list of deployments up to the rows; only who leads does it."""

    store: Store
    shipments: Shipments
    clock: Clock
    epoch: Callable[[], int]
    environments: Mapping[str, Environment]

    def tell(self) -> int:
        """Tell GitHub all that it has to hear now; return of how many deployments."""
        now = self.clock()
        with self.store.look() as session:
            waiting = [each.number for each in shipments.moved(session, now)]
        for number in waiting:
            self._tell(number)
        return len(waiting)

    def _tell(self, number: int) -> None:
        now = self.clock()
        todo = self._intended(number, now)
        if todo is None:
            return
        try:
            self._take_effect(todo)
        except GitHubError as error:
            log.warning("GitHub was not told of a deployment", extra={"deployment": number, "why": str(error)})
            self._failed(todo, error)
            return
        with self._changing(number) as shipment:
            shipment.told, shipment.tries, shipment.next_at = todo.state, 0, now

    def _intended(self, number: int, now: datetime) -> _Todo | None:
        """Write down that GitHub is about to be asked, or that there is nothing to tell it."""
        with self.store.begin() as session:
            demand_lead(session, self.epoch())
            deployment = deployments.get(session, number)
            shipment = shipments.of(session, number, now)
            state = "inactive" if deployment.undone_by else _STATES.get(deployment.status, "")
            pulls = self._uncommented(session, deployment, shipment) if state == "success" else ()
            if not state or (state == shipment.told and not pulls):
                shipment.tries, shipment.next_at = 0, now
                return None
            shipment.tries += 1
            shipment.next_at = now + min(_FIRST * 2 ** min(shipment.tries - 1, 10), _LONGEST)
            return _Todo(number, self._going(deployment), state, shipment.github_id, shipment.tries > 1, pulls)

    def _take_effect(self, todo: _Todo) -> None:
        number = todo.github_id or (self.shipments.find(todo.going) if todo.again else None)
        if number is None:
            number = self.shipments.make(todo.going)
        if number != todo.github_id:
            with self._changing(todo.number) as shipment:
                shipment.github_id = number
        self.shipments.say(number, todo.state, todo.going)
        for pull in todo.pulls:
            text = f"Shipped to {todo.going.environment} with {todo.going.what}"
            self.shipments.comment(pull, todo.going.mark, text, again=todo.again)
            with self._changing(todo.number) as shipment:
                shipment.commented = [*shipment.commented, pull]

    def _failed(self, todo: _Todo, error: GitHubError) -> None:
        """Leave it for later, or for good when GitHub said no; people hear of it once."""
        refused = isinstance(error, GitHubRefused)
        rights = isinstance(error, GitHubRefused) and error.status in _RIGHTS
        with self._changing(todo.number) as shipment:
            over = shipment.tries >= (_MOST_REFUSED if rights else _MOST_TRIES)
            shipment.given_up = over or (refused and not rights)
            if rights:
                shipment.next_at = self.clock() + _REFUSED_AGAIN
            told = refused or shipment.given_up or shipment.tries == _TOLD_AFTER
            then = "I do not try again for this one" if shipment.given_up else _THEN[rights]
            name = f"{type(error).code}{':over' if shipment.given_up else ''}"
        if told:
            what = f"GitHub does not show this deployment as it is: {error}. The deployment is not harmed. {then}."
            with self.store.begin() as session:
                demand_lead(session, self.epoch())
                outbox.say(session, self._said(todo, what, name))

    def _said(self, todo: _Todo, text: str, name: str) -> OutboxRow:
        now = self.clock()
        return OutboxRow(
            kind=Saying.POST,
            key=f"github-deployments:{todo.going.environment}:{name}:{now:%Y%m%d}",
            deployment_id=todo.number,
            in_thread=True,
            payload={"text": text},
            next_at=now,
            created_at=now,
        )

    def _going(self, deployment: Deployment) -> Going:
        place = self.environments.get(deployment.environment)
        verb = "rollback" if deployment.kind is Kind.ROLLBACK else "deployment"
        what = f"{verb} #{deployment.number} of {deployment.ref}: {deployment.status.replace('_', ' ')}"
        return Going(
            deployment.mark,
            deployment.sha,
            deployment.environment,
            deployment.kind.value,
            what,
            place.url if place else "",
        )

    def _uncommented(self, session: Session, deployment: Deployment, shipment: Shipment) -> tuple[int, ...]:
        place = self.environments.get(deployment.environment)
        if place is None or not place.comment_pulls or deployment.kind is not Kind.DEPLOY:
            return ()
        try:
            pulls = deployments.stored_plan(session, deployment.number).seen.get("pulls", [])
        except NotFound:
            return ()
        numbers = (int(each["number"]) for each in pulls)
        return tuple(number for number in numbers if number not in shipment.commented)

    @contextmanager
    def _changing(self, number: int) -> Iterator[Shipment]:
        with self.store.begin() as session:
            demand_lead(session, self.epoch())
            shipment = shipments.of(session, number, self.clock())
            yield shipment
            session.add(shipment)
