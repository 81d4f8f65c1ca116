"""Stops the side that served before, once the way back need no longer be a switch; decided from rows alone."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.change import Changes, demand_lead
from bot.memory import Memory
from deployers.colours import has_colours, other
from deployers.environment import Environment
from deployers.errors import DeployError
from deployers.plan import ColourStop, Plan
from deployers.ports import Authority, Remote
from deployers.runner import WAY_OUT, Runner, Segment
from storage import colours, deployments, locks
from storage.models import Deployment
from storage.store import Session

log = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(minutes=10)
"""So long after a side could not be stopped everywhere it is tried again."""


@dataclass(frozen=True, slots=True)
class Cooling:
    """Whoever leads looks now and then whether a side has been warm for long enough."""

    changes: Changes
    environments: Mapping[str, Environment]
    remote_for: Callable[[Environment], Remote]

    def tick(self) -> None:
        """Stop every side whose time is over."""
        for place in self.environments.values():
            if has_colours(place) and place.deployer == "ssh" and self._is_due(place):
                self.once(place)

    def once(self, place: Environment) -> bool:
        """Stop the side that visitors have left; return whether it is stopped everywhere."""
        with self.changes.store.begin() as session:
            demand_lead(session, self.changes.epoch())
            locks.one_at_a_time(session, place.name)
            served = self._served(session, place)
            if served is None:
                return False
            row = colours.cools(session, place.name, served.number, self.changes.clock())
            mark = f"cool{served.number}-{row.tries}"
            number, plan = served.number, self._plan(place, served, colours.live(session, place.name))
        remote = self.remote_for(place)
        try:
            Runner(place, plan, remote, Memory(mark), Authority(mark, self.changes.epoch())).run(Segment(0, plan.steps))
        except DeployError as error:
            log.warning("a side could not be stopped", extra={"environment": place.name, "why": str(error)})
            return False
        finally:
            remote.close()
        with self.changes.store.begin() as session:
            demand_lead(session, self.changes.epoch())
            colours.cooled(session, place.name, number, self.changes.clock())
        return True

    def _is_due(self, place: Environment) -> bool:
        with self.changes.store.look() as session:
            return self._served(session, place) is not None

    def _served(self, session: Session, place: Environment) -> Deployment | None:
        """Return the deployment after which a side is to be stopped now, or nothing."""
        served, now = deployments.current(session, place.name), self.changes.clock()
        if (
            served is None
            or served.served_at is None
            or place.balancer is None
            or not (sides := colours.standing(session, place.name)).live
            or sides.spread
        ):
            return None
        if now < served.served_at + place.balancer.keep_warm or deployments.running_in(session, place.name):
            return None
        row = colours.cooling(session, place.name)
        if row is None or row.deployment_id != served.number:
            return served
        return served if row.ended_at is None and row.begun_at + AGAIN_AFTER < now else None

    def _plan(self, place: Environment, served: Deployment, live: str) -> Plan:
        return Plan(
            kind=WAY_OUT,
            environment=place.name,
            git=place.git,
            repository=place.repository,
            ref=served.ref,
            sha=served.sha,
            release=served.release,
            replaces="",
            strategy=served.strategy,
            steps=(ColourStop(tuple(host.name for host in place.machines)),),
            colour=other(live),
        )
